#include "features/header.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>

#include "features/h5.h"
#include "features/plan.h"
#include "features/sparse_memory.h"
#include "vgg16/error.h"
#include "vocabulary/recipe_fields.h"

namespace vgg16 {
namespace {

static_assert(std::endian::native == std::endian::little, "rows are stored as they are in memory");

// Creates datasets and attributes in one file: contiguous, allocated early so that their offsets are known at once,
// without time stamps so that the bytes do not depend on the time.
class HeaderMaker {
 public:
  HeaderMaker(const H5Checker& check, hid_t file) : check_(check), file_(file) {
    creation_ = check_.own(H5Pcreate(H5P_DATASET_CREATE), "H5Pcreate");
    check_(H5Pset_layout(creation_.get(), H5D_CONTIGUOUS), "H5Pset_layout");
    check_(H5Pset_alloc_time(creation_.get(), H5D_ALLOC_TIME_EARLY), "H5Pset_alloc_time");
    check_(H5Pset_obj_track_times(creation_.get(), 0), "H5Pset_obj_track_times");
    string_ = string_type(check_);
  }

  // Creates a dataset of this type and shape, without values.
  Hdf5Id dataset(const char* name, hid_t type, std::span<const hsize_t> dims) {
    // New space is zero anyway, and HDF5 must not write fill values over gigabytes of rows. Text needs them: its
    // references to the heap must be valid before they are written.
    const bool text = H5Tget_class(type) == H5T_STRING;
    check_(H5Pset_fill_time(creation_.get(), text ? H5D_FILL_TIME_IFSET : H5D_FILL_TIME_NEVER), "H5Pset_fill_time");
    const Hdf5Id space =
        check_.own(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr), "H5Screate_simple");
    return check_.own(H5Dcreate2(file_, name, type, space.get(), H5P_DEFAULT, creation_.get(), H5P_DEFAULT),
                      "H5Dcreate2(" + std::string(name) + ")");
  }

  void numbers(const char* name, hid_t stored, hid_t in_memory, std::span<const int64_t> values) {
    static_assert(sizeof(int64_t) == 8);
    const Hdf5Id set = dataset(name, stored, std::array{static_cast<hsize_t>(values.size())});
    if (values.empty()) return;
    check_(H5Dwrite(set.get(), in_memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), "H5Dwrite");
  }

  void strings(const char* name, const std::vector<const char*>& values, std::span<const hsize_t> dims) {
    const Hdf5Id set = dataset(name, string_.get(), dims);
    if (values.empty()) return;
    check_(H5Dwrite(set.get(), string_.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), "H5Dwrite");
  }

  void attribute(const char* name, const std::string& value) {
    const char* text = value.c_str();
    write_attribute(name, string_.get(), string_.get(), static_cast<const void*>(&text));
  }

  void attribute(const char* name, int64_t value) { write_attribute(name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value); }

 private:
  void write_attribute(const char* name, hid_t stored, hid_t in_memory, const void* value) {
    const Hdf5Id space = check_.own(H5Screate(H5S_SCALAR), "H5Screate");
    const Hdf5Id attribute =
        check_.own(H5Acreate2(file_, name, stored, space.get(), H5P_DEFAULT, H5P_DEFAULT), "H5Acreate2");
    check_(H5Awrite(attribute.get(), in_memory, value), "H5Awrite");
  }

