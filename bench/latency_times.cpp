// vgg16_latency_times WEIGHTS DEVICE THREADS PRECISION CALLS:GAP_MS...: times single calls at batch size 1 for
// bench/latency_peers.py, each begun GAP_MS after the end of the one before, as a program that waits for its camera
// makes them. Prints one JSON line: seconds until the engine was there and of its first call; after 50 more calls, for
// each CALLS:GAP_MS the milliseconds of every call, the processor seconds of all, and when the hypervisor took time
// from this machine; memory, and what one more engine adds to it.
#include <time.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "support/golden.h"
#include "vgg16/extractor.h"
#include "vgg16/weights.h"

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr int kWarmUp = 50;
constexpr Seconds kWindow(0.1);  // ten ticks of /proc/stat

double processor_s() {
  timespec now = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double resident_mb() {
  int64_t total = 0;
  int64_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

// Ticks, of all processors, in which the hypervisor ran something else.
int64_t stolen_ticks() {
  std::ifstream file("/proc/stat");
  std::string cpu;
  file >> cpu;
  std::array<int64_t, 8> ticks = {};  // user, nice, system, idle, iowait, irq, softirq, steal
  for (int64_t& tick : ticks) file >> tick;
  return ticks.back();
}

template <class Call>
double seconds_of(Call call) {
  const auto start = Clock::now();
  call();
  return Seconds(Clock::now() - start).count();
}

// The JSON of `calls` calls. A window is [calls, stolen ticks].
template <class Call>
std::string measure(Call call, int calls, double gap_ms) {
  std::string times;
  std::string windows;
  const double processor_before = processor_s();
  int in_window = 0;
  int64_t stolen_before = stolen_ticks();
  auto window = Clock::now();
  for (int i = 0; i < calls; ++i) {
    if (gap_ms > 0) std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(gap_ms));
    times += (i > 0 ? ", " : "") + std::to_string(1e3 * seconds_of(call));
    ++in_window;
    if (i + 1 < calls && Clock::now() - window < kWindow) continue;
    const int64_t stolen = stolen_ticks();
    windows += (windows.empty() ? "[" : ", [") + std::to_string(in_window) + ", " +
               std::to_string(stolen - stolen_before) + "]";
    in_window = 0;
    stolen_before = stolen;
    window = Clock::now();
  }
  return "{\"gap_ms\": " + std::to_string(gap_ms) + ", \"cpu_s\": " + std::to_string(processor_s() - processor_before) +
         ", \"ms\": [" + times + "], \"windows\": [" + windows + "]}";
}

}  // namespace

int main(int argc, char** argv) try {
  using namespace vgg16;
  if (argc < 6) {
    std::fputs("usage: vgg16_latency_times WEIGHTS DEVICE THREADS PRECISION CALLS:GAP_MS...\n", stderr);
    return 2;
  }
  const ExtractorOptions options = {
      .device = argv[2], .precision = argv[4], .threads = std::atoi(argv[3]), .batch_size = 1};
  const auto pixels = golden_picture("waves");

  const auto begin = Clock::now();
  const auto weights = Weights::load(argv[1]);
  Extractor extractor(weights, options);
  const double load_s = Seconds(Clock::now() - begin).count();
  std::vector<float> row(static_cast<size_t>(extractor.columns()));
  const auto call = [&] { extractor.extract({pixels.data(), 1}, row.data()); };
  const double first_call_s = seconds_of(call);
  for (int i = 0; i < kWarmUp; ++i) call();
  const double memory_mb = resident_mb();

  std::string phases;
  for (int i = 5; i < argc; ++i) {
    char* gap = nullptr;
    const auto calls = static_cast<int>(std::strtol(argv[i], &gap, 10));
    phases += (i > 5 ? ", " : "") + measure(call, calls, *gap == ':' ? std::atof(gap + 1) : 0);
  }

  const double one_mb = resident_mb();
  double further_s = 0;
  double further_mb = 0;
  {
    const auto start = Clock::now();
    Extractor further(weights, options);
    further.extract({pixels.data(), 1}, row.data());
    further_s = Seconds(Clock::now() - start).count();
    further_mb = resident_mb() - one_mb;
  }
  std::printf(
      "{\"load_s\": %.6f, \"first_call_s\": %.6f, \"memory_mb\": %.1f, \"further_s\": %.6f, \"further_mb\": %.1f, "
      "\"phases\": [%s]}\n",
      load_s, first_call_s, memory_mb, further_s, further_mb, phases.c_str());
} catch (const std::exception& error) {
  std::fprintf(stderr, "vgg16_latency_times: %s\n", error.what());
  return 1;
}
