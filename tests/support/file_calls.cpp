#include "support/file_calls.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <map>
#include <mutex>
#include <utility>

namespace vgg16::file_calls {
namespace {

struct State {
  std::mutex mutex;
  std::string folder;                // with a '/' at its end; empty: watch nothing
  std::map<int, std::string> names;  // of open descriptors; "" is the folder itself
  std::vector<Event> events;
  int calls = 0;
  int fail_at = 0;
  int error = 0;
  Failure failure = Failure::kOnce;
  std::string failed;
  int64_t free_space = -1;
  std::string awaited;  // beginning of the name before whose opening `action` is called
  std::function<void()> action;
};

State& state() {
  static State state;
  return state;
}

// The name below the watched folder; "" for the folder itself.
bool is_watched(const State& s, const char* path, std::string& name) {
  const std::string_view text(path);
  if (s.folder.empty()) return false;
  if (text.starts_with(s.folder)) {
    name = text.substr(s.folder.size());
    return true;
  }
  name.clear();
  return text == std::string_view(s.folder).substr(0, s.folder.size() - 1);
}

bool is_watched(const State& s, int descriptor, std::string& name) {
  const auto found = s.names.find(descriptor);
  if (s.folder.empty() || found == s.names.end()) return false;
  name = found->second;
  return true;
}

enum class Verdict { kGo, kFail, kHalf };

// Counts a watched call and decides whether it fails. The lock must be held.
Verdict judge(State& s, const char* call) {
  ++s.calls;
  if (s.fail_at == 0 || s.calls < s.fail_at) return Verdict::kGo;
  if (s.calls == s.fail_at) {
    s.failed = call;
  } else if (s.failure != Failure::kForGood || s.failed != call) {
    return Verdict::kGo;
  }
  errno = s.error;
  return s.failure == Failure::kShort ? Verdict::kHalf : Verdict::kFail;
}

void act_before_opening(const char* path) {
  State& s = state();
  std::function<void()> action;
  {
    const std::scoped_lock lock(s.mutex);
    std::string name;
    if (s.action && is_watched(s, path, name) && name.starts_with(s.awaited)) action = std::exchange(s.action, nullptr);
  }
  if (action) action();
}

int watched_open(const char* path, int flags, mode_t mode) {
  act_before_opening(path);
  State& s = state();
  const std::scoped_lock lock(s.mutex);
  std::string name;
  const bool watched = is_watched(s, path, name);
  if (watched && judge(s, "open") == Verdict::kFail) return -1;
  const bool creates = watched && (flags & O_CREAT) != 0 && !std::filesystem::exists(path);
  const auto descriptor = static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
  if (descriptor < 0) return -1;
  if (watched) {
    s.names[descriptor] = name;
    if (creates) s.events.push_back({Event::Kind::kCreate, name, {}, 0, {}});
    if ((flags & O_TRUNC) != 0) s.events.push_back({Event::Kind::kResize, name, {}, 0, {}});
  } else {
    s.names.erase(descriptor);
  }
  return descriptor;
}

// Records the call but does not sync: no test cuts the power, and real syncs are slow.
int watched_sync(int descriptor, const char* call) {
  State& s = state();
  const std::scoped_lock lock(s.mutex);
  std::string name;
  if (!is_watched(s, descriptor, name)) return 0;
  if (judge(s, call) == Verdict::kFail) return -1;
  s.events.push_back({name.empty() ? Event::Kind::kSyncFolder : Event::Kind::kSync, name, {}, 0, {}});
  return 0;
}

int watched_rename(const char* from, const char* to, unsigned flags, const char* call) {
  State& s = state();
  const std::scoped_lock lock(s.mutex);
  std::string name;
  std::string target;
  if (!is_watched(s, from, name) || !is_watched(s, to, target)) {
    return static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags));
  }
  if (judge(s, call) == Verdict::kFail) return -1;
  const auto result = static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags));
  if (result != 0) return result;
  for (auto& [descriptor, open_name] : s.names) {
    if (open_name == target) open_name += " (replaced)";
    if (open_name == name) open_name = target;
  }
  s.events.push_back({Event::Kind::kRename, name, target, 0, {}});
  return 0;
}

}  // namespace

void watch(const std::filesystem::path& folder) {
  State& s = state();
  const std::scoped_lock lock(s.mutex);
  s.folder = folder.string() + "/";
  s.names.clear();
  s.events.clear();
  s.calls = s.fail_at = 0;
  s.failed.clear();
}

void release() {
  State& s = state();
  const std::scoped_lock lock(s.mutex);
  s.action = nullptr;
  s.folder.clear();
  s.fail_at = 0;
}

std::vector<Event> events() {
  const std::scoped_lock lock(state().mutex);
  return state().events;
}

void mark(const std::string& name, int64_t value) {
  const std::scoped_lock lock(state().mutex);
  state().events.push_back({Event::Kind::kMark, name, {}, value, {}});
}

