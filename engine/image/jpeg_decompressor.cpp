#include "image/jpeg_decompressor.h"

// jerror.h needs jpeglib.h before it.
#include <jerror.h>

#include <algorithm>
#include <new>
#include <utility>

namespace vgg16 {

void JpegDecompressor::fail(j_common_ptr info) { std::longjmp(manager(info).jump, 1); }

// A negative level is a warning: libjpeg has invented pixels or skipped stray bytes. Pillow accepts such pictures, and
// so does this, except those whose data ends before the last block is complete.
void JpegDecompressor::on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  ErrorManager& errors = manager(info);
  switch (errors.base.msg_code) {
    case JWRN_MUST_RESYNC:
      errors.lost_restart = true;
      return;
    case JWRN_HIT_MARKER: {
      const int marker = reinterpret_cast<j_decompress_ptr>(info)->unread_marker;
      if (marker >= JPEG_RST0 && marker <= JPEG_RST0 + 7) errors.lost_restart = true;
      break;
    }
    case JWRN_JPEG_EOF:
      break;
    default:
      return;
  }
  errors.ran_out_of_data = true;
  fail(info);
}

JpegDecompressor::JpegDecompressor() {
  info_.err = jpeg_std_error(&errors_.base);
  errors_.base.error_exit = fail;
  errors_.base.emit_message = on_message;
  errors_.base.output_message = [](j_common_ptr) {};  // libjpeg's own writes to standard error
  info_.client_data = this;
}

template <class Call>
bool JpegDecompressor::attempt(Call call) {
  if (setjmp(errors_.jump) == 0) {
    if (call()) return true;
  }
  if (is_created_) {
    jpeg_abort_decompress(&info_);
  } else {
    jpeg_destroy_decompress(&info_);
  }
  return false;
}

void* JpegDecompressor::allocate(j_common_ptr info, int pool, size_t size_bytes) {
  auto& self = *static_cast<JpegDecompressor*>(info->client_data);
  if (pool != JPOOL_PERMANENT || size_bytes > self.tables_.size() - self.tables_used_) {
    return self.allocate_(info, pool, size_bytes);
  }
  return self.tables_.data() + std::exchange(self.tables_used_, self.tables_used_ + size_bytes);
}

void JpegDecompressor::forget_tables() {
  std::ranges::fill(info_.quant_tbl_ptrs, nullptr);
  std::ranges::fill(info_.dc_huff_tbl_ptrs, nullptr);
  std::ranges::fill(info_.ac_huff_tbl_ptrs, nullptr);
  tables_used_ = 0;
}

bool JpegDecompressor::read_header(Bytes bytes, const JpegFrame& frame) {
  errors_.ran_out_of_data = false;
  errors_.lost_restart = false;
  if (!is_created_) {
    is_created_ = attempt([&] {
      jpeg_create_decompress(&info_);
      allocate_ = info_.mem->alloc_small;
      return true;
    });
    if (!is_created_) return false;
  }
  return attempt([&] {
    jpeg_abort_decompress(&info_);  // a picture that was not finished
    forget_tables();
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes.data()),
                 static_cast<unsigned long>(bytes.size()));
    info_.mem->alloc_small = allocate;  // now that libjpeg has made its source of bytes, which it keeps
    // Tables may come as a stream of their own before the picture's; the walk has seen that it is one.
    while (jpeg_read_header(&info_, FALSE) == JPEG_HEADER_TABLES_ONLY) {
    }
    // Memory is allocated for the size that the walk has read. libjpeg must agree, or it would write beyond its end.
    errors_.base.msg_code = 0;
    return static_cast<int>(info_.image_width) == frame.width && static_cast<int>(info_.image_height) == frame.height &&
           info_.num_components == frame.components;
  });
}

bool JpegDecompressor::start(JpegOutput output) {
  return attempt([&] {
    // Pillow's settings. libjpeg converts YCCK to CMYK.
    info_.out_color_space = info_.num_components == 4 ? JCS_CMYK : JCS_RGB;
    info_.dct_method = JDCT_ISLOW;
    info_.do_fancy_upsampling = TRUE;
    info_.raw_data_out = output == JpegOutput::kPlanes ? TRUE : FALSE;
    jpeg_start_decompress(&info_);
    return true;
  });
}

bool JpegDecompressor::read_row(uint8_t* pixels) {
  return attempt([&] {
    JSAMPROW row = pixels;
    jpeg_read_scanlines(&info_, &row, 1);
    return true;
  });
}

bool JpegDecompressor::read_band(JSAMPIMAGE planes) {
  return attempt([&] {
    jpeg_read_raw_data(&info_, planes, static_cast<JDIMENSION>(info_.max_v_samp_factor * DCTSIZE));
    return true;
  });
}

bool JpegDecompressor::finish() {
  return attempt([&] {
    jpeg_finish_decompress(&info_);
    return true;
  });
}

std::string JpegDecompressor::reason() {
  if (errors_.ran_out_of_data && errors_.lost_restart) return "damaged: its restart markers do not match its data";
  if (errors_.ran_out_of_data) return "truncated: its data ends before the last pixel";
  if (errors_.base.msg_code == 0) return "damaged: the decoder finds another size than the header says";
  if (errors_.base.msg_code == JERR_OUT_OF_MEMORY) throw std::bad_alloc();
  char text[JMSG_LENGTH_MAX] = "";
  errors_.base.format_message(reinterpret_cast<j_common_ptr>(&info_), text);
  return std::string("damaged: ") + text;
}

}  // namespace vgg16
