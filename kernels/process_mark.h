// Tells a process from a copy of it that fork() has made, without a system call.
#pragma once

namespace vgg16 {

/// Remembers the process that it was constructed in. Linux clears its page in a child of fork() (MADV_WIPEONFORK).
class ProcessMark {
 public:
  /// Throws Error{kMemory}.
  ProcessMark();
  ~ProcessMark();
  ProcessMark(const ProcessMark&) = delete;
  ProcessMark& operator=(const ProcessMark&) = delete;

  /// False in a child of that process.
  [[nodiscard]] bool is_here() const { return *page_ != 0; }

 private:
  unsigned char* page_;
};

}  // namespace vgg16
