// vgg16_forward_times WEIGHTS BATCH THREADS PRECISION ISA SECONDS: times whole forward passes for bench/peers.py, which
// runs it and other engines in turns. Prints one JSON line: seconds per call, pictures per call, peak memory.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

#include "backend/make_backend.h"
#include "network/vgg16.h"
#include "support/golden.h"

// From /proc: the maximum of getrusage would include the process before exec.
static double peak_memory_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes / 1024;
  }
  return 0;
}

int main(int argc, char** argv) try {
  using namespace vgg16;
  using Clock = std::chrono::steady_clock;
  if (argc != 7) {
    std::fputs("usage: vgg16_forward_times WEIGHTS BATCH THREADS f32|bf16 auto|amx|avx512|avx2|portable SECONDS\n",
               stderr);
    return 2;
  }
  const int batch = std::atoi(argv[2]);
  const std::string isa = argv[5];
  const double limit_s = std::atof(argv[6]);
  const auto backend = make_backend(*Weights::load(argv[1]), {.device = "cpu",
                                                              .precision = argv[4],
                                                              .instruction_set = isa == "auto" ? "" : isa,
                                                              .threads = std::atoi(argv[3]),
                                                              .max_batch = batch});
  const auto picture = golden_picture("waves");
  std::vector<uint8_t> pixels;
  for (int i = 0; i < batch; ++i) pixels.insert(pixels.end(), picture.begin(), picture.end());
  const Shape4 shape = output_shape(17, batch);
  std::vector<float> features(static_cast<size_t>(shape.count()));
  std::string times;
  const auto begin = Clock::now();
  for (int call = -1; call < 3 || Clock::now() - begin < std::chrono::duration<double>(limit_s); ++call) {
    const auto start = Clock::now();
    backend->forward({pixels.data(), batch}, {}, {features.data(), shape});
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (call >= 0) times += (call > 0 ? ", " : "") + std::to_string(seconds);  // the first call warms up
  }
  std::printf("{\"ts\": [%s], \"images\": %d, \"peak_rss_mb\": %.1f}\n", times.c_str(), batch, peak_memory_mb());
} catch (const std::exception& error) {
  std::fprintf(stderr, "vgg16_forward_times: %s\n", error.what());
  return 1;
}
