#include "kernels/process_mark.h"

#include <sys/mman.h>

#include "vgg16/error.h"

namespace vgg16 {
namespace {

constexpr size_t kPageBytes = 4096;

}  // namespace

// A system that does not know the advice (before Linux 4.14) leaves the page as it is, and a child is not told apart.
ProcessMark::ProcessMark() {
  void* page = ::mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) throw Error(ErrorCode::kMemory, "out of memory: a page more is needed");
  static_cast<void>(::madvise(page, kPageBytes, MADV_WIPEONFORK));
  page_ = static_cast<unsigned char*>(page);
  *page_ = 1;
}

ProcessMark::~ProcessMark() { ::munmap(page_, kPageBytes); }

}  // namespace vgg16
