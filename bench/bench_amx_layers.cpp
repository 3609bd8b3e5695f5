// Each convolution of the network on AMX as the engine runs it (the second one together with the first), with bias,
// ReLU and the max pooling that follows it, if any; in shares of the peak of its products.
#include <algorithm>
#include <vector>

#include "backend/amx_convolution.h"
#include "backend/amx_network.h"
#include "bench/bench.h"
#include "kernels/amx_permission.h"
#include "kernels/bf16.h"
#include "kernels/instruction_set.h"
#include "network/vgg16.h"
#include "support/random.h"

namespace vgg16 {
namespace {

struct PlaneMemory {
  std::vector<FloatArray> memory;
  std::vector<Bf16Plane> planes;

  void add(int channels, int side) {
    Bf16Plane plane{nullptr, channels, side, side, side + 2, side + 2};
    memory.emplace_back(plane.count() / 2);
    plane.data = reinterpret_cast<uint16_t*>(memory.back().data());
    planes.push_back(plane);
  }
};

void layer(benchmark::State& state, size_t index, int n, int n_threads) {
  ThreadPool threads(n_threads);
  const auto network = prepare_amx_network(default_weights(), index, threads);
  const AmxLayer& w = network->convolutions[conv_index(index)];
  const bool pool = !is_conv(index + 1);
  PlaneMemory in;
  PlaneMemory out;
  for (int i = 0; i < n; ++i) {
    in.add(w.ic, w.side);
    out.add(w.oc, pool ? w.side / 2 : w.side);
    const auto values = random_floats(in.planes[0].count(), static_cast<uint32_t>(i), 0, 1);
    std::transform(values.begin(), values.end(), in.planes.back().data, float_to_bf16);
  }
  const auto pixels = random_bytes(n * kPictureBytes, 1);
  AmxStrips strips(n_threads);
  for (auto _ : state) {
    if (index > 1) {
      convolve(conv3x3_amx(), w, pool, in.planes.data(), n, out.planes.data(), threads);
    } else {
      convolve_first_two(conv3x3_amx(), network->convolutions[0], w, pool, {pixels.data(), n}, out.planes.data(),
                         threads, strips);
    }
  }
  report_flops(state, 2.0 * 9 * w.ic * static_cast<double>(output_shape(index, n).count()), "amx", n_threads);
}

}  // namespace

void register_amx_layers() {
  if (!runs_here(InstructionSet::kAmx) || !request_amx().empty()) return;
  for (const int threads : {1, available_processors()}) {
    for (const int n : {1, 4}) {
      for (size_t i = 1; i < kVgg16.size(); ++i) {
        if (!is_conv(i)) continue;
        const std::string name = "layer/" + std::string(kVgg16[i].name) + "/amx_bf16/batch:" + std::to_string(n) +
                                 "/threads:" + std::to_string(threads);
        benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) { layer(state, i, n, threads); })
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
      }
    }
  }
}

}  // namespace vgg16
