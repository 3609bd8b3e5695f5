// The kernels' own source, every thread of a launch in turn.
#include <stdexcept>

#include "kernels/cuda_ops.h"
#include "support/cuda_emulation.h"
// The kernels' source comes after what it is run by.
#include "kernels/bias_relu.cuh"
#include "kernels/convert.cuh"
#include "kernels/global_pool.cuh"
#include "kernels/maxpool.cuh"
#include "kernels/preprocess.cuh"
#include "lab/conv3x3_mma.cuh"

namespace vgg16 {
namespace {

template <class Run>
void with_type(ElementType type, const Run& run) {
  if (type == ElementType::kF32) run(float{});
  if (type == ElementType::kF16) run(__half{});
  if (type == ElementType::kBf16) run(__nv_bfloat16{});
}

template <class Thread>
void each_thread(int64_t count, const Thread& thread) {
  for (int64_t t = 0; t < count; ++t) thread(static_cast<uint32_t>(t));
}

template <class T>
const Vector<T>* vectors(const void* data) {
  return static_cast<const Vector<T>*>(data);
}

template <class T, int kWarpM, int kWarpN>
void conv3x3(const MmaShape& shape, const void* in, const void* kernel, const float* bias, Guarded& out,
             CopyArrival arrival) {
  using Tile = ConvTile<T, kWarpM, kWarpN>;
  if (shape.oc % Tile::kTileN != 0) throw std::logic_error("oc does not fit the tile");
  const int pixels = shape.n * shape.h * shape.w;
  const int blocks = (pixels + Tile::kTileM - 1) / Tile::kTileM * (shape.oc / Tile::kTileN);
  for (int block = 0; block < blocks; ++block) {
    Guarded shared(Tile::kSharedBytes, 1);
    BlockEmulation::run(kConvThreads, arrival, static_cast<uint32_t>(block), [&](unsigned thread) {
      conv3x3_block<T, Tile>(static_cast<unsigned>(block), thread, shape, static_cast<const T*>(in),
                             static_cast<const T*>(kernel), bias, out.data<T>(), shared.data<unsigned char>());
    });
    if (!shared.fences_intact()) throw std::logic_error("written outside shared memory");
  }
}

}  // namespace

std::string reason_to_skip() { return ""; }
bool emulated() { return true; }

void run_preprocess(const uint8_t* pictures, Shape4 out_shape, ElementType type, Guarded& out) {
  with_type(type, [&](auto element) {
    using T = decltype(element);
    const auto* words = reinterpret_cast<const uint32_t*>(pictures);
    each_thread(int64_t{out_shape.n} * out_shape.h * out_shape.w / kPreprocessPixels, [&](uint32_t t) {
      if (out_shape.c == 4)
        preprocess_pixels<T, 4>(t, words, out.data<Vector<T>>());
      else
        preprocess_pixels<T, 8>(t, words, out.data<Vector<T>>());
    });
  });
}

void run_bias_relu(const void* in, Shape4 shape, ElementType type, const float* bias, Guarded& out) {
  with_type(type, [&](auto element) {
    using T = decltype(element);
    each_thread(shape.count() / Vector<T>::kCount, [&](uint32_t t) {
      bias_relu_vector<T>(t, static_cast<uint32_t>(shape.c / Vector<T>::kCount), vectors<T>(in), bias,
                          out.data<Vector<T>>());
    });
  });
}

void run_bias_relu_in_place(Guarded& values, Shape4 shape, ElementType type, const float* bias) {
  run_bias_relu(values.data<unsigned char>(), shape, type, bias, values);
}

void run_maxpool(const void* in, Shape4 shape, ElementType type, const float* bias_or_null, Guarded& out) {
  with_type(type, [&](auto element) {
    using T = decltype(element);
    const MaxpoolShape sizes = {static_cast<uint32_t>(shape.w / 2), static_cast<uint32_t>(shape.c / Vector<T>::kCount)};
    each_thread(shape.count() / 4 / Vector<T>::kCount, [&](uint32_t t) {
      if (bias_or_null == nullptr)
        maxpool2x2_vector<T, false>(t, sizes, vectors<T>(in), nullptr, out.data<Vector<T>>());
      else
        maxpool2x2_vector<T, true>(t, sizes, vectors<T>(in), bias_or_null, out.data<Vector<T>>());
    });
  });
}

void run_convert(const void* in, Shape4 shape, ElementType type, ElementType out_type, Guarded& out) {
  with_type(type == ElementType::kF32 ? out_type : type, [&](auto element) {
    using T = decltype(element);
    if constexpr (sizeof(T) == 2) {
      each_thread(shape.count() / kConvertCount, [&](uint32_t t) {
        if (type == ElementType::kF32)
          narrow_vector<T>(t, vectors<float>(in), out.data<Vector<T>>());
        else
          widen_vector<T>(t, vectors<T>(in), out.data<Vector<float>>());
      });
    } else if (shape.count() > 0) {  // a copy by CUDA, no kernel
      std::memcpy(out.data<float>(), in, static_cast<size_t>(shape.count()) * sizeof(float));
    }
  });
}

void run_global_pool(const void* in, Shape4 shape, ElementType type, Pool pool, Guarded& out) {
  with_type(type, [&](auto element) {
    using T = decltype(element);
    const int per_pixel = shape.c / Vector<T>::kCount;
    const int groups = (per_pixel + kPoolVectors - 1) / kPoolVectors;
    const GlobalPoolShape sizes = {static_cast<uint32_t>(shape.h * shape.w), static_cast<uint32_t>(per_pixel),
                                   static_cast<uint32_t>(groups)};
    for (int block = 0; block < shape.n * groups; ++block) {
      Guarded partials(global_pool_partials<T>(), sizeof(float));
      BlockEmulation::run(kPoolThreads, CopyArrival::kAtOnce, static_cast<uint32_t>(block), [&](unsigned thread) {
        const auto index = static_cast<uint32_t>(block);
        if (pool == Pool::kAvg)
          global_pool_block<T, Mean>(index, thread, sizes, vectors<T>(in), out.data<float>(), partials.data<float>());
        else
          global_pool_block<T, Maximum>(index, thread, sizes, vectors<T>(in), out.data<float>(),
                                        partials.data<float>());
      });
      if (!partials.fences_intact()) throw std::logic_error("written outside shared memory");
    }
  });
}

// Small tiles with copies that land as late as they may, then the larger ones, as they fit, with copies that land at
// once and late: sums run in one order in all, so the bits must be the same.
void run_conv3x3(const void* in, Shape4 shape, ElementType type, const void* packed, const float* bias, int oc,
                 Epilogue epilogue, Guarded& out) {
  with_type(type, [&](auto element) {
    using T = decltype(element);
    const MmaShape sizes = {shape.n, shape.h, shape.w, shape.c, oc, epilogue == Epilogue::kReluMaxPool2x2};
    conv3x3<T, 32, 32>(sizes, in, packed, bias, out, CopyArrival::kWhenWaitedFor);
    for (const bool large : {false, true}) {
      if (large && oc % 128 != 0) continue;
      Guarded other = out;
      std::memset(other.bytes(), 0xFF, static_cast<size_t>(other.total_bytes()));
      if (large)
        conv3x3<T, 64, 64>(sizes, in, packed, bias, other, CopyArrival::kWhenWaitedFor);
      else
        conv3x3<T, 64, 32>(sizes, in, packed, bias, other, CopyArrival::kAtOnce);
      if (std::memcmp(other.bytes(), out.bytes(), static_cast<size_t>(out.total_bytes())) != 0)
        throw std::logic_error("tiles of different sizes differ");
    }
  });
}

}  // namespace vgg16
