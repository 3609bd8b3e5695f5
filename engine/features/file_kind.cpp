#include "features/file_kind.h"

#include <array>

#include "hdf5/h5_file.h"

namespace vgg16 {
namespace {

// The first bytes of kinds of files that are often given by mistake, in the order in which they are tried.
struct Kind {
  std::string_view begins;
  std::string_view name;
};

using std::string_view_literals::operator""sv;

constexpr std::array<Kind, 17> kKinds = {{{kH5Signature, "an HDF5 file"},
                                          {"\x80\x02"sv, "a Python pickle"},
                                          {"\x80\x03"sv, "a Python pickle"},
                                          {"\x80\x04"sv, "a Python pickle"},
                                          {"\x80\x05"sv, "a Python pickle"},
                                          {"PK\x03\x04"sv, "a zip archive (NumPy's .npz, PyTorch's .pt)"},
                                          {"\x93NUMPY"sv, "a NumPy array"},
                                          {"\x1f\x8b"sv, "a gzip archive"},
                                          {"\x28\xb5\x2f\xfd"sv, "a zstd archive"},
                                          {"\xff\xd8\xff"sv, "a JPEG picture"},
                                          {"\x89PNG"sv, "a PNG picture"},
                                          {"version https://git-lfs"sv, "a Git LFS pointer, not the file itself"},
                                          {"<!"sv, "an HTML page"},
                                          {"<html"sv, "an HTML page"},
                                          {"{"sv, "JSON text"},
                                          {"\x7f"
                                           "ELF"sv,
                                           "a program"},
                                          {"%PDF"sv, "a PDF document"}}};

}  // namespace

std::string_view file_kind(std::span<const std::byte> first_bytes) {
  const std::string_view text(reinterpret_cast<const char*>(first_bytes.data()), first_bytes.size());
  for (const Kind& kind : kKinds) {
    if (text.starts_with(kind.begins)) return kind.name;
  }
  // safetensors: the header's length in 8 bytes, then a JSON object.
  if (text.size() > 8 && text[8] == '{' && text.substr(4, 4) == "\0\0\0\0"sv) return "a safetensors file";
  return "of an unknown kind";
}

}  // namespace vgg16
