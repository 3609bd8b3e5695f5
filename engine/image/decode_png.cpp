#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "image/decode.h"
#include "vocabulary/file_kind.h"

namespace vgg16 {
namespace {

// The compressed data of a 1x1 picture can expand to a gigabyte, so the memory that stb_image may hold is limited by
// the size of the picture. stb has no argument for an allocator: the budget is a variable of the thread that decodes.
struct Budget {
  size_t left = 0;
  bool exceeded = false;
  bool out_of_memory = false;
};
thread_local Budget budget;

// Every block is preceded by its size, which free needs to know. 16 bytes preserve malloc's alignment.
constexpr size_t kPrefix = 16;

size_t block_size(void* block) {
  size_t size = 0;
  std::memcpy(&size, static_cast<char*>(block) - kPrefix, sizeof(size));
  return size;
}

void budget_free(void* block) {
  if (block == nullptr) return;
  budget.left += block_size(block);
  std::free(static_cast<char*>(block) - kPrefix);
}

// Fails, as if there were no memory, when the budget is exceeded; stb then fails as well.
void* budget_realloc(void* old, size_t size) {
  const size_t had = old == nullptr ? 0 : block_size(old);
  if (size > budget.left + had) {
    budget.exceeded = true;
    return nullptr;
  }
  void* grown = std::realloc(old == nullptr ? nullptr : static_cast<char*>(old) - kPrefix, size + kPrefix);
  if (grown == nullptr) {
    budget.out_of_memory = true;
    return nullptr;
  }
  budget.left = budget.left + had - size;
  std::memcpy(grown, &size, sizeof(size));
  return static_cast<char*>(grown) + kPrefix;
}

}  // namespace
}  // namespace vgg16

#define STBI_MALLOC(size) vgg16::budget_realloc(nullptr, size)
#define STBI_REALLOC(block, size) vgg16::budget_realloc(block, size)
#define STBI_FREE(block) vgg16::budget_free(block)
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#define STBI_NO_FAILURE_STRINGS
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include <stb_image.h>

namespace vgg16 {
namespace {

constexpr size_t kSlackBytes = 16 << 20;  // for stb's tables and minimum sizes

void append(std::vector<std::byte>& file, Bytes bytes) { file.insert(file.end(), bytes.begin(), bytes.end()); }

// Leaves the CRC zero: stb_image does not check it, and the walk has checked the original.
void append_chunk(std::vector<std::byte>& file, const char* type, size_t length, std::span<const Bytes> data) {
  for (const size_t shift : {24U, 16U, 8U, 0U}) file.push_back(static_cast<std::byte>(length >> shift & 0xFFU));
  append(file, std::as_bytes(std::span(type, 4)));
  for (const Bytes part : data) append(file, part);
  file.resize(file.size() + 4);
}

// A PNG with the same pixels and no other chunks. Without tRNS, no alpha is applied. The palette is filled up with
// black to 256 entries, as in Pillow, so that no sample is out of its range.
std::vector<std::byte> pixels_only(const PngParts& parts) {
  size_t data_bytes = 0;
  for (const Bytes part : parts.data) data_bytes += part.size();
  std::vector<std::byte> file;
  file.reserve(data_bytes + 1024);
  append(file, std::as_bytes(std::span(kPngSignature)));
  append_chunk(file, "IHDR", parts.header.size(), {&parts.header, 1});
  if (parts.has_palette) {
    std::vector<std::byte> palette(parts.palette.begin(), parts.palette.end());
    palette.resize(768);
    const Bytes whole = palette;
    append_chunk(file, "PLTE", whole.size(), {&whole, 1});
  }
  append_chunk(file, "IDAT", data_bytes, parts.data);
  append_chunk(file, "IEND", 0, {});
  return file;
}

}  // namespace

Result<Image> decode_png(const PngParts& parts) {
  const std::vector<std::byte> file = pixels_only(parts);
  const size_t pixels = static_cast<size_t>(parts.width) * static_cast<size_t>(parts.height);
  // The most that stb holds at a time is the compressed data and three copies of the picture with four samples per
  // pixel; four copies for an interlaced picture, whose expanded size it underestimates and then doubles.
  const size_t samples_held = parts.interlaced ? 16 : 12;
  const size_t enough = file.size() + samples_held * pixels * (parts.depth == 16 ? 2 : 1) + kSlackBytes;
  budget = {std::min<size_t>(enough, kMaxDecodeBytes)};
  int width = 0;
  int height = 0;
  int components = 0;
  stbi_uc* decoded = stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(file.data()), static_cast<int>(file.size()),
                                           &width, &height, &components, 3);
  if (decoded == nullptr) {
    if (budget.out_of_memory) throw std::bad_alloc();  // says nothing about the picture: it must not be skipped
    if (!budget.exceeded) return Result<Image>::failure("damaged: its data cannot be decompressed to its pixels");
    return Result<Image>::failure(enough <= kMaxDecodeBytes ? "its data expands to more bytes than its pixels need"
                                                            : "takes too much memory to decode");
  }
  struct Release {
    stbi_uc* block;
    ~Release() { budget_free(block); }
  } release{decoded};
  return Image{height, width, std::vector<uint8_t>(decoded, decoded + 3 * pixels)};
}

}  // namespace vgg16
