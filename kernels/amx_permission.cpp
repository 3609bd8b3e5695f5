#include "kernels/amx_permission.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "vgg16/error.h"

namespace vgg16 {

std::string request_amx() {
#if defined(VGG16_X86) && defined(SYS_arch_prctl)
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM, which older headers do not have
  constexpr int kTileData = 18;               // the state component that holds the tiles
  if (::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0) return {};
  switch (errno) {
    case ENOSPC:
      return "the alternate signal stack of a thread is too small for its larger frames";
    case EINVAL:
      return "this version of Linux does not know it (5.16 is the first)";
    default:
      return "the system refuses it: " + system_message(errno);
  }
#else
  return "this build does not have it";
#endif
}

}  // namespace vgg16