void before_opening(std::string beginning, std::function<void()> action) {
  State& s = state();
  const std::scoped_lock lock(s.mutex);
  s.awaited = std::move(beginning);
  s.action = std::move(action);
}

void set_free_space(int64_t bytes) {
  const std::scoped_lock lock(state().mutex);
  state().free_space = bytes;
}

int calls() {
  const std::scoped_lock lock(state().mutex);
  return state().calls;
}

void fail(int at, int error, Failure failure) {
  State& s = state();
  const std::scoped_lock lock(s.mutex);
  s.fail_at = at;
  s.error = error;
  s.failure = failure;
}

std::string failed() {
  const std::scoped_lock lock(state().mutex);
  return state().failed;
}

}  // namespace vgg16::file_calls

// The system's functions, as the test program and the library in it call them.
using namespace vgg16::file_calls;

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return watched_open(path, flags, mode);
}

int close(int descriptor) {
  {
    const std::scoped_lock lock(state().mutex);
    state().names.erase(descriptor);
  }
  return static_cast<int>(syscall(SYS_close, descriptor));
}

ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  State& s = state();
  const std::scoped_lock lock(s.mutex);
  std::string name;
  if (!is_watched(s, descriptor, name)) return syscall(SYS_pwrite64, descriptor, bytes, size, offset);
  const Verdict verdict = judge(s, "pwrite");
  if (verdict == Verdict::kFail) return -1;
  if (verdict == Verdict::kHalf) size = std::max<size_t>(size / 2, 1);
  s.events.push_back({Event::Kind::kWrite, name, {}, offset, std::string(static_cast<const char*>(bytes), size)});
  return syscall(SYS_pwrite64, descriptor, bytes, size, offset);
}

ssize_t pread(int descriptor, void* bytes, size_t size, off_t offset) {
  State& s = state();
  const std::scoped_lock lock(s.mutex);
  std::string name;
  if (is_watched(s, descriptor, name)) {
    const Verdict verdict = judge(s, "pread");
    if (verdict == Verdict::kFail) return -1;
    if (verdict == Verdict::kHalf) size = std::max<size_t>(size / 2, 1);
  }
  return syscall(SYS_pread64, descriptor, bytes, size, offset);
}

int ftruncate(int descriptor, off_t size) {
  State& s = state();
  const std::scoped_lock lock(s.mutex);
  std::string name;
  if (is_watched(s, descriptor, name)) {
    if (judge(s, "ftruncate") == Verdict::kFail) return -1;
    s.events.push_back({Event::Kind::kResize, name, {}, size, {}});
  }
  return static_cast<int>(syscall(SYS_ftruncate, descriptor, size));
}

int fallocate(int descriptor, int mode, off_t offset, off_t size) {
  State& s = state();
  const std::scoped_lock lock(s.mutex);
  std::string name;
  if (is_watched(s, descriptor, name)) {
    if (judge(s, "fallocate") == Verdict::kFail) return -1;
    s.events.push_back({Event::Kind::kResize, name, {}, offset + size, {}});
  }
  return static_cast<int>(syscall(SYS_fallocate, descriptor, mode, offset, size));
}

int fdatasync(int descriptor) { return watched_sync(descriptor, "fdatasync"); }
int fsync(int descriptor) { return watched_sync(descriptor, "fsync"); }

int renameat2(int /*from_folder*/, const char* from, int /*to_folder*/, const char* to, unsigned flags) noexcept {
  return watched_rename(from, to, flags, "renameat2");
}
int rename(const char* from, const char* to) noexcept { return watched_rename(from, to, 0, "rename"); }

int unlink(const char* path) noexcept {
  State& s = state();
  const std::scoped_lock lock(s.mutex);
  std::string name;
  const bool watched = is_watched(s, path, name);
  if (watched && judge(s, "unlink") == Verdict::kFail) return -1;
  const auto result = static_cast<int>(syscall(SYS_unlink, path));
  if (result == 0 && watched) s.events.push_back({Event::Kind::kUnlink, name, {}, 0, {}});
  return result;
}

int fstatvfs(int descriptor, struct statvfs* space) noexcept {
  static const auto real = reinterpret_cast<decltype(&fstatvfs)>(dlsym(RTLD_NEXT, "fstatvfs"));
  const int result = real(descriptor, space);
  const std::scoped_lock lock(state().mutex);
  if (result == 0 && state().free_space >= 0) {
    space->f_frsize = 1;
    space->f_bavail = static_cast<fsblkcnt_t>(state().free_space);
  }
  return result;
}

int fstat(int descriptor, struct stat* status) noexcept {
  State& s = state();
  const std::scoped_lock lock(s.mutex);
  std::string name;
  if (is_watched(s, descriptor, name) && judge(s, "fstat") == Verdict::kFail) return -1;
  return static_cast<int>(syscall(SYS_fstat, descriptor, status));
}

}  // extern "C"
