#include "support/refuse_amx.h"

#include <dlfcn.h>
#include <sys/syscall.h>

#include <cerrno>

namespace vgg16 {

int amx_refusal = 0;

}  // namespace vgg16

// In place of the C library's function, for everything in the program. Not declared as in <unistd.h>, with "...": there
// is no other way to pass on arguments whose number is not known.
extern "C" long syscall(long number, long a, long b, long c, long d, long e, long f) {
  if (number == SYS_arch_prctl && vgg16::amx_refusal != 0) {
    errno = vgg16::amx_refusal;
    return -1;
  }
  using Syscall = long (*)(long, long, long, long, long, long, long);
  static const auto real = reinterpret_cast<Syscall>(::dlsym(RTLD_NEXT, "syscall"));
  return real(number, a, b, c, d, e, f);
}
