// PTX instructions of compute capability 8.0 as functions, one each.
//
// A kernel whose threads work together is a function template over these, so that tests can compile the same source
// for the host, where tests/support/cuda_emulation.h defines the same names.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

#include "kernels/block.cuh"

#ifdef __CUDACC__

namespace vgg16 {

/// Starts copying 16 bytes from device to shared memory, both aligned to 16; writes zeros instead where not `valid`
/// (`global` is then not read, but must be an address).
__device__ __forceinline__ void copy16_async(void* shared, const void* global, bool valid) {
  asm volatile(
      "cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(static_cast<uint32_t>(__cvta_generic_to_shared(shared))),
      "l"(global), "r"(valid ? 16 : 0)
      : "memory");
}
/// Ends a group of this thread's copies.
__device__ __forceinline__ void close_copy_group() { asm volatile("cp.async.commit_group;\n" ::: "memory"); }
/// Waits until all but this thread's latest kPending groups are done.
template <int kPending>
__device__ __forceinline__ void wait_copy_groups() {
  asm volatile("cp.async.wait_group %0;\n" ::"n"(kPending) : "memory");
}

/// Loads four 8 x 8 matrices of 16-bit numbers: lane 8q + r gives the address of row r of matrix q, 16 bytes, and gets
/// word l % 4 of row l / 4 of each. Rows of four 32-bit numbers are distributed in the same way.
__device__ __forceinline__ void load_matrices(const void* shared, uint32_t (&words)[4]) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];\n"
               : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
               : "r"(static_cast<uint32_t>(__cvta_generic_to_shared(shared)))
               : "memory");
}

/// sum (16 x 8) += a (16 x k) b (k x 8) on tensor cores, k = 16 of __half or __nv_bfloat16, or 8 of float as TF32.
/// With g = lane / 4, t = lane % 4: sum holds (g, 2t), (g, 2t+1), (g+8, 2t), (g+8, 2t+1); words of a hold rows g and
/// g+8 of 16 bytes, then the same of the next 16; words of b hold column g of 16 bytes, then of the next 16; word t
/// each.
template <class T>
__device__ __forceinline__ void multiply_add(float (&sum)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]);

#define VGG16_MMA(shape, type)                                                          \
  asm volatile("mma.sync.aligned." shape ".row.col.f32." type "." type                  \
               ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};\n" \
               : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])                 \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))
template <>
__device__ __forceinline__ void multiply_add<__half>(float (&sum)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  VGG16_MMA("m16n8k16", "f16");
}
template <>
__device__ __forceinline__ void multiply_add<__nv_bfloat16>(float (&sum)[4], const uint32_t (&a)[4],
                                                            const uint32_t (&b)[2]) {
  VGG16_MMA("m16n8k16", "bf16");
}
template <>
__device__ __forceinline__ void multiply_add<float>(float (&sum)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  VGG16_MMA("m16n8k8", "tf32");
}
#undef VGG16_MMA

/// A float32's bits rounded to TF32: nearest, ties away from zero.
__device__ __forceinline__ uint32_t round_to_tf32(uint32_t bits) {
  uint32_t rounded;
  asm("cvt.rna.tf32.f32 %0, %1;\n" : "=r"(rounded) : "f"(__uint_as_float(bits)));
  return rounded;
}

}  // namespace vgg16

#endif
