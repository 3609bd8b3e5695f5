#include "hdf5/hdf5.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdint>

#include "vgg16/error.h"

namespace vgg16 {
namespace {

constexpr size_t kMaxChildren = 4096;
constexpr size_t kMaxNameBytes = 1024;

std::recursive_mutex& library_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

}  // namespace

bool Hdf5Id::reset() {
  const hid_t id = std::exchange(id_, -1);
  return id < 0 || H5Idec_ref(id) >= 0;
}

Hdf5Lock::Hdf5Lock() : guard_(library_mutex()) {
  static const bool prepared = [] {
    // Before anything else: after a failed write, HDF5's own clean-up at exit can crash the process.
    H5dont_atexit();
    H5open();
    H5PLset_loading_state(0);
    return true;
  }();
  static_cast<void>(prepared);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Hdf5File::Hdf5File(const std::filesystem::path& path, uint64_t max_bytes) : name_(printable(path.native())) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    const int number = errno;
    if (number == ENOENT) throw Error(ErrorCode::kNotFound, name_ + ": no such file");
    throw Error(ErrorCode::kIo, name_ + ": cannot open: " + system_message(number));
  }
  if (!S_ISREG(status.st_mode)) throw Error(ErrorCode::kRefused, name_ + ": not a regular file");
  if (static_cast<uint64_t>(status.st_size) > max_bytes)
    throw Error(ErrorCode::kRefused, name_ + ": the file is too large");
  if (H5Fis_hdf5(path.c_str()) <= 0) throw Error(ErrorCode::kRefused, name_ + ": not an HDF5 file, or not readable");
  const Hdf5Id access(H5Pcreate(H5P_FILE_ACCESS));
  file_ = Hdf5Id(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()));
  if (!file_.valid()) throw Error(ErrorCode::kRefused, name_ + ": damaged HDF5 file, or cut short");
}

Hdf5File::Hdf5File(int descriptor, std::string name) : name_(std::move(name)) {
  const Hdf5Id access(H5Pcreate(H5P_FILE_ACCESS));
  // Chunks of a row as h5py cuts them are kept: one that is unpacked anew for every row costs minutes.
  H5Pset_cache(access.get(), 0, 12'421, size_t{64} << 20, 0.75);
  H5Pset_file_locking(access.get(), true, /*ignore_when_disabled=*/true);
  file_ = Hdf5Id(H5Fopen(("/proc/self/fd/" + std::to_string(descriptor)).c_str(), H5F_ACC_RDONLY, access.get()));
  if (!file_.valid()) throw Error(ErrorCode::kRefused, name_ + ": damaged HDF5 file, or cut short");
}

void Hdf5File::refuse(std::string_view object, std::string_view what) const {
  throw Error(ErrorCode::kRefused, printable(object) + " in " + name_ + ": " + std::string(what));
}

std::vector<std::string> Hdf5File::children(hid_t group) const {
  struct Names {
    std::vector<std::string> list;
    bool too_many = false;
  } names;
  const auto collect = [](hid_t, const char* child, const H5L_info_t*, void* out) -> herr_t {
    auto& found = *static_cast<Names*>(out);
    const std::string_view text(child);
    if (found.list.size() == kMaxChildren || text.size() > kMaxNameBytes) {
      found.too_many = true;
      return 1;
    }
    found.list.emplace_back(text);
    return 0;
  };
  if (H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names) < 0)
    refuse("a group", "cannot be listed");
  if (names.too_many) refuse("a group", "holds too many or too long names");
  return std::move(names.list);
}

bool Hdf5File::has_object(hid_t group, const std::string& child, H5O_type_t type) const {
  if (H5Lexists(group, child.c_str(), H5P_DEFAULT) <= 0) return false;
  H5L_info_t link{};
  if (H5Lget_info(group, child.c_str(), &link, H5P_DEFAULT) < 0) refuse(child, "its link cannot be read");
  if (link.type != H5L_TYPE_HARD) refuse(child, "refers to another place or file by a link: refused");
  H5O_info_t object{};
  if (H5Oget_info_by_name2(group, child.c_str(), &object, H5O_INFO_BASIC, H5P_DEFAULT) < 0)
    refuse(child, "cannot be read");
  return object.type == type;
}

bool Hdf5File::has_group(hid_t group, const std::string& child) const {
  return has_object(group, child, H5O_TYPE_GROUP);
}

bool Hdf5File::has_dataset(hid_t group, const std::string& child) const {
  return has_object(group, child, H5O_TYPE_DATASET);
}

Hdf5Id Hdf5File::open_group(hid_t group, const std::string& child) const {
  if (!has_group(group, child)) refuse(child, "is missing, or not a group");
  Hdf5Id id(H5Gopen2(group, child.c_str(), H5P_DEFAULT));
  if (!id.valid()) refuse(child, "cannot be opened");
  return id;
}

Hdf5Id Hdf5File::open_dataset(hid_t group, const std::string& child) const {
  if (!has_dataset(group, child)) refuse(child, "is missing, or not a dataset");
  Hdf5Id id(H5Dopen2(group, child.c_str(), H5P_DEFAULT));
  if (!id.valid()) refuse(child, "cannot be opened");
  const Hdf5Id creation(H5Dget_create_plist(id.get()));
  const H5D_layout_t layout = H5Pget_layout(creation.get());
  if (layout == H5D_VIRTUAL) refuse(child, "is a virtual dataset, which reads other files: refused");
  if (layout != H5D_CONTIGUOUS && layout != H5D_COMPACT && layout != H5D_CHUNKED)
    refuse(child, "has an unknown layout");
  if (H5Pget_external_count(creation.get()) != 0) refuse(child, "keeps its data in another file: refused");
  const int n_filters = H5Pget_nfilters(creation.get());
  for (int i = 0; i < n_filters; ++i) {
    unsigned flags = 0;
    size_t n_values = 0;
    const H5Z_filter_t filter =
        H5Pget_filter2(creation.get(), static_cast<unsigned>(i), &flags, &n_values, nullptr, 0, nullptr, nullptr);
    if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32) {
      refuse(child, "uses a filter other than deflate, shuffle or fletcher32: refused");
    }
  }
  return id;
}

std::vector<hsize_t> Hdf5File::shape(hid_t dataset, std::string_view shown) const {
  const Hdf5Id space(H5Dget_space(dataset));
  const int rank = H5Sget_simple_extent_ndims(space.get());
  if (rank < 0 || rank > 8 || H5Sget_simple_extent_type(space.get()) == H5S_NULL) refuse(shown, "has no usable shape");
  std::vector<hsize_t> dimensions(static_cast<size_t>(rank));
  H5Sget_simple_extent_dims(space.get(), dimensions.data(), nullptr);
  return dimensions;
}

}  // namespace vgg16
