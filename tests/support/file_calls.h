// Records every call that changes files in one folder, and can make any of them fail. Link file_calls.cpp into the test
// program: its functions replace the C library's there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace vgg16::file_calls {

struct Event {
  enum class Kind { kCreate, kWrite, kResize, kSync, kSyncFolder, kRename, kUnlink, kMark };
  Kind kind;
  std::string name;    ///< of the file in the folder; for kMark what the test said
  std::string to;      ///< kRename
  int64_t offset = 0;  ///< kWrite; kResize: the new size; kMark: the test's number
  std::string bytes;   ///< kWrite
};

/// Begins to watch `folder`: forgets all events, counts calls from 1.
void watch(const std::filesystem::path& folder);
/// Watches nothing, fails nothing.
void release();
/// What has happened since watch().
std::vector<Event> events();
/// Adds an event of the test's own.
void mark(const std::string& name, int64_t value);
/// Calls on files of the folder since watch(), readers and openers included.
int calls();

/// Calls `action` once, just before the folder's next file whose name begins with `beginning` is opened. Simulates
/// another process that interferes at that moment.
void before_opening(std::string beginning, std::function<void()> action);

/// From now on every file system reports `bytes` free; -1 restores the real answer.
void set_free_space(int64_t bytes);

enum class Failure {
  kOnce,     ///< call `at` fails, later ones do not
  kForGood,  ///< call `at` and all later ones of its kind fail
  kShort,    ///< call `at`, if it reads or writes, does half of it
};
/// From now on, call number `at` fails with `error`.
void fail(int at, int error, Failure failure);
/// The name of the call that failed, such as "pwrite", or "" if none has.
std::string failed();

}  // namespace vgg16::file_calls
