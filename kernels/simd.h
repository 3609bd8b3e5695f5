// Vec: the widest float32 vector of the instruction set that the including file is compiled for.
//
// Only the files that are compiled once per instruction set include this (conv3x3_cpu_body.h). Everything is in an
// unnamed namespace: otherwise the linker would keep one copy of each inline function for the whole program, and that
// might be the one with AVX-512 instructions. Include no header with inline functions of external linkage here, but
// plane.h, whose are inlined wherever they are called. fma() is fused with AVX2 and AVX-512 and two roundings in the
// portable set, so results differ between instruction sets in the last bits, never within one.
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
VGG16_INLINE Vec max_or_nan(Vec a, Vec b) { return (Vec)_mm512_maskz_max_epu32(0xFFFF, (__m512i)a, (__m512i)b); }

#elif defined(__AVX2__) && defined(__FMA__)

constexpr int kLanes = 8;
constexpr int kTileBlock = 6;  // 6 x 2 accumulators + 2 operands + 1 broadcast: 15 of 16 registers
typedef float Vec __attribute__((vector_size(32)));
VGG16_INLINE Vec load(const float* p) { return (Vec)_mm256_loadu_ps(p); }
VGG16_INLINE void store(float* p, Vec v) { _mm256_storeu_ps(p, (__m256)v); }
VGG16_INLINE Vec broadcast(float x) { return (Vec)_mm256_set1_ps(x); }
VGG16_INLINE Vec fma(Vec a, Vec b, Vec c) { return (Vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
VGG16_INLINE Vec max(Vec a, Vec b) { return (Vec)_mm256_max_ps((__m256)a, (__m256)b); }
VGG16_INLINE Vec max_or_nan(Vec a, Vec b) { return (Vec)_mm256_max_epu32((__m256i)a, (__m256i)b); }

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
VGG16_INLINE Vec max_or_nan(Vec a, Vec b) { return ((a > b) | (a != a)) ? a : b; }

#endif

// max(a, b) gives b if either is NaN, as maxps does. max_or_nan(a, b) gives NaN if either is NaN, and requires numbers
// >= 0 and not -0: the bits of such floats compare like unsigned integers, and a NaN of either sign compares above them
// all. That is why it can be an integer maximum, which costs no more than max().

// max(x + bias, 0), but NaN stays NaN: the check of the finished row must see an overflow. The order of max()'s
// operands matters. `bias` must not be -0: then x + bias is never -0, which max_or_nan() would take for the largest
// number.
VGG16_INLINE Vec bias_relu(Vec x, Vec bias) { return max(broadcast(0.0F), x + bias); }

constexpr int kPanel = 2 * kLanes;  // output channels that one block of the product computes

// multiply() reads its operands in words of 32 bits: one float32 channel or, in the file compiled with VGG16_BF16, two
// neighbouring bfloat16 channels, as vdpbf16ps takes them. Sums are float32 either way.
#ifdef VGG16_BF16

constexpr int kChannelsPerWord = 2;
// Rounds to nearest even (vcvtneps2bf16); 16 channels become 8 words.
VGG16_INLINE void store_operands(float* p, Vec v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), (__m256i)_mm512_cvtneps_pbh((__m512)v));
}
VGG16_INLINE Vec multiply_add(Vec x, Vec u, Vec sum) {
  return (Vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)x, (__m512bh)u);
}
// Writes `value` as channel `c` of the pair that `word` holds.
inline void store_operand(float* word, int c, float value) {
  unsigned bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  const auto rounded = static_cast<unsigned short>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
  __builtin_memcpy(reinterpret_cast<char*>(word) + 2 * (c % 2), &rounded, sizeof rounded);
}

#else

constexpr int kChannelsPerWord = 1;
VGG16_INLINE void store_operands(float* p, Vec v) { store(p, v); }
VGG16_INLINE Vec multiply_add(Vec x, Vec u, Vec sum) { return fma(x, u, sum); }
VGG16_INLINE void store_operand(float* word, int, float value) { *word = value; }

#endif

}  // namespace
