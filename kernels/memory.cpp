#include "kernels/memory.h"

#include <sys/mman.h>

#include <string>

#include "vgg16/error.h"

namespace vgg16 {
namespace {

// The transformed weights are 242 MB, read from end to end for every group of pictures: with pages of 4 KiB the
// processor would have to translate an address anew every 4 KiB.
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kPage = 4096;

}  // namespace

// mmap instead of new: pages are zero and taken at first write, and the array can be aligned to huge pages.
FloatArray::FloatArray(int64_t count) : count_(count) {
  if (count == 0) return;
  const size_t bytes = (static_cast<size_t>(count) * sizeof(float) + kPage - 1) / kPage * kPage;
  const bool huge = bytes >= 2 * kHugePage;
  mapped_bytes_ = huge ? bytes + kHugePage : bytes;  // mmap aligns to 4 KiB only: room to move up to the next 2 MiB
  void* base = ::mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) {
    throw Error(ErrorCode::kMemory, "out of memory: " + std::to_string(bytes >> 20U) + " MB more are needed");
  }
  base_ = base;
  auto address = reinterpret_cast<uintptr_t>(base);
  if (huge) {
    address = (address + kHugePage - 1) / kHugePage * kHugePage;
    // Only a hint: if the system refuses, the array works with small pages, more slowly.
    static_cast<void>(::madvise(reinterpret_cast<void*>(address), bytes, MADV_HUGEPAGE));
  }
  data_ = reinterpret_cast<float*>(address);
}

FloatArray::~FloatArray() {
  if (base_ != nullptr) ::munmap(base_, mapped_bytes_);
}

}  // namespace vgg16
