// Each convolution of the network as the CPU engine runs it (the second one together with the first), with bias, ReLU
// and the max pooling that follows it, if any.
#include <array>
#include <atomic>
#include <chrono>
#include <vector>

#include "backend/cpu_convolution.h"
#include "backend/cpu_network.h"
#include "bench/bench.h"
#include "network/vgg16.h"
#include "support/random.h"

namespace vgg16 {
namespace {

struct PlaneMemory {
  std::vector<FloatArray> memory;
  std::vector<Plane> planes;

  void add(int channels, int side, int padded_side) {
    Plane plane{nullptr, channels, side, side, padded_side, padded_side};
    memory.emplace_back(plane.count());
    plane.data = memory.back().data();
    planes.push_back(plane);
  }
};

// The stages of a convolution, each a member of the table of kernels.
enum Stage { kFirstConv, kInput, kProducts, kOutput, kStages };
constexpr std::array<const char*, kStages> kStageNames = {"first_conv_%", "input_%", "products_%", "output_%"};

constexpr int kProfiledRuns = 5;

// The kernels of one instruction set, wrapped in functions that measure their time per thread. Kernels are plain
// function pointers, so the measured times are global.
const Conv3x3Cpu* timed_kernels = nullptr;
std::array<std::atomic<int64_t>, kStages> stage_ns;

template <Stage kStage, auto kMember, typename... Args>
void timed(Args... args) {
  const auto start = std::chrono::steady_clock::now();
  (timed_kernels->*kMember)(args...);
  stage_ns[kStage] += std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count();
}

Conv3x3Cpu with_clocks(const Conv3x3Cpu& kernels) {
  timed_kernels = &kernels;
  for (auto& ns : stage_ns) ns = 0;
  Conv3x3Cpu clocked = kernels;
  clocked.first_convolution = timed<kFirstConv, &Conv3x3Cpu::first_convolution>;
  clocked.transform_input = timed<kInput, &Conv3x3Cpu::transform_input>;
  clocked.multiply = timed<kProducts, &Conv3x3Cpu::multiply>;
  clocked.transform_output = timed<kOutput, &Conv3x3Cpu::transform_output>;
  return clocked;
}

void layer(benchmark::State& state, const Conv3x3Cpu& kernels, size_t index, int n, int n_threads) {
  ThreadPool threads(n_threads);
  const auto network = prepare_cpu_network(default_weights(), kernels, index, threads);
  const WinogradLayer& w = network->convolutions[conv_index(index)];
  const bool pool = !is_conv(index + 1);
  const int side = pool ? w.side / 2 : w.side;
  PlaneMemory in;
  PlaneMemory out;
  for (int i = 0; i < n; ++i) {
    in.add(w.ic, w.side, w.padded_side());
    out.add(w.oc, side, side + 2);
    const auto values = random_floats(int64_t{w.side} * w.side * w.ic, static_cast<uint32_t>(i), 0, 1);
    for (int block = 0, at = 0; block < w.ic / kBlock; ++block) {
      for (int y = 0; y < w.side; ++y, at += w.side * kBlock) {
        std::copy_n(values.data() + at, w.side * kBlock, in.planes.back().at(block, y, 0));
      }
    }
  }
  CpuScratch scratch;
  scratch.reserve(kernels, w, n);
  scratch.allocate(n_threads);
  FloatArray normalised(int64_t{kInputSide + 2} * (kInputSide + 2) * 3);
  const auto run = [&](const Conv3x3Cpu& with) {
    if (index > 1) {
      convolve(with, w, pool, in.planes.data(), n, out.planes.data(), threads, scratch);
      return;
    }
    for (int i = 0; i < n; ++i) {
      convolve_first_two(with, network->first, w, pool, normalised.data(), out.planes[static_cast<size_t>(i)], threads,
                         scratch);
    }
  };
  for (auto _ : state) run(kernels);

  const Conv3x3Cpu clocked = with_clocks(kernels);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kProfiledRuns; ++i) run(clocked);
  const std::chrono::duration<double, std::nano> all = std::chrono::steady_clock::now() - start;
  for (size_t stage = 0; stage < kStages; ++stage) {
    state.counters[kStageNames[stage]] = 100 * static_cast<double>(stage_ns[stage]) / (all.count() * n_threads);
  }
  report_flops(state, 2.0 * 9 * w.ic * static_cast<double>(output_shape(index, n).count()), kernels.name, n_threads);
  const double products = 2.0 * w.points() * w.tiles() * n * w.ic * w.oc * static_cast<double>(state.iterations());
  state.counters["products_of_peak_%"] = benchmark::Counter(
      100 * products / 1e9 / machine_peaks(kernels.name, n_threads).gflops, benchmark::Counter::kIsRate);
  const double bytes = 4.0 * (static_cast<double>(kernel_count(w)) + n * (static_cast<double>(in.planes[0].count()) +
                                                                          static_cast<double>(out.planes[0].count())));
  state.counters["MB"] = bytes / 1e6;
}

}  // namespace

void register_layers() {
  for (const Conv3x3Cpu* kernels : runnable_conv3x3_cpu()) {
    for (const int threads : {1, available_processors()}) {
      for (const int n : {1, 4}) {
        for (size_t i = 1; i < kVgg16.size(); ++i) {
          if (!is_conv(i)) continue;
          const std::string name = "layer/" + std::string(kVgg16[i].name) + "/" + std::string(kernels->name) + "_" +
                                   std::string(kernels->precision) + "/batch:" + std::to_string(n) +
                                   "/threads:" + std::to_string(threads);
          benchmark::RegisterBenchmark(name.c_str(),
                                       [=](benchmark::State& state) { layer(state, *kernels, i, n, threads); })
              ->Unit(benchmark::kMillisecond)
              ->UseRealTime();
        }
      }
    }
  }
}

}  // namespace vgg16
