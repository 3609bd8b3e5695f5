// A library to be loaded into a program (LD_PRELOAD) that makes the n-th of its system calls of one kind fail.
//
//   VGG16_FAIL=KIND       open, read, write, sync, rename, space, stat, map, thread or memory
//   VGG16_FAIL_AT=N       which one, from 1
//   VGG16_FAIL_ERROR=E    errno; for memory and threads it is always the usual one
//   VGG16_FAIL_FOR_GOOD=1 and all later ones
//   VGG16_FAIL_SIGNAL=S   the call neither fails nor returns: the process gets signal S, and the thread waits
//   VGG16_FAIL_TOLD=FILE  is created when the first one fails
//   VGG16_FAIL_SPARES=FILE  functions whose requests for memory neither count nor fail, as `nm` gives them: lines of a
//                           start and a size in hexadecimal digits; those of a shared HDF5 library come on top
//
// Calls that the C library makes for itself (those behind fopen and printf) do not come by here.
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
}

namespace {

const char* kind_to_fail = nullptr;
const char* told = nullptr;
long fail_at = 0;
int error_number = EIO;
bool for_good = false;
int signal_instead = 0;
std::atomic<long> calls{0};

struct Function {
  uintptr_t start;
  uintptr_t end;
};
Function spared[8192];
size_t spared_count = 0;

// Where the program lies: the first object that the loader knows.
uintptr_t program_base() {
  uintptr_t base = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        *static_cast<uintptr_t*>(out) = info->dlpi_addr;
        return 1;
      },
      &base);
  return base;
}

void read_spared(const char* path) {
  static char text[1 << 19];
  const long descriptor = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  const long size = descriptor < 0 ? 0 : syscall(SYS_read, descriptor, text, sizeof text - 1);
  if (descriptor >= 0) syscall(SYS_close, descriptor);
  text[std::max(size, 0L)] = '\0';
  const uintptr_t base = program_base();
  for (char* at = text; *at != '\0' && spared_count < std::size(spared);) {
    char* next = nullptr;
    const uintptr_t start = std::strtoull(at, &next, 16);
    const uintptr_t length = std::strtoull(next, &next, 16);
    if (next == at || *next == '\0') break;
    spared[spared_count++] = {base + start, base + start + length};
    at = next + 1;
  }
}

// The code of the HDF5 library, where it is a shared one.
void add_shared_hdf5() {
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void*) {
        if (std::strstr(info->dlpi_name, "libhdf5") == nullptr) return 0;
        for (int i = 0; i < info->dlpi_phnum && spared_count < std::size(spared); ++i) {
          const auto& part = info->dlpi_phdr[i];
          const uintptr_t start = info->dlpi_addr + part.p_vaddr;
          if (part.p_type == PT_LOAD && (part.p_flags & PF_X) != 0)
            spared[spared_count++] = {start, start + part.p_memsz};
        }
        return 0;
      },
      nullptr);
}

bool is_spared(const void* caller) {
  const auto at = reinterpret_cast<uintptr_t>(caller);
  const Function* end = spared + spared_count;
  const Function* found = std::upper_bound(static_cast<const Function*>(spared), end, at,
                                           [](uintptr_t a, const Function& f) { return a < f.start; });
  return found != spared && at < found[-1].end;
}

__attribute__((constructor)) void prepare() {
  const auto number = [](const char* name, long otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::atol(text);
  };
  told = std::getenv("VGG16_FAIL_TOLD");
  fail_at = number("VGG16_FAIL_AT", 0);
  error_number = static_cast<int>(number("VGG16_FAIL_ERROR", EIO));
  for_good = number("VGG16_FAIL_FOR_GOOD", 0) != 0;
  signal_instead = static_cast<int>(number("VGG16_FAIL_SIGNAL", 0));
  if (const char* path = std::getenv("VGG16_FAIL_SPARES"); path != nullptr) {
    read_spared(path);
    add_shared_hdf5();
    std::sort(spared, spared + spared_count, [](const Function& a, const Function& b) { return a.start < b.start; });
  }
  kind_to_fail = std::getenv("VGG16_FAIL");
}

// Whether this call fails; errno is set then.
bool fails(const char* kind) {
  if (kind_to_fail == nullptr || std::strcmp(kind, kind_to_fail) != 0) return false;
  const long call = ++calls;
  if (call != fail_at && !(for_good && call > fail_at)) return false;
  if (call == fail_at && told != nullptr) {
    const long descriptor = syscall(SYS_openat, AT_FDCWD, told, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor >= 0) syscall(SYS_close, descriptor);
  }
  if (signal_instead != 0) {
    kill(getpid(), signal_instead);
    for (;;) pause();
  }
  errno = error_number;
  return true;
}

bool memory_fails(const void* caller) {
  if (spared_count > 0 && is_spared(caller)) return false;
  if (!fails("memory")) return false;
  errno = ENOMEM;
  return true;
}

