#include "features/h5.h"

#include <dlfcn.h>

#include <filesystem>

#include "vgg16/build_info.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

// A function-local static: initialised on first use, whatever the order of other globals.
std::mutex& library_mutex() {
  static std::mutex mutex;
  return mutex;
}

// Whether HDF5 is a part of the program or library that this code is in, rather than a shared library of its own.
bool is_in_this_file() {
  Dl_info hdf5 = {};
  Dl_info here = {};
  return dladdr(reinterpret_cast<const void*>(&H5get_libversion), &hdf5) != 0 &&
         dladdr(reinterpret_cast<const void*>(&is_in_this_file), &here) != 0 && hdf5.dli_fbase == here.dli_fbase;
}

}  // namespace

bool Hdf5Id::reset() {
  const hid_t id = std::exchange(id_, -1);
  return id < 0 || H5Idec_ref(id) >= 0;
}

Hdf5Lock::Hdf5Lock() : guard_(library_mutex()) {
  static const bool prepared = [] {
    // HDF5 1.10.8 crashes if memory runs out during its initialisation (HDFGroup/hdf5#4264). Allocating and freeing 16
    // MB throws std::bad_alloc instead if there is too little.
    constexpr size_t kEnough = 16 << 20;
    ::operator delete(::operator new(kEnough));
    // Must be the first call of the library. After a failed write, HDF5's cleanup at exit can crash the process.
    H5dont_atexit();
    if (H5open() < 0) throw Error(ErrorCode::kMemory, "no memory for the HDF5 library");
    // A file could otherwise make the library load a filter plugin, which is code.
    H5PLset_loading_state(0);
    return true;
  }();
  static_cast<void>(prepared);
  // Every time, because the embedding program may have turned error printing on again.
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

void H5Checker::fail(std::string_view call, const SourcePlace& where) const {
  const std::string source = std::filesystem::path(where.file).filename().string();
  const std::string place = std::string(call) + " failed (" + source + ":" + std::to_string(where.line) + ")";
  throw Error(ErrorCode::kIo, file_ + ": cannot make its header: HDF5's " + place);
}

std::string hdf5_library() {
  const Hdf5Lock lock;
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  H5get_libversion(&major, &minor, &release);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release) +
         (is_in_this_file() ? ", static" : ", shared");
}

Hdf5Id float16_type(const H5Checker& check) {
  Hdf5Id type = check.own(H5Tcopy(H5T_IEEE_F32LE), "H5Tcopy");
  // Position of the sign, position and size of the exponent, position and size of the mantissa, in bits.
  check(H5Tset_fields(type.get(), 15, 10, 5, 0, 10), "H5Tset_fields");
  check(H5Tset_size(type.get(), 2), "H5Tset_size");
  check(H5Tset_ebias(type.get(), 15), "H5Tset_ebias");
  return type;
}

Hdf5Id string_type(const H5Checker& check) {
  Hdf5Id type = check.own(H5Tcopy(H5T_C_S1), "H5Tcopy");
  check(H5Tset_size(type.get(), H5T_VARIABLE), "H5Tset_size");
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "H5Tset_cset");
  return type;
}

}  // namespace vgg16
