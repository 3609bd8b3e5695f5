// libjpeg-turbo, with its errors as return values.
#pragma once

#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
// jpeglib.h needs <cstdio> before it.
#include <jpeglib.h>

#include <string>

#include "image/walk.h"

namespace vgg16 {

/// What a decompressor gives: pixels, or the planes of the colour components as they are coded, before libjpeg brings
/// them to the picture's size and converts the colours.
enum class JpegOutput { kPixels, kPlanes };

/// Decodes one picture after another, with the settings that Pillow uses: read_header, start, then rows or bands until
/// the picture ends, finish. Each function returns whether libjpeg succeeded; after a failure only reason() may be
/// called, or the next picture be begun. Every picture is decoded as if it were the first. Between pictures only
/// libjpeg's object itself stays in memory.
class JpegDecompressor {
 public:
  JpegDecompressor();
  ~JpegDecompressor() { jpeg_destroy_decompress(&info_); }
  JpegDecompressor(const JpegDecompressor&) = delete;
  JpegDecompressor& operator=(const JpegDecompressor&) = delete;

  /// `bytes`, which walk_jpeg() has accepted with this result, must stay valid until finish().
  [[nodiscard]] bool read_header(Bytes bytes, const JpegFrame& frame);
  [[nodiscard]] bool start(JpegOutput output);
  /// The next row of pixels: 3 samples each, or 4 for CMYK.
  [[nodiscard]] bool read_row(uint8_t* pixels);
  /// The next band of all planes: for each component the addresses of 8 rows times its vertical sampling factor.
  [[nodiscard]] bool read_band(JSAMPIMAGE planes);
  [[nodiscard]] bool finish();

  [[nodiscard]] const jpeg_decompress_struct& info() const { return info_; }
  /// Why it failed. Throws std::bad_alloc if there was no memory: that says nothing about the picture.
  [[nodiscard]] std::string reason();

 private:
  // libjpeg reports errors through callbacks, and the one for errors must not return, so it jumps. `base` must be the
  // first member: libjpeg passes a pointer to it, which is cast back.
  struct ErrorManager {
    jpeg_error_mgr base;
    std::jmp_buf jump;
    bool ran_out_of_data;
    bool lost_restart;  // a restart marker was not where it belongs
  };

  static ErrorManager& manager(j_common_ptr info) { return *reinterpret_cast<ErrorManager*>(info->err); }
  [[noreturn]] static void fail(j_common_ptr info);
  static void on_message(j_common_ptr info, int level);

  // libjpeg keeps a picture's tables, and would decode a later picture with them that lacks its own. So each picture
  // gets new ones, in memory that is used again. libjpeg allocates each at most once per picture.
  static constexpr size_t kTableBytes = NUM_QUANT_TBLS * sizeof(JQUANT_TBL) + 2 * NUM_HUFF_TBLS * sizeof(JHUFF_TBL);
  static void* allocate(j_common_ptr info, int pool, size_t size_bytes);
  void forget_tables();

  // Calls libjpeg, and after a failure has it release what the picture took. longjmp runs no destructors, so `call`
  // must not create objects that have one.
  template <class Call>
  bool attempt(Call call);

  jpeg_decompress_struct info_ = {};
  ErrorManager errors_ = {};
  bool is_created_ = false;
  decltype(jpeg_memory_mgr::alloc_small) allocate_ = nullptr;  // libjpeg's own
  alignas(std::max_align_t) std::array<std::byte, kTableBytes> tables_;
  size_t tables_used_ = 0;
};

}  // namespace vgg16
