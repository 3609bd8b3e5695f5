#include "features/h5.h"

#include <filesystem>

#include "vgg16/error.h"

namespace vgg16 {
namespace {

// Recursive, so that an owner of handles can be destroyed by a function that holds the lock already.
std::recursive_mutex& library_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

bool prepare_library() {
  H5dont_atexit();
  H5open();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  H5PLset_loading_state(0);
  return true;
}

}  // namespace

H5Lock::H5Lock() : lock_(library_mutex()) {
  static const bool prepared = prepare_library();
  static_cast<void>(prepared);
}

void H5Checker::fail(std::string_view call, const std::source_location& where) const {
  const std::string source = std::filesystem::path(where.file_name()).filename().string();
  const std::string place = std::string(call) + " failed (" + source + ":" + std::to_string(where.line()) + ")";
  if (kind_ == File::kWritten) throw Error(ErrorCode::kIo, file_ + ": its header cannot be laid out: HDF5's " + place);
  throw Error(ErrorCode::kRefused, file_ + " is damaged or no features file: HDF5's " + place);
}

H5Id float16_type(const H5Checker& check) {
  H5Id type = check.own(H5Tcopy(H5T_IEEE_F32LE), H5Tclose, "H5Tcopy");
  check(H5Tset_fields(type.get(), 15, 10, 5, 0, 10),
        "H5Tset_fields");  // sign, exponent at 10 of 5, mantissa of 10 bits
  check(H5Tset_size(type.get(), 2), "H5Tset_size");
  check(H5Tset_ebias(type.get(), 15), "H5Tset_ebias");
  return type;
}

H5Id string_type(const H5Checker& check) {
  H5Id type = check.own(H5Tcopy(H5T_C_S1), H5Tclose, "H5Tcopy");
  check(H5Tset_size(type.get(), H5T_VARIABLE), "H5Tset_size");
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "H5Tset_cset");
  return type;
}

}  // namespace vgg16