int open_at(int folder, const char* path, int flags, mode_t mode) {
  return fails("open") ? -1 : static_cast<int>(syscall(SYS_openat, folder, path, flags, mode));
}

}  // namespace

#define VGG16_MODE(flags)                                                            \
  va_list arguments;                                                                 \
  va_start(arguments, flags);                                                        \
  const mode_t mode = ((flags)&O_CREAT) != 0 ? va_arg(arguments, mode_t) : mode_t{}; \
  va_end(arguments)

extern "C" {

int open(const char* path, int flags, ...) {
  VGG16_MODE(flags);
  return open_at(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  VGG16_MODE(flags);
  return open_at(AT_FDCWD, path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
  VGG16_MODE(flags);
  return open_at(folder, path, flags, mode);
}
int openat64(int folder, const char* path, int flags, ...) {
  VGG16_MODE(flags);
  return open_at(folder, path, flags, mode);
}

ssize_t read(int fd, void* bytes, size_t size) { return fails("read") ? -1 : syscall(SYS_read, fd, bytes, size); }
ssize_t pread(int fd, void* bytes, size_t size, off_t offset) {
  return fails("read") ? -1 : syscall(SYS_pread64, fd, bytes, size, offset);
}
ssize_t pread64(int fd, void* bytes, size_t size, off_t offset) { return pread(fd, bytes, size, offset); }
ssize_t write(int fd, const void* bytes, size_t size) {
  return fails("write") ? -1 : syscall(SYS_write, fd, bytes, size);
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  return fails("write") ? -1 : syscall(SYS_pwrite64, fd, bytes, size, offset);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off_t offset) { return pwrite(fd, bytes, size, offset); }

int fsync(int fd) { return fails("sync") ? -1 : static_cast<int>(syscall(SYS_fsync, fd)); }
int fdatasync(int fd) { return fails("sync") ? -1 : static_cast<int>(syscall(SYS_fdatasync, fd)); }

int rename(const char* from, const char* to) noexcept {
  return fails("rename") ? -1 : static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) noexcept {
  return fails("rename") ? -1 : static_cast<int>(syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
}

int ftruncate(int fd, off_t size) noexcept {
  return fails("space") ? -1 : static_cast<int>(syscall(SYS_ftruncate, fd, size));
}
int ftruncate64(int fd, off_t size) noexcept { return ftruncate(fd, size); }
int fallocate(int fd, int mode, off_t offset, off_t size) {
  return fails("space") ? -1 : static_cast<int>(syscall(SYS_fallocate, fd, mode, offset, size));
}
int fallocate64(int fd, int mode, off_t offset, off_t size) { return fallocate(fd, mode, offset, size); }

int stat(const char* path, struct stat* status) noexcept {
  return fails("stat") ? -1 : static_cast<int>(syscall(SYS_stat, path, status));
}
int stat64(const char* path, struct stat64* status) noexcept {
  return fails("stat") ? -1 : static_cast<int>(syscall(SYS_stat, path, status));
}
int lstat(const char* path, struct stat* status) noexcept {
  return fails("stat") ? -1 : static_cast<int>(syscall(SYS_lstat, path, status));
}
int lstat64(const char* path, struct stat64* status) noexcept {
  return fails("stat") ? -1 : static_cast<int>(syscall(SYS_lstat, path, status));
}
int fstat(int fd, struct stat* status) noexcept {
  return fails("stat") ? -1 : static_cast<int>(syscall(SYS_fstat, fd, status));
}
int fstat64(int fd, struct stat64* status) noexcept {
  return fails("stat") ? -1 : static_cast<int>(syscall(SYS_fstat, fd, status));
}

void* mmap(void* at, size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  if (fails("map")) return MAP_FAILED;
  return reinterpret_cast<void*>(syscall(SYS_mmap, at, size, protection, flags, fd, offset));
}
void* mmap64(void* at, size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  return mmap(at, size, protection, flags, fd, offset);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument) noexcept {
  static const auto real = reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
  return fails("thread") ? EAGAIN : real(thread, attributes, run, argument);
}

void* malloc(size_t size) { return memory_fails(__builtin_return_address(0)) ? nullptr : __libc_malloc(size); }
void* calloc(size_t count, size_t size) {
  return memory_fails(__builtin_return_address(0)) ? nullptr : __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  return memory_fails(__builtin_return_address(0)) ? nullptr : __libc_realloc(memory, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  return memory_fails(__builtin_return_address(0)) ? nullptr : __libc_memalign(alignment, size);
}
char* strdup(const char* text) noexcept {
  const size_t size = std::strlen(text) + 1;
  void* copy = memory_fails(__builtin_return_address(0)) ? nullptr : __libc_malloc(size);
  return copy == nullptr ? nullptr : static_cast<char*>(std::memcpy(copy, text, size));
}
int posix_memalign(void** memory, size_t alignment, size_t size) {
  if (memory_fails(__builtin_return_address(0))) return ENOMEM;
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}

}  // extern "C"
