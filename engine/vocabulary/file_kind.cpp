#include "vocabulary/file_kind.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace vgg16 {
namespace {

using std::string_view_literals::operator""sv;

struct Signature {
  FileKind kind;
  std::string_view bytes;
};

constexpr Signature kSignatures[] = {
    {FileKind::kHdf5, kHdf5Signature},
    {FileKind::kPng, kPngSignature},
    {FileKind::kJpeg, "\xFF\xD8\xFF"sv},
    {FileKind::kGif, "GIF87a"sv},
    {FileKind::kGif, "GIF89a"sv},
    {FileKind::kTiff, "II*\0"sv},
    {FileKind::kTiff, "MM\0*"sv},
    {FileKind::kTiff, "II+\0\x08\0\0\0"sv},  // BigTIFF
    {FileKind::kTiff, "MM\0+\0\x08\0\0"sv},
    {FileKind::kJpeg2000, "\0\0\0\x0CjP  \r\n\x87\n"sv},
    {FileKind::kJpeg2000, "\xFF\x4F\xFF\x51"sv},  // without a container
    {FileKind::kJpegXl, "\0\0\0\x0CJXL \r\n\x87\n"sv},
    {FileKind::kJpegXl, "\xFF\x0A"sv},  // without a container
    // Protocols 2 to 5 begin with their number, older ones, for what is pickled most, with these words.
    {FileKind::kPickle, "\x80\x02"sv},
    {FileKind::kPickle, "\x80\x03"sv},
    {FileKind::kPickle, "\x80\x04"sv},
    {FileKind::kPickle, "\x80\x05"sv},
    {FileKind::kPickle, "ccopy_reg\n"sv},
    {FileKind::kPickle, "csklearn"sv},
    {FileKind::kNumpy, "\x93NUMPY"sv},
    {FileKind::kZip, "PK\x03\x04"sv},
    {FileKind::kZip, "PK\x05\x06"sv},  // an empty one
    {FileKind::kGzip, "\x1F\x8B"sv},
    {FileKind::kZstd, "\x28\xB5\x2F\xFD"sv},
    {FileKind::kGitLfs, "version https://git-lfs"sv},
    {FileKind::kProgram, "\177ELF"sv},
    {FileKind::kPdf, "%PDF"sv},
    {FileKind::kMatlab, "MATLAB 5.0 MAT-file"sv},
    {FileKind::kMatlab73, "MATLAB 7.3 MAT-file"sv},
    {FileKind::kParquet, "PAR1"sv},
    {FileKind::kJson, "{"sv},
};

bool has(std::string_view text, size_t at, std::string_view bytes) {
  return text.size() > at && text.substr(at).starts_with(bytes);
}

bool is_one_of(std::string_view brand, std::span<const std::string_view> brands) {
  return std::find(brands.begin(), brands.end(), brand) != brands.end();
}

// Any text may begin with "BM". Behind the first header of 14 bytes is the length of the second, one for each version.
bool looks_like_bmp(std::string_view text) {
  constexpr std::string_view kLengths = "\x0C\x10\x28\x34\x38\x40\x6C\x7C"sv;  // 12, 16, 40, 52, 56, 64, 108, 124
  return text.starts_with("BM") && has(text, 15, "\0\0\0"sv) && kLengths.find(text[14]) != std::string_view::npos;
}

bool looks_like_webp(std::string_view text) { return text.starts_with("RIFF") && has(text, 8, "WEBP"); }

// ISO/IEC 14496-12, 4.3: the length of the first box, "ftyp", its major brand, a version, the compatible brands. mif1
// and msf1 (ISO/IEC 23008-12, 10.2) name no codec: there the compatible brands do.
FileKind heif_kind(std::string_view text) {
  if (text.size() < 12 || !has(text, 4, "ftyp")) return FileKind::kUnknown;
  constexpr std::string_view kAvif[] = {"avif", "avis"};
  constexpr std::string_view kHeic[] = {"heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"};
  constexpr std::string_view kAnyCodec[] = {"mif1", "msf1"};
  const std::string_view major = text.substr(8, 4);
  if (is_one_of(major, kAvif)) return FileKind::kAvif;
  if (is_one_of(major, kHeic)) return FileKind::kHeic;
  if (!is_one_of(major, kAnyCodec)) return FileKind::kUnknown;
  size_t length = 0;
  for (const unsigned char byte : text.substr(0, 4)) length = length << 8 | byte;
  for (size_t at = 16; at + 4 <= std::min(length, text.size()); at += 4) {
    if (is_one_of(text.substr(at, 4), kAvif)) return FileKind::kAvif;
  }
  return FileKind::kHeic;
}

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

// What to do with a file of a kind that was not expected.
std::string_view advice(FileKind kind) {
  switch (kind) {
    case FileKind::kUnknown:
    case FileKind::kProgram:
    case FileKind::kPdf:
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
    case FileKind::kParquet:
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
    if (text.starts_with(signature.bytes)) return signature.kind;
  }
  if (looks_like_bmp(text)) return FileKind::kBmp;
  if (looks_like_webp(text)) return FileKind::kWebp;
  const FileKind heif = heif_kind(text);
  if (heif != FileKind::kUnknown) return heif;
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
    case FileKind::kJpegXl:
      return "a JPEG XL picture";
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
    case FileKind::kParquet:
      return "a Parquet table";
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
