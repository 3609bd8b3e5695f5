// The eight tile registers of AMX, each up to 16 rows of 64 bytes, and the product of bfloat16 tiles.
//
// Tiles is the processor's registers where the including file defines VGG16_AMX_TILES, and an array with the same
// operations, in plain C++, where it does not: so kernels over it can be tested on every machine. Their bits are the
// same (tests compare them where there is AMX). All is in an unnamed namespace, as in simd.h and for the same reason.
#pragma once

#include <cstdint>
#include <cstring>

namespace {

constexpr int kTileRows = 16;
constexpr int kTileBytes = 64;  // of one row

// Rows and bytes per row of every tile, in the form that the processor reads (LDTILECFG, palette 1).
struct alignas(64) TileShapes {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};

#ifdef VGG16_AMX_TILES

// The tile registers of the calling thread: configured by the constructor, released by the destructor. While they hold
// data, every switch of the thread saves 8 KiB more; so none outlives a kernel's call.
class Tiles {
 public:
  explicit Tiles(const TileShapes& shapes) { asm volatile("ldtilecfg %0" : : "m"(shapes)); }
  ~Tiles() { asm volatile("tilerelease"); }
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;

  template <int kTile>
  void zero() {
    asm volatile("tilezero %%tmm%c0" : : "i"(kTile));
  }
  template <int kTile>
  void load(const void* rows, int64_t stride) {
    asm volatile("tileloadd (%1,%2,1), %%tmm%c0" : : "i"(kTile), "r"(rows), "r"(stride) : "memory");
  }
  template <int kTile>
  void store(void* rows, int64_t stride) {
    asm volatile("tilestored %%tmm%c0, (%1,%2,1)" : : "i"(kTile), "r"(rows), "r"(stride) : "memory");
  }
  // sum[m][n] += the products of row m of `a` with column n of `b`, whose rows are pairs of a's columns.
  template <int kSum, int kA, int kB>
  void multiply_add() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
  }
};

#else

// The operations as Intel's manual for software developers, volume 2, gives them. TDPBF16PS: for every element, the
// products of the even and of the odd elements are two chains of fused multiply-adds from 0, in ascending order; the
// chains are added, and their sum is added to the element. All round to nearest even, with denormal operands and
// results taken as zeros of their sign, whatever MXCSR says.
class Tiles {
 public:
  explicit Tiles(const TileShapes& shapes) : shapes_(shapes) {}

  template <int kTile>
  void zero() {
    std::memset(data_[kTile], 0, sizeof data_[kTile]);
  }
  template <int kTile>
  void load(const void* rows, int64_t stride) {
    zero<kTile>();
    for (int row = 0; row < shapes_.rows[kTile]; ++row) {
      std::memcpy(data_[kTile] + row * kTileBytes, static_cast<const char*>(rows) + row * stride,
                  shapes_.row_bytes[kTile]);
    }
  }
  template <int kTile>
  void store(void* rows, int64_t stride) {
    for (int row = 0; row < shapes_.rows[kTile]; ++row) {
      std::memcpy(static_cast<char*>(rows) + row * stride, data_[kTile] + row * kTileBytes, shapes_.row_bytes[kTile]);
    }
  }
  template <int kSum, int kA, int kB>
  void multiply_add() {
    Elements a(data_[kA], shapes_.rows[kA]);
    Elements b(data_[kB], shapes_.rows[kB]);
    // Products of two numbers of 8 bits are multiples of 2^(lowest - 127 - 7) each; so where that is 2^-126 or more, no
    // sum of them is denormal, and float32 holds every product exactly.
    const bool in_range = a.lowest + b.lowest - 2 * 134 >= -126 && a.highest + b.highest - 2 * 126 <= 127;
    const auto add = in_range ? add_products<true> : add_products<false>;
    add(a, b, shapes_.rows[kSum], shapes_.row_bytes[kA] / 4, data_[kSum]);
  }

 private:
  static constexpr int kColumns = kTileBytes / 4;

  // The elements of a tile, even and odd columns apart, denormal ones as zeros; and the exponents of those that are
  // not.
  struct Elements {
    float even[kTileRows][kColumns], odd[kTileRows][kColumns];
    int lowest = 255, highest = 0;
    Elements(const char* tile, int rows) {
      for (int row = 0; row < rows; ++row) {
        uint32_t pairs[kColumns];
        std::memcpy(pairs, tile + row * kTileBytes, sizeof pairs);
        for (uint32_t& pair : pairs) pair <<= 16U;
        decode(pairs, even[row]);
        std::memcpy(pairs, tile + row * kTileBytes, sizeof pairs);
        decode(pairs, odd[row]);
      }
    }
    void decode(const uint32_t* bits, float* values) {
      uint32_t numbers[kColumns];
      int low = lowest;
      int high = highest;
      for (int n = 0; n < kColumns; ++n) {
        const auto exponent = static_cast<int>(bits[n] >> 23U & 0xFFU);
        numbers[n] = bits[n] & (exponent == 0 ? 0x80000000U : 0xFFFF0000U);
        low = exponent != 0 && exponent < low ? exponent : low;
        high = exponent > high ? exponent : high;
      }
      lowest = low;
      highest = high;
      std::memcpy(values, numbers, sizeof numbers);
    }
  };

  // A denormal becomes a zero of its sign.
  static float flushed(float value) {
    return __builtin_fabsf(value) < __FLT_MIN__ ? __builtin_copysignf(0.0F, value) : value;
  }

  // Rounded once to float32: in double the product of two bfloat16 is exact, and so is its sum with a float32 as far as
  // rounding to float32 can see.
  static float fused(float a, float b, float sum) {
    return flushed(static_cast<float>(static_cast<double>(a) * static_cast<double>(b) + static_cast<double>(sum)));
  }

  template <bool kInRange>
  static void add_products(const Elements& a, const Elements& b, int rows, int pairs, char* sums) {
    const auto add = [](float x, float y, float sum) { return kInRange ? x * y + sum : fused(x, y, sum); };
    for (int m = 0; m < rows; ++m, sums += kTileBytes) {
      float even[kColumns] = {};
      float odd[kColumns] = {};
      for (int k = 0; k < pairs; ++k) {
        for (int n = 0; n < kColumns; ++n) even[n] = add(a.even[m][k], b.even[k][n], even[n]);
        for (int n = 0; n < kColumns; ++n) odd[n] = add(a.odd[m][k], b.odd[k][n], odd[n]);
      }
      float row[kColumns];
      std::memcpy(row, sums, sizeof row);
      for (int n = 0; n < kColumns; ++n) row[n] = flushed(flushed(row[n]) + flushed(even[n] + odd[n]));
      std::memcpy(sums, row, sizeof row);
    }
  }

  TileShapes shapes_;
  alignas(64) char data_[8][kTileRows * kTileBytes] = {};
};

#endif

}  // namespace
