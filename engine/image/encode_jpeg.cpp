#include <csetjmp>
#include <cstdio>
// jpeglib.h needs <cstdio> before it.
#include <jpeglib.h>

#include <cstdlib>
#include <new>
#include <string>

#include "vgg16/image.h"

namespace vgg16 {
namespace {

// libjpeg calls error_exit for errors, which must not return, so it jumps. `base` must be the first member: libjpeg
// passes a pointer to it, which is cast back.
struct ErrorManager {
  jpeg_error_mgr base = {};
  std::jmp_buf jump = {};
};

// The compressor and the memory that it writes to, which libjpeg takes with malloc.
struct Compressor {
  jpeg_compress_struct info = {};
  unsigned char* data = nullptr;
  unsigned long size = 0;

  Compressor() = default;
  ~Compressor() {
    jpeg_destroy_compress(&info);
    std::free(data);
  }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
};

// False if libjpeg failed. longjmp runs no destructors, so nothing here has one.
bool compress(const Image& image, int quality, ErrorManager& errors, Compressor& to) {
  if (setjmp(errors.jump) != 0) {
    to.data = nullptr;  // libjpeg frees it when it takes more, and tells of the new place only at the end
    return false;
  }
  jpeg_create_compress(&to.info);
  jpeg_mem_dest(&to.info, &to.data, &to.size);
  to.info.image_width = static_cast<JDIMENSION>(image.width);
  to.info.image_height = static_cast<JDIMENSION>(image.height);
  to.info.input_components = 3;
  to.info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&to.info);
  jpeg_set_quality(&to.info, quality, TRUE);
  to.info.optimize_coding = TRUE;
  jpeg_start_compress(&to.info, TRUE);
  const size_t row_bytes = 3 * static_cast<size_t>(image.width);
  while (to.info.next_scanline < to.info.image_height) {
    // libjpeg does not write to the row, although its type allows it.
    auto* row = const_cast<JSAMPROW>(image.pixels.data() + to.info.next_scanline * row_bytes);
    jpeg_write_scanlines(&to.info, &row, 1);
  }
  jpeg_finish_compress(&to.info);
  return true;
}

}  // namespace

std::vector<std::byte> encode_jpeg(const Image& image, int quality) {
  const auto is_side = [](int side) { return side >= 1 && side <= kMaxPictureSide; };
  const std::string size = std::to_string(image.height) + " x " + std::to_string(image.width);
  require(is_side(image.height) && is_side(image.width) &&
              image.pixels.size() == 3 * static_cast<size_t>(image.height) * static_cast<size_t>(image.width),
          ErrorCode::kShape,
          "encode_jpeg: " + std::to_string(image.pixels.size()) + " bytes of pixels for " + size +
              " pixels of 3 bytes, sides from 1 to " + std::to_string(kMaxPictureSide));
  require(quality >= 1 && quality <= 100, ErrorCode::kInvalidArgument,
          "encode_jpeg: quality " + std::to_string(quality) + ", expected 1 to 100");
  ErrorManager errors;
  Compressor compressor;
  compressor.info.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = [](j_common_ptr info) { std::longjmp(reinterpret_cast<ErrorManager*>(info->err)->jump, 1); };
  errors.base.output_message = [](j_common_ptr) {};  // libjpeg's own writes to standard error
  // With sides and quality in range, nothing but memory can be missing.
  if (!compress(image, quality, errors, compressor)) throw std::bad_alloc();
  const auto* bytes = reinterpret_cast<const std::byte*>(compressor.data);
  return {bytes, bytes + compressor.size};
}

}  // namespace vgg16
