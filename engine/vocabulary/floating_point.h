// The floating-point mode that results are promised in, whatever mode the caller's thread is in.
#pragma once

#include <cfenv>

namespace vgg16 {

/// While it lives, this thread rounds to nearest, keeps subnormal numbers and raises no signal. The caller's mode and
/// its exception flags are back afterwards, also when an exception ends the scope. Every public function that reads,
/// computes or writes has one; a std::filesystem::path alone can raise a signal, because it counts its growth in
/// double. A thread begins in the mode of the one that started it. Takes 0.4 us.
class StandardFloatingPoint {
 public:
  StandardFloatingPoint() noexcept {
    std::fegetenv(&callers_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~StandardFloatingPoint() { std::fesetenv(&callers_); }
  StandardFloatingPoint(const StandardFloatingPoint&) = delete;
  StandardFloatingPoint& operator=(const StandardFloatingPoint&) = delete;

 private:
  std::fenv_t callers_;
};

}  // namespace vgg16
