// What a file is, told by its first bytes: whatever people hand to a program that wants pictures, features, models or
// weights.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace vgg16 {

/// Group III.A of the HDF5 File Format Specification.
inline constexpr std::string_view kHdf5Signature = "\x89HDF\r\n\x1A\n";
/// W3C PNG specification, 5.2.
inline constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1A\n";

enum class FileKind {
  kUnknown,
  kHdf5,
  kSafetensors,
  kPickle,  ///< Python's: runs code when it is opened
  kNumpy,
  kZip,  ///< also NumPy's .npz, PyTorch's .pt, .keras
  kGzip,
  kZstd,
  kJpeg,
  kPng,
  kGif,
  kBmp,
  kTiff,
  kWebp,
  kAvif,
  kHeic,
  kJpeg2000,
  kJpegXl,
  kGitLfs,  ///< a pointer to a file that Git LFS has not fetched
  kHtml,
  kXml,
  kJson,
  kProgram,
  kPdf,
  kMatlab,
  kMatlab73,  ///< HDF5 behind a user block, in MATLAB's own layout
  kOnnx,
  kParquet,
  kText,  ///< none of the others, but all printable
};

/// How many of a file's first bytes file_kind() looks at, where there are as many.
inline constexpr size_t kFileKindBytes = 512;

[[nodiscard]] FileKind file_kind(std::span<const std::byte> start);

/// What messages call a file of this kind: "a Python pickle"; "of an unknown kind".
[[nodiscard]] std::string_view file_kind_name(FileKind kind);

/// What a message says of a file of this kind where `expected` was wanted, and what to do about it: "is a gzip archive;
/// expected a features file; unpack it first".
[[nodiscard]] std::string wrong_kind(FileKind kind, std::string_view expected);

}  // namespace vgg16
