#include "features/h5.h"

#include <filesystem>

#include "vgg16/error.h"

namespace vgg16 {

void H5Checker::fail(std::string_view call, const SourcePlace& where) const {
  const std::string source = std::filesystem::path(where.file).filename().string();
  const std::string place = std::string(call) + " failed (" + source + ":" + std::to_string(where.line) + ")";
  if (kind_ == File::kWritten) throw Error(ErrorCode::kIo, file_ + ": its header cannot be laid out: HDF5's " + place);
  throw Error(ErrorCode::kRefused, file_ + " is damaged or no features file: HDF5's " + place);
}

Hdf5Id float16_type(const H5Checker& check) {
  Hdf5Id type = check.own(H5Tcopy(H5T_IEEE_F32LE), "H5Tcopy");
  // The sign's place, the exponent's place and width, the mantissa's place and width.
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