  const H5Checker& check_;
  hid_t file_;
  Hdf5Id creation_;
  Hdf5Id string_;
};

// The offset of a dataset's first byte. HDF5 gives none for a dataset without elements, which a shard may have.
int64_t offset_of(const H5Checker& check, const Hdf5Id& dataset) {
  const haddr_t offset = H5Dget_offset(dataset.get());
  if (H5Sget_simple_extent_npoints(Hdf5Id(H5Dget_space(dataset.get())).get()) == 0) return 0;
  check(offset == HADDR_UNDEF ? -1 : 0, "H5Dget_offset");
  return static_cast<int64_t>(offset);
}

// Creates all objects in `file`; sets only the offsets of the result.
FeatureHeader make_objects(const FeatureFilePlan& plan, const H5Checker& check, hid_t file) {
  HeaderMaker make(check, file);
  const auto rows = static_cast<hsize_t>(plan.pictures.size());
  std::vector<int64_t> labels;
  std::vector<int64_t> sizes;
  std::vector<int64_t> checksums;
  // HDF5 writes variable-length text from an array of C strings.
  std::vector<const char*> paths;
  for (const PictureFile& picture : plan.pictures) {
    labels.push_back(picture.label);
    sizes.push_back(picture.size_bytes);
    checksums.push_back(int64_t{picture.crc32});
    paths.push_back(picture.path.c_str());
  }
  std::vector<const char*> names;
  for (const std::string& name : plan.label_names) names.push_back(name.c_str());
  std::vector<const char*> skipped;
  for (const SkippedPicture& picture : plan.skipped) {
    skipped.push_back(picture.path.c_str());
    skipped.push_back(picture.reason.c_str());
  }

  // The order of these calls determines the bytes of the file: do not change it.
  make.attribute("format_version", kFeatureFormatVersion);
  for (const RecipeField& field : kRecipeFields) {
    // Attributes stand in the file in the order in which they were made: the seed before the program's version.
    if (field.value == &Recipe::program_version) make.attribute("seed", plan.seed);
    make.attribute(field.name, plan.recipe.*field.value);
  }
  if (plan.shard) {
    make.attribute("shard_index", plan.shard->shard.index);
    make.attribute("shard_count", plan.shard->shard.count);
    make.attribute("total_rows", plan.shard->total_rows);
    make.attribute("plan_digest", plan.shard->plan_digest);
    make.numbers("row_numbers", H5T_STD_I64LE, H5T_NATIVE_INT64, plan.shard->row_numbers);
  }
  make.numbers("labels", H5T_STD_I64LE, H5T_NATIVE_INT64, labels);
  make.strings("label_names", names, std::array{static_cast<hsize_t>(names.size())});
  make.strings("paths", paths, std::array{rows});
  make.numbers("file_size", H5T_STD_I64LE, H5T_NATIVE_INT64, sizes);
  make.numbers("file_crc32", H5T_STD_U32LE, H5T_NATIVE_INT64, checksums);
  make.strings("skipped", skipped, std::array{static_cast<hsize_t>(plan.skipped.size()), hsize_t{2}});

  const Hdf5Id half = float16_type(check);
  // Left unwritten: zero in a new file, which means "no row yet".
  const Hdf5Id marks = make.dataset("row_crc32", H5T_STD_U32LE, std::array{rows});
  const Hdf5Id features = make.dataset("features", plan.type == FeatureType::kF16 ? half.get() : H5T_IEEE_F32LE,
                                       std::array{rows, static_cast<hsize_t>(plan.columns)});
  FeatureHeader header;
  header.features_offset = offset_of(check, features);
  header.row_crc32_offset = offset_of(check, marks);
  return header;
}

}  // namespace

FeatureHeader make_header(const FeatureFilePlan& plan, const std::string& name) {
  require_valid_plan(plan);
  const H5Checker check(name);
  SparseMemory storage;
  FeatureHeader header;
  {
    const Hdf5Lock lock;
    Hdf5Id file = create_h5_in(storage, check);
    header = make_objects(plan, check, file.get());
    check(file.reset() ? 0 : -1, "H5Fclose");
  }
  require(!storage.has_failed(), ErrorCode::kMemory, name + ": no memory for its header");
  header.rows = static_cast<int64_t>(plan.pictures.size());
  header.row_bytes = plan.columns * stored_size(plan.type);
  header.file_size = storage.size();
  // The header is everything except the rows. It is a few hundred bytes per picture, while the rows may take 100 GB.
  const int64_t behind = header.features_offset + header.rows * header.row_bytes;
  header.before.resize(static_cast<size_t>(header.features_offset));
  storage.read(0, header.before);
  header.after.resize(static_cast<size_t>(header.file_size - behind));
  storage.read(behind, header.after);
  return header;
}

void write_header(const FeatureHeader& header, const PosixFile& file) {
  file.reserve(header.file_size);
  file.write_at(0, header.before);
  file.write_at(header.features_offset + header.rows * header.row_bytes, header.after);
}

bool has_header(const FeatureHeader& header, const PosixFile& file) {
  if (file.status().st_size != header.file_size) return false;
  const auto same = [&](int64_t offset, const std::vector<std::byte>& expected) {
    std::vector<std::byte> found(expected.size());
    file.read_at(offset, found);
    // The row checksums are inside these bytes. They are zero in a new header, and not in a file that has rows.
    const int64_t marks = std::clamp<int64_t>(header.row_crc32_offset - offset, 0, static_cast<int64_t>(found.size()));
    const int64_t end =
        std::clamp<int64_t>(header.row_crc32_offset + 4 * header.rows - offset, 0, static_cast<int64_t>(found.size()));
    std::fill(found.begin() + marks, found.begin() + end, std::byte{0});
    return found == expected;
  };
  return same(0, header.before) && same(header.features_offset + header.rows * header.row_bytes, header.after);
}

}  // namespace vgg16
