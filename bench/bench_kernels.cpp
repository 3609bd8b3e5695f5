// The steps of a convolution one by one, on one thread: tile transforms and products of each kind of layer.
#include <vector>

#include "bench/bench.h"
#include "kernels/cpu_kernels.h"
#include "kernels/memory.h"
#include "kernels/preprocess.h"
#include "support/random.h"

namespace vgg16 {
namespace {

// A layer with random weights and input, and one strip's worth of scratch.
struct Setup {
  WinogradLayer layer;
  FloatArray u, bias, in_memory, out_memory, v, products;
  Plane in, out;
  TileRange tiles;

  Setup(const CpuKernels& kernels, int ic, int oc, int side, int m, int n_tiles)
      : layer{ic, oc, side, m, nullptr, nullptr}, bias(oc), tiles{0, n_tiles} {
    u = FloatArray(int64_t{layer.points()} * ic * oc);
    const auto kernel = random_floats(int64_t{9} * ic * oc, 1);
    kernels.transform_kernel(kernel.data(), ic, oc, m, 0, oc / kernels.panel, u.data());
    layer.u = u.data();
    layer.bias = bias.data();
    in = {nullptr, ic, side, side, layer.padded_side(), layer.padded_side()};
    in_memory = FloatArray(in.count());
    const auto values = random_floats(in.count(), 2, 0, 1);
    std::copy(values.begin(), values.end(), in_memory.data());
    in.data = in_memory.data();
    out = {nullptr, oc, side, side, side + 2, side + 2};
    out_memory = FloatArray(out.count());
    out.data = out_memory.data();
    v = FloatArray(transformed_count(layer, n_tiles));
    products = FloatArray(int64_t{layer.points()} * n_tiles * kernels.panel);
  }
};

void transform_input(benchmark::State& state, const CpuKernels& kernels, int ic, int side, int m, int n_tiles) {
  Setup s(kernels, ic, 64, side, m, n_tiles);
  for (auto _ : state) kernels.transform_input(s.layer, &s.in, s.tiles, 0, ic / kBlock, n_tiles, 0, s.v.data());
  const double tile_blocks = static_cast<double>(n_tiles) * ic / kBlock * static_cast<double>(state.iterations());
  state.counters["ns_per_tile_and_16_channels"] =
      benchmark::Counter(tile_blocks / 1e9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// Products and output transform of one panel of output channels.
void compute_panel(benchmark::State& state, const CpuKernels& kernels, int ic, int side, int m, int n_tiles,
                   bool pool) {
  Setup s(kernels, ic, 64, side, m, n_tiles);
  if (pool) s.out.h = s.out.w = side / 2;
  kernels.transform_input(s.layer, &s.in, s.tiles, 0, ic / kBlock, n_tiles, 0, s.v.data());
  for (auto _ : state) {
    kernels.compute_panel(s.layer, s.v.data(), n_tiles, 0, s.tiles, 0, pool, s.products.data(), &s.out);
  }
  report_flops(state, 2.0 * s.layer.points() * n_tiles * ic * kernels.panel, kernels.name, 1);
}

void preprocess(benchmark::State& state) {
  const auto picture = random_bytes(int64_t{224} * 224 * 3, 3);
  FloatArray out(int64_t{226} * 226 * 3);
  for (auto _ : state) preprocess_cpu(picture.data(), out.data());
}

}  // namespace

void register_kernels() {
  struct Case {
    const char* name;
    int ic, side, m, n_tiles;
    bool pool;
  };
  benchmark::RegisterBenchmark("preprocess", preprocess)->Unit(benchmark::kMicrosecond);
  for (const CpuKernels* kernels : runnable_cpu_kernels()) {
    const std::string set = "/" + std::string(kernels->name);
    for (const Case& c : {Case{"block1_conv2", 64, 224, 6, 28, true},
                          {"block2_conv2", 128, 112, 6, 14, true},
                          {"block3_conv2", 256, 56, 4, 14, false},
                          {"block4_conv2", 512, 28, 4, 49, false},
                          {"block5_conv2", 512, 14, 4, 16, false}}) {
      const std::string shape = std::string("/") + c.name + set;
      benchmark::RegisterBenchmark(("transform_input" + shape).c_str(), [=](benchmark::State& state) {
        transform_input(state, *kernels, c.ic, c.side, c.m, c.n_tiles);
      })->Unit(benchmark::kMicrosecond);
      benchmark::RegisterBenchmark(("compute_panel" + shape).c_str(), [=](benchmark::State& state) {
        compute_panel(state, *kernels, c.ic, c.side, c.m, c.n_tiles, c.pool);
      })->Unit(benchmark::kMicrosecond);
    }
  }
}

}  // namespace vgg16
