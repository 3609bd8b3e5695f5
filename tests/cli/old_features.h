// A features file as the old extraction script wrote it: float64 rows, labels, names of variable length; no attributes.
#pragma once

#include <hdf5.h>

#include <array>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace vgg16 {

/// `features` holds labels.size() rows, row-major.
inline void write_old_features(const std::filesystem::path& path, const std::vector<double>& features,
                               const std::vector<int64_t>& labels, const std::vector<std::string>& names) {
  const auto checked = [](hid_t id) {
    if (id < 0) throw std::runtime_error("HDF5 refused a test's file");
    return id;
  };
  const hid_t file = checked(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  const hid_t text = checked(H5Tcopy(H5T_C_S1));
  checked(H5Tset_size(text, H5T_VARIABLE));
  checked(H5Tset_cset(text, H5T_CSET_UTF8));
  const auto write = [&](const char* name, hid_t type, const std::vector<hsize_t>& dims, const void* values) {
    const hid_t space = checked(H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr));
    const hid_t set = checked(H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    checked(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values));
    H5Dclose(set);
    H5Sclose(space);
  };
  std::vector<const char*> pointers;
  for (const std::string& name : names) pointers.push_back(name.c_str());
  write("features", H5T_NATIVE_DOUBLE, {labels.size(), features.size() / labels.size()}, features.data());
  write("labels", H5T_NATIVE_INT64, {labels.size()}, labels.data());
  write("label_names", text, {names.size()}, pointers.data());
  H5Tclose(text);
  checked(H5Fclose(file));
}

}  // namespace vgg16
