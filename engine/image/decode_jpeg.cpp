#include <csetjmp>
#include <cstdio>
// jpeglib.h needs <cstdio> before it.
#include <jpeglib.h>
// jerror.h needs jpeglib.h before it.
#include <jerror.h>

#include <new>

#include "image/decode.h"

namespace vgg16 {
namespace {

// libjpeg reports errors through callbacks, and the one for errors must not return, so it jumps. `base` must be the
// first member: libjpeg passes a pointer to it, which is cast back. longjmp runs no destructors, so no object with a
// destructor may be created between setjmp and the calls of libjpeg.
struct ErrorManager {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  bool ran_out_of_data = false;
};

ErrorManager& manager(j_common_ptr info) { return *reinterpret_cast<ErrorManager*>(info->err); }

[[noreturn]] void fail(j_common_ptr info) { std::longjmp(manager(info).jump, 1); }

// A negative level is a warning: libjpeg has invented pixels or skipped stray bytes. Pillow accepts such pictures, and
// so does this, except those whose data ends before the last block is complete.
void on_message(j_common_ptr info, int level) {
  const int code = info->err->msg_code;
  if (level >= 0 || (code != JWRN_HIT_MARKER && code != JWRN_JPEG_EOF)) return;
  manager(info).ran_out_of_data = true;
  fail(info);
}

// libjpeg would print warnings to standard error.
void ignore_message(j_common_ptr) {}

class Decompressor {
 public:
  Decompressor() {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = fail;
    errors_.base.emit_message = on_message;
    errors_.base.output_message = ignore_message;
  }
  ~Decompressor() { jpeg_destroy_decompress(&info_); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  // Decodes into pixels of 3 samples, or 4 for CMYK. False if libjpeg failed; reason() says why.
  // Must not create objects with destructors: fail() jumps back to the setjmp.
  bool decode(Bytes bytes, const JpegFrame& frame, uint8_t* pixels) {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_create_decompress(&info_);
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes.data()),
                 static_cast<unsigned long>(bytes.size()));
    jpeg_read_header(&info_, TRUE);
    // Pillow's settings. libjpeg converts YCCK to CMYK.
    info_.out_color_space = frame.components == 4 ? JCS_CMYK : JCS_RGB;
    info_.dct_method = JDCT_ISLOW;
    info_.do_fancy_upsampling = TRUE;
    jpeg_start_decompress(&info_);
    // `pixels` was allocated for the size that the walk has read. libjpeg must agree, or it would write beyond its end.
    if (static_cast<int>(info_.output_width) != frame.width || static_cast<int>(info_.output_height) != frame.height) {
      errors_.base.msg_code = 0;
      return false;
    }
    const size_t row_bytes = size_t{info_.output_width} * static_cast<size_t>(info_.output_components);
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = pixels + info_.output_scanline * row_bytes;
      jpeg_read_scanlines(&info_, &row, 1);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }

  [[nodiscard]] bool out_of_memory() const { return errors_.base.msg_code == JERR_OUT_OF_MEMORY; }
  [[nodiscard]] std::string reason() {
    if (errors_.ran_out_of_data) return "truncated: its data ends before the last pixel";
    if (errors_.base.msg_code == 0) return "damaged: the decoder finds another size than the header says";
    char text[JMSG_LENGTH_MAX] = "";
    errors_.base.format_message(reinterpret_cast<j_common_ptr>(&info_), text);
    return std::string("damaged: ") + text;
  }

 private:
  jpeg_decompress_struct info_ = {};
  ErrorManager errors_ = {};
};

// Converts 4 samples per pixel to 3, in place, as Pillow does (Convert.c, cmyk2rgb): r = k - (255 - c) * k / 255,
// rounded to nearest. Like Pillow it assumes that samples are inverted, as Adobe writes them: 255 means no ink.
void cmyk_to_rgb(std::vector<uint8_t>& pixels) {
  const size_t count = pixels.size() / 4;
  for (size_t i = 0; i < count; ++i) {
    const unsigned light = pixels[4 * i + 3];
    for (size_t c = 0; c < 3; ++c) {
      const unsigned product = (255U - pixels[4 * i + c]) * light + 128U;
      pixels[3 * i + c] = static_cast<uint8_t>(light - ((product + (product >> 8U)) >> 8U));
    }
  }
  pixels.resize(3 * count);
}

}  // namespace

Result<Image> decode_jpeg(Bytes bytes, const JpegFrame& frame) {
  Image image{frame.height, frame.width, {}};
  const size_t samples = frame.components == 4 ? 4 : 3;
  // Four samples for CMYK, converted to three in place.
  image.pixels.resize(samples * static_cast<size_t>(frame.height) * static_cast<size_t>(frame.width));
  Decompressor decompressor;
  if (!decompressor.decode(bytes, frame, image.pixels.data())) {
    if (decompressor.out_of_memory()) throw std::bad_alloc();  // says nothing about the picture: it must not be skipped
    return Result<Image>::failure(decompressor.reason());
  }
  if (samples == 4) cmyk_to_rgb(image.pixels);
  return image;
}

}  // namespace vgg16
