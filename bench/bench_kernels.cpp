// The steps of a convolution separately, on one thread: the tile transforms, and the products for each kind of layer.
#include <vector>

#include "bench/bench.h"
#include "kernels/conv3x3_cpu.h"
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
  int64_t tile_stride;  // of the products

  Setup(const Conv3x3Cpu& kernels, int ic, int oc, int side, int m, int n_tiles)
      : layer{.ic = ic, .oc = oc, .depth = ic / kernels.channels_per_word, .side = side, .m = m},
        bias(oc),
        tiles{0, n_tiles} {
    layer.u_panel_stride = int64_t{layer.points()} * layer.depth * kernels.panel;
    layer.u_point_stride = int64_t{layer.depth} * kernels.panel;
    u = FloatArray(kernel_count(layer));
    const auto kernel = random_floats(int64_t{9} * ic * oc, 1);
    for (int p = 0; p < oc / kernels.panel; ++p) kernels.transform_kernel(layer, kernel.data(), p, u.data());
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
    tile_stride = int64_t{layer.points()} * kernels.panel + kBlock;
    products = FloatArray(tile_stride * n_tiles);
  }
};

void report_tile_time(benchmark::State& state, int tile_channels) {
  using benchmark::Counter;
  state.counters["ns_per_tile_and_16_channels"] = Counter(
      1e-9 * tile_channels / kBlock * static_cast<double>(state.iterations()), Counter::kIsRate | Counter::kInvert);
}

void transform_input(benchmark::State& state, const Conv3x3Cpu& kernels, int ic, int side, int m, int n_tiles) {
  Setup s(kernels, ic, 64, side, m, n_tiles);
  for (auto _ : state) kernels.transform_input(s.layer, &s.in, s.tiles, 0, ic / kBlock, n_tiles, 0, s.v.data());
  report_tile_time(state, n_tiles * ic);
}

// Products of all points for one panel of output channels.
void multiply(benchmark::State& state, const Conv3x3Cpu& kernels, int ic, int side, int m, int n_tiles) {
  Setup s(kernels, ic, 64, side, m, n_tiles);
  kernels.transform_input(s.layer, &s.in, s.tiles, 0, ic / kBlock, n_tiles, 0, s.v.data());
  for (auto _ : state) {
    for (int point = 0; point < s.layer.points(); ++point) {
      kernels.multiply(s.layer.depth, s.v.data() + point * n_tiles * transformed_stride(s.layer.depth), n_tiles,
                       s.u.data() + point * s.layer.u_point_stride, s.products.data() + int64_t{point} * kernels.panel,
                       s.tile_stride);
    }
  }
  report_flops(state, 2.0 * s.layer.points() * n_tiles * ic * kernels.panel, kernels.name, 1);
}

void transform_output(benchmark::State& state, const Conv3x3Cpu& kernels, int side, int m, int n_tiles, bool pool) {
  Setup s(kernels, 64, 64, side, m, n_tiles);
  if (pool) s.out.h = s.out.w = side / 2;
  for (auto _ : state) {
    kernels.transform_output(s.layer, s.products.data(), s.tile_stride, kernels.panel, s.tiles, 0, pool, &s.out);
  }
  report_tile_time(state, n_tiles * kernels.panel);
}

void preprocess(benchmark::State& state) {
  const auto picture = random_bytes(int64_t{224} * 224 * 3, 3);
  FloatArray out(int64_t{226} * 226 * 3);
  for (auto _ : state) preprocess_cpu(picture.data(), 0, 224, out.data());
}

}  // namespace

void register_kernels() {
  struct Case {
    const char* name;
    int ic, side, m, n_tiles;
    bool pool;
  };
  benchmark::RegisterBenchmark("preprocess", preprocess)->Unit(benchmark::kMicrosecond);
  for (const Conv3x3Cpu* kernels : runnable_conv3x3_cpu()) {
    const std::string set = "/" + std::string(kernels->name) + "_" + std::string(kernels->precision);
    for (const Case& c : {Case{"block1_conv2", 64, 224, 6, 28, true},
                          {"block2_conv2", 128, 112, 6, 14, true},
                          {"block3_conv2", 256, 56, 4, 14, false},
                          {"block4_conv2", 512, 28, 4, 49, false},
                          {"block5_conv2", 512, 14, 4, 16, false}}) {
      const std::string shape = std::string("/") + c.name + set;
      benchmark::RegisterBenchmark(("transform_input" + shape).c_str(), [=](benchmark::State& state) {
        transform_input(state, *kernels, c.ic, c.side, c.m, c.n_tiles);
      })->Unit(benchmark::kMicrosecond);
      benchmark::RegisterBenchmark(("multiply" + shape).c_str(), [=](benchmark::State& state) {
        multiply(state, *kernels, c.ic, c.side, c.m, c.n_tiles);
      })->Unit(benchmark::kMicrosecond);
      benchmark::RegisterBenchmark(("transform_output" + shape).c_str(), [=](benchmark::State& state) {
        transform_output(state, *kernels, c.side, c.m, c.n_tiles, c.pool);
      })->Unit(benchmark::kMicrosecond);
    }
  }
}

}  // namespace vgg16
