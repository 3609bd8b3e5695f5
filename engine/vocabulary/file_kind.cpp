#include "vocabulary/file_kind.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace vgg16 {
namespace {

using std::string_view_literals::operator""sv;

struct Signature {
  FileKind kind;
  size_t at;
  std::string_view bytes;
};

constexpr Signature kSignatures[] = {
    {FileKind::kHdf5, 0, kHdf5Signature},
    {FileKind::kPng, 0, kPngSignature},
    {FileKind::kJpeg, 0, "\xFF\xD8\xFF"sv},
    {FileKind::kGif, 0, "GIF8"sv},
    {FileKind::kTiff, 0, "II*\0"sv},
    {FileKind::kTiff, 0, "MM\0*"sv},
    {FileKind::kWebp, 8, "WEBP"sv},
    {FileKind::kAvif, 4, "ftypavif"sv},
    {FileKind::kHeic, 4, "ftyphei"sv},
    {FileKind::kHeic, 4, "ftypmif1"sv},
    {FileKind::kJpeg2000, 4, "jP  "sv},
    // Protocols 2 to 5 begin with their number, older ones, for what is pickled most, with these words.
    {FileKind::kPickle, 0, "\x80\x02"sv},
    {FileKind::kPickle, 0, "\x80\x03"sv},
    {FileKind::kPickle, 0, "\x80\x04"sv},
    {FileKind::kPickle, 0, "\x80\x05"sv},
    {FileKind::kPickle, 0, "ccopy_reg\n"sv},
    {FileKind::kPickle, 0, "csklearn"sv},
    {FileKind::kNumpy, 0, "\x93NUMPY"sv},
    {FileKind::kZip, 0, "PK\x03\x04"sv},
    {FileKind::kZip, 0, "PK\x05\x06"sv},  // an empty one
    {FileKind::kGzip, 0, "\x1F\x8B"sv},
    {FileKind::kZstd, 0, "\x28\xB5\x2F\xFD"sv},
    {FileKind::kGitLfs, 0, "version https://git-lfs"sv},
    {FileKind::kProgram, 0, "\177ELF"sv},
    {FileKind::kPdf, 0, "%PDF"sv},
    {FileKind::kJson, 0, "{"sv},
    {FileKind::kBmp, 0, "BM"sv},
};

// The length of the header in 8 bytes, of which the upper half is 0, then a JSON object.
bool looks_like_safetensors(std::string_view text) {
  return text.size() > 8 && text[8] == '{' && text.substr(4, 4) == "\0\0\0\0"sv;
}

// White space may stand before markup, and HTML may be written in any case.
FileKind markup_kind(std::string_view text) {
  const auto start = std::find_if_not(text.begin(), text.end(), [](unsigned char c) { return std::isspace(c) != 0; });
  std::string head(start, std::min(text.end(), start + std::min<std::ptrdiff_t>(5, text.end() - start)));
  std::transform(head.begin(), head.end(), head.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (head.starts_with("<html") || head.starts_with("<!")) return FileKind::kHtml;
  return head.starts_with("<") ? FileKind::kXml : FileKind::kUnknown;
}

}  // namespace

FileKind file_kind(std::span<const std::byte> start) {
  const std::string_view text(reinterpret_cast<const char*>(start.data()), std::min(start.size(), kFileKindBytes));
  // First of all: the length of its header may be any number, such as the first bytes of a pickle.
  if (looks_like_safetensors(text)) return FileKind::kSafetensors;
  for (const Signature& signature : kSignatures) {
    if (text.size() > signature.at && text.substr(signature.at).starts_with(signature.bytes)) return signature.kind;
  }
  return markup_kind(text);
}

std::string_view file_kind_name(FileKind kind) {
  switch (kind) {
    case FileKind::kUnknown:
      return "of an unknown kind";
    case FileKind::kHdf5:
      return "an HDF5 file";
    case FileKind::kSafetensors:
      return "a safetensors file";
    case FileKind::kPickle:
      return "a Python pickle";
    case FileKind::kNumpy:
      return "a NumPy array";
    case FileKind::kZip:
      return "a zip archive (NumPy's .npz, PyTorch's .pt)";
    case FileKind::kGzip:
      return "a gzip archive";
    case FileKind::kZstd:
      return "a zstd archive";
    case FileKind::kJpeg:
      return "a JPEG picture";
    case FileKind::kPng:
      return "a PNG picture";
    case FileKind::kGif:
      return "a GIF picture";
    case FileKind::kBmp:
      return "a BMP picture";
    case FileKind::kTiff:
      return "a TIFF picture";
    case FileKind::kWebp:
      return "a WebP picture";
    case FileKind::kAvif:
      return "an AVIF picture";
    case FileKind::kHeic:
      return "a HEIC picture";
    case FileKind::kJpeg2000:
      return "a JPEG 2000 picture";
    case FileKind::kGitLfs:
      return "a Git LFS pointer, not the file itself";
    case FileKind::kHtml:
      return "an HTML page";
    case FileKind::kXml:
      return "an XML document";
    case FileKind::kJson:
      return "JSON text";
    case FileKind::kProgram:
      return "a program";
    case FileKind::kPdf:
      return "a PDF document";
  }
  return "of an unknown kind";
}

}  // namespace vgg16
