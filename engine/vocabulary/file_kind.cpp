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
    {FileKind::kMatlab, 0, "MATLAB 5.0 MAT-file"sv},
    {FileKind::kMatlab73, 0, "MATLAB 7.3 MAT-file"sv},
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

// A protocol buffer that begins with the version of its format (field 1) and the name of the program that wrote it
// (field 2, text).
bool looks_like_onnx(std::string_view text) {
  if (text.size() < 5 || text[0] != 8 || text[1] < 1 || text[1] > 31 || text[2] != 0x12) return false;
  const std::string_view name = text.substr(4, static_cast<unsigned char>(text[3]));
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) { return c >= ' ' && c <= '~'; });
}

// Any encoding in which other bytes than ASCII's are above them, such as UTF-8.
bool looks_like_text(std::string_view text) {
  return text.size() >= 8 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return c >= ' ' ? c != 0x7F : c == '\n' || c == '\r' || c == '\t';
         });
}

// What to do with a file of a kind that was not expected, or "".
std::string_view advice(FileKind kind) {
  switch (kind) {
    case FileKind::kUnknown:
      return "is it the right file?";
    case FileKind::kHdf5:
      return "features go to vgg16 train -d, weights to --weights";
    case FileKind::kSafetensors:
      return "a model goes to vgg16 predict -m, weights to --weights";
    case FileKind::kPickle:
      return "it is not opened, because that runs code; save what it holds in that form";
    case FileKind::kNumpy:
    case FileKind::kMatlab:
    case FileKind::kMatlab73:
    case FileKind::kOnnx:
    case FileKind::kText:
    case FileKind::kJson:
      return "save what it holds in that form, as with Python's h5py";
    case FileKind::kZip:
      return "unpack it, or save the arrays that it holds in that form";
    case FileKind::kGzip:
    case FileKind::kZstd:
      return "unpack it first";
    case FileKind::kGitLfs:
      return "run git lfs pull";
    case FileKind::kHtml:
    case FileKind::kXml:
      return "download it again";
    case FileKind::kProgram:
    case FileKind::kPdf:
      return "is it the right file?";
    default:  // the pictures
      return "pictures go to vgg16 predict, and a folder of them to vgg16 extract -d";
  }
}

}  // namespace

FileKind file_kind(std::span<const std::byte> start) {
  const std::string_view text(reinterpret_cast<const char*>(start.data()), std::min(start.size(), kFileKindBytes));
  // First of all: the length of its header may be any number, such as the first bytes of a pickle.
  if (looks_like_safetensors(text)) return FileKind::kSafetensors;
  for (const Signature& signature : kSignatures) {
    if (text.size() > signature.at && text.substr(signature.at).starts_with(signature.bytes)) return signature.kind;
  }
  if (looks_like_onnx(text)) return FileKind::kOnnx;
  const FileKind markup = markup_kind(text);
  return markup == FileKind::kUnknown && looks_like_text(text) ? FileKind::kText : markup;
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
    case FileKind::kMatlab:
      return "a MATLAB .mat file";
    case FileKind::kMatlab73:
      return "a MATLAB 7.3 .mat file";
    case FileKind::kOnnx:
      return "an ONNX model";
    case FileKind::kText:
      return "text";
  }
  return "of an unknown kind";
}

std::string wrong_kind(FileKind kind, std::string_view expected) {
  std::string text = "is ";
  text.append(file_kind_name(kind)).append("; expected ").append(expected).append("; ").append(advice(kind));
  return text;
}

}  // namespace vgg16
