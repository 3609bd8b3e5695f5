// A small vector type: the widest float32 vector of the instruction set this file is compiled for.
//
// Included only by the files that are compiled once per instruction set (see winograd_kernels.inc), inside their own
// namespace, so that no inline function compiled for AVX-512 can be picked by the linker for all.
// Results differ between instruction sets (fused or separate multiply-add), never within one.
#pragma once

#if defined(__AVX512F__) || (defined(__AVX2__) && defined(__FMA__))
#include <immintrin.h>
#endif

#define VGG16_INLINE inline __attribute__((always_inline))

namespace {

#if defined(__AVX512F__)

constexpr int kLanes = 16;
constexpr int kTileBlock = 14;  // 14 x 2 accumulators + 2 operands + 1 broadcast: 31 of 32 registers
typedef float Vec __attribute__((vector_size(64)));
VGG16_INLINE Vec load(const float* p) { return (Vec)_mm512_loadu_ps(p); }
VGG16_INLINE void store(float* p, Vec v) { _mm512_storeu_ps(p, (__m512)v); }
VGG16_INLINE Vec broadcast(float x) { return (Vec)_mm512_set1_ps(x); }
VGG16_INLINE Vec fma(Vec a, Vec b, Vec c) { return (Vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
// Not _mm512_max_ps: GCC 12 warns of that intrinsic's own undefined operand (GCC bug 105593).
VGG16_INLINE Vec max(Vec a, Vec b) { return (Vec)_mm512_maskz_max_ps(0xFFFF, (__m512)a, (__m512)b); }

#elif defined(__AVX2__) && defined(__FMA__)

constexpr int kLanes = 8;
constexpr int kTileBlock = 6;  // 6 x 2 accumulators + 2 operands + 1 broadcast: 15 of 16 registers
typedef float Vec __attribute__((vector_size(32)));
VGG16_INLINE Vec load(const float* p) { return (Vec)_mm256_loadu_ps(p); }
VGG16_INLINE void store(float* p, Vec v) { _mm256_storeu_ps(p, (__m256)v); }
VGG16_INLINE Vec broadcast(float x) { return (Vec)_mm256_set1_ps(x); }
VGG16_INLINE Vec fma(Vec a, Vec b, Vec c) { return (Vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
VGG16_INLINE Vec max(Vec a, Vec b) { return (Vec)_mm256_max_ps((__m256)a, (__m256)b); }

#else

constexpr int kLanes = 4;
constexpr int kTileBlock = 6;
typedef float Vec __attribute__((vector_size(16)));
typedef Vec UnalignedVec __attribute__((aligned(4), may_alias));
VGG16_INLINE Vec load(const float* p) { return *reinterpret_cast<const UnalignedVec*>(p); }
VGG16_INLINE void store(float* p, Vec v) { *reinterpret_cast<UnalignedVec*>(p) = v; }
VGG16_INLINE Vec broadcast(float x) { return Vec{x, x, x, x}; }
VGG16_INLINE Vec fma(Vec a, Vec b, Vec c) { return a * b + c; }
VGG16_INLINE Vec max(Vec a, Vec b) { return a > b ? a : b; }

#endif

constexpr int kPanel = 2 * kLanes;  // output channels that one block of the product computes

}  // namespace
