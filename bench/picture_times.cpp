// vgg16_picture_times SECONDS FILE...: times decoding and resizing to 224 x 224 for bench/picture_peers.py, one thread.
// Prints one JSON line per file: milliseconds of decode_resized, and of decode_image and resize_nearest, by turns.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "vgg16/image.h"
#include "vgg16/preprocess.h"

namespace {

using Clock = std::chrono::steady_clock;

template <class Call>
double milliseconds(Call call) {
  const auto start = Clock::now();
  call();
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::string list(const std::vector<double>& times) {
  std::string text;
  for (const double time : times) text += (text.empty() ? "" : ", ") + std::to_string(time);
  return "[" + text + "]";
}

}  // namespace

int main(int argc, char** argv) try {
  using namespace vgg16;
  if (argc < 3) {
    std::fputs("usage: vgg16_picture_times SECONDS FILE...\n", stderr);
    return 2;
  }
  for (int i = 2; i < argc; ++i) {
    const auto bytes = read_picture(argv[i]);
    if (!bytes || !decode_resized(bytes.value(), kInputSide)) {
      std::fprintf(stderr, "vgg16_picture_times: %s cannot be read\n", argv[i]);
      return 1;
    }
    std::vector<uint8_t> pixels(kPictureBytes);
    std::vector<double> at_once;
    std::vector<double> whole;
    const auto begin = Clock::now();
    while (at_once.size() < 3 || Clock::now() - begin < std::chrono::duration<double>(std::atof(argv[1]))) {
      at_once.push_back(milliseconds([&] { pixels = decode_resized(bytes.value(), kInputSide).value().pixels; }));
      std::vector<uint8_t> expected(kPictureBytes);
      whole.push_back(
          milliseconds([&] { resize_nearest(decode_image(bytes.value()).value(), kInputSide, expected.data()); }));
      if (pixels != expected) throw std::runtime_error(std::string(argv[i]) + ": the two ways differ");
    }
    std::printf("{\"path\": \"%s\", \"resized_ms\": %s, \"whole_ms\": %s}\n", argv[i], list(at_once).c_str(),
                list(whole).c_str());
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "vgg16_picture_times: %s\n", error.what());
  return 1;
}
