#include "features/sparse_memory.h"

#if H5_VERSION_GE(1, 14, 0)
#include <H5FDdevelop.h>
#endif

#include <algorithm>
#include <limits>
#include <memory>
#include <new>

namespace vgg16 {

void SparseMemory::read(int64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const int64_t within = offset % kPageBytes;
    const auto length = static_cast<size_t>(std::min<int64_t>(kPageBytes - within, static_cast<int64_t>(bytes.size())));
    const auto page = pages_.find(offset / kPageBytes);
    if (page == pages_.end()) {
      std::fill_n(bytes.begin(), length, std::byte{0});
    } else {
      std::copy_n(page->second.begin() + within, length, bytes.begin());
    }
    bytes = bytes.subspan(length);
    offset += static_cast<int64_t>(length);
  }
}

// Whole pages of 64 KB: HDF5 writes many small records next to one another.
void SparseMemory::write(int64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const int64_t within = offset % kPageBytes;
    const auto length = static_cast<size_t>(std::min<int64_t>(kPageBytes - within, static_cast<int64_t>(bytes.size())));
    std::vector<std::byte>& page = pages_[offset / kPageBytes];
    page.resize(static_cast<size_t>(kPageBytes));
    std::copy_n(bytes.begin(), length, page.begin() + within);
    bytes = bytes.subspan(length);
    offset += static_cast<int64_t>(length);
    size_ = std::max(size_, offset);
  }
}

namespace {

// A virtual file driver, through which HDF5 reads and writes a SparseMemory. Its functions are called from C, so they
// must not throw.
struct OpenFile {
  H5FD_t base;  // must be the first member: HDF5 passes pointers to it, which are cast to OpenFile
  SparseMemory* memory;
  haddr_t end_of_allocation;
};

OpenFile* as_open(H5FD_t* file) { return reinterpret_cast<OpenFile*>(file); }
const OpenFile* as_open(const H5FD_t* file) { return reinterpret_cast<const OpenFile*>(file); }

H5FD_t* open_file(const char* /*name*/, unsigned /*flags*/, hid_t access, haddr_t /*maxaddr*/) {
  SparseMemory* const* memory = static_cast<SparseMemory* const*>(H5Pget_driver_info(access));
  if (memory == nullptr) return nullptr;
  auto* file = new (std::nothrow) OpenFile{};
  if (file == nullptr) return nullptr;
  file->memory = *memory;
  return &file->base;
}

herr_t close_file(H5FD_t* file) {
  delete as_open(file);
  return 0;
}

// Tells HDF5 to collect its small records in blocks, as with its default driver: the layout depends on these flags.
herr_t query(const H5FD_t* /*file*/, unsigned long* flags) {
  *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
           H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}

haddr_t get_eoa(const H5FD_t* file, H5FD_mem_t /*type*/) { return as_open(file)->end_of_allocation; }

herr_t set_eoa(H5FD_t* file, H5FD_mem_t /*type*/, haddr_t address) {
  as_open(file)->end_of_allocation = address;
  return 0;
}

haddr_t get_eof(const H5FD_t* file, H5FD_mem_t /*type*/) { return static_cast<haddr_t>(as_open(file)->memory->size()); }

herr_t read_file(H5FD_t* file, H5FD_mem_t /*type*/, hid_t /*transfer*/, haddr_t address, size_t size, void* buffer) {
  as_open(file)->memory->read(static_cast<int64_t>(address), {static_cast<std::byte*>(buffer), size});
  return 0;
}

herr_t write_file(H5FD_t* file, H5FD_mem_t /*type*/, hid_t /*transfer*/, haddr_t address, size_t size,
                  const void* buffer) {
  try {
    as_open(file)->memory->write(static_cast<int64_t>(address), {static_cast<const std::byte*>(buffer), size});
    return 0;
  } catch (const std::bad_alloc&) {
    as_open(file)->memory->set_failed();
    return -1;
  }
}

// Called at the end: the file's size is what HDF5 has allocated, even where nothing was written.
herr_t truncate_file(H5FD_t* file, hid_t /*transfer*/, hbool_t /*closing*/) {
  as_open(file)->memory->set_size(static_cast<int64_t>(as_open(file)->end_of_allocation));
  return 0;
}

H5FD_class_t make_driver() {
  H5FD_class_t driver{};
#if H5_VERSION_GE(1, 14, 0)
  driver.version = H5FD_CLASS_VERSION;
  driver.value = 512;  // values below 512 must be registered with the HDF Group
#endif
  driver.name = "vgg16-sparse-memory";
  driver.maxaddr = static_cast<haddr_t>(std::numeric_limits<int64_t>::max());
  driver.fc_degree = H5F_CLOSE_STRONG;
  driver.fapl_size = sizeof(SparseMemory*);
  driver.open = open_file;
  driver.close = close_file;
  driver.query = query;
  driver.get_eoa = get_eoa;
  driver.set_eoa = set_eoa;
  driver.get_eof = get_eof;
  driver.read = read_file;
  driver.write = write_file;
  driver.truncate = truncate_file;
  // Separate free lists for metadata and raw data, also part of what determines the layout.
  constexpr H5FD_mem_t kMap[] = H5FD_FLMAP_DICHOTOMY;
  std::copy(std::begin(kMap), std::end(kMap), std::begin(driver.fl_map));
  return driver;
}

// Registered once and never unregistered: every open file keeps pointers to the registered driver, and HDF5 calls its
// functions even after the file's id is closed.
hid_t driver_id(const H5Checker& check) {
  static const H5FD_class_t driver = make_driver();
  static const hid_t id = check(H5FDregister(&driver), "H5FDregister");
  return id;
}

}  // namespace

Hdf5Id create_h5_in(SparseMemory& memory, const H5Checker& check) {
  const Hdf5Id access = check.own(H5Pcreate(H5P_FILE_ACCESS), "H5Pcreate");
  SparseMemory* const info = &memory;
  check(H5Pset_driver(access.get(), driver_id(check), static_cast<const void*>(&info)), "H5Pset_driver");
  // Set explicitly, because defaults differ between HDF5 versions and the bytes must not.
  check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_EARLIEST, H5F_LIBVER_V18), "H5Pset_libver_bounds");
  return check.own(H5Fcreate("memory", H5F_ACC_TRUNC, H5P_DEFAULT, access.get()), "H5Fcreate");
}

}  // namespace vgg16
