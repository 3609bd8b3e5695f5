// JPEG files of every shape that the format has, for tests: libjpeg's encoder with its settings laid open.
#pragma once

#include <cstdio>
// jpeglib.h needs <cstdio> before it.
#include <jpeglib.h>

#include <array>
#include <cstdlib>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/pictures.h"
#include "support/random.h"

namespace vgg16 {

struct SamplingFactors {
  int h = 1;
  int v = 1;
};

struct JpegSettings {
  int width = 37;
  int height = 29;
  J_COLOR_SPACE colours = JCS_YCbCr;  ///< as they are coded
  std::array<SamplingFactors, 4> sampling = {{{2, 2}, {1, 1}, {1, 1}, {2, 2}}};
  int quality = 80;
  int restart_interval = 0;  ///< in minimum coded units
  bool progressive = false;
  bool scan_per_component = false;
  /// The first scans only; the end marker follows all the same. 0: all.
  int scans = 0;
};

namespace jpeg_encoder {

inline int components_of(J_COLOR_SPACE colours) {
  return colours == JCS_GRAYSCALE ? 1 : colours == JCS_CMYK || colours == JCS_YCCK ? 4 : 3;
}

[[noreturn]] inline void fail(j_common_ptr info) {
  char text[JMSG_LENGTH_MAX] = "";
  info->err->format_message(info, text);
  throw std::runtime_error(text);
}

/// A gradient with noise: every coefficient of every component is used.
inline std::vector<uint8_t> noisy_row(int y, int width, int samples) {
  std::vector<uint8_t> row = random_bytes(int64_t{width} * samples, static_cast<uint32_t>(y));
  for (size_t i = 0; i < row.size(); ++i) {
    row[i] = static_cast<uint8_t>(row[i] / 4 + (i * 3 + static_cast<size_t>(y) * (i % 4 + 1)) % 192);
  }
  return row;
}

}  // namespace jpeg_encoder

/// Throws std::runtime_error for settings that libjpeg does not encode.
inline FileBytes encoded_jpeg(const JpegSettings& settings) {
  using namespace jpeg_encoder;
  jpeg_compress_struct info = {};
  jpeg_error_mgr errors = {};
  info.err = jpeg_std_error(&errors);
  errors.error_exit = fail;
  unsigned char* out = nullptr;
  unsigned long size = 0;
  struct Cleanup {
    jpeg_compress_struct& info;
    unsigned char*& out;
    ~Cleanup() {
      jpeg_destroy_compress(&info);
      std::free(out);
    }
  } cleanup{info, out};
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &out, &size);
  info.image_width = static_cast<JDIMENSION>(settings.width);
  info.image_height = static_cast<JDIMENSION>(settings.height);
  info.input_components = components_of(settings.colours);
  info.in_color_space = settings.colours == JCS_YCbCr  ? JCS_RGB
                        : settings.colours == JCS_YCCK ? JCS_CMYK
                                                       : settings.colours;
  jpeg_set_defaults(&info);
  jpeg_set_colorspace(&info, settings.colours);
  jpeg_set_quality(&info, settings.quality, TRUE);
  info.restart_interval = static_cast<unsigned>(settings.restart_interval);
  for (int c = 0; c < info.num_components; ++c) {
    info.comp_info[c].h_samp_factor = settings.sampling[static_cast<size_t>(c)].h;
    info.comp_info[c].v_samp_factor = settings.sampling[static_cast<size_t>(c)].v;
  }
  std::vector<jpeg_scan_info> scans;
  if (settings.scan_per_component) {
    for (int c = 0; c < info.num_components; ++c) scans.push_back({1, {c, 0, 0, 0}, 0, 63, 0, 0});
  } else if (settings.progressive) {
    jpeg_simple_progression(&info);
    scans.assign(info.scan_info, info.scan_info + info.num_scans);
  }
  if (!scans.empty()) {
    info.scan_info = scans.data();
    info.num_scans = static_cast<int>(scans.size());
  }
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    std::vector<uint8_t> row = noisy_row(static_cast<int>(info.next_scanline), settings.width, info.input_components);
    JSAMPROW rows = row.data();
    jpeg_write_scanlines(&info, &rows, 1);
  }
  jpeg_finish_compress(&info);
  const auto bytes = std::as_bytes(std::span(out, size));
  FileBytes file(bytes.begin(), bytes.end());
  if (settings.scans > 0) {
    size_t at = 0;
    for (int scan = 0; scan <= settings.scans; ++scan, ++at) {
      while (file[at] != std::byte{0xFF} || file[at + 1] != std::byte{0xDA}) ++at;
    }
    // Tables of the scan that is left out may stay: they harm nothing.
    file.resize(at - 1);
    append_bytes(file, file_bytes("\xFF\xD9"));
  }
  return file;
}

}  // namespace vgg16
