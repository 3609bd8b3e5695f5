#include "progress.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "print.h"

namespace vgg16 {
namespace {

constexpr std::chrono::milliseconds kRedraw(100);
constexpr std::chrono::seconds kLineElsewhere(30);

// A "dumb" terminal, such as an editor's shell, cannot redraw a line.
bool is_terminal() {
  const char* term = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

}  // namespace

Progress::Progress(std::string_view stage, std::string_view unit, const Common& common)
    : stage_(stage), unit_(unit), shown_(!common.quiet && !common.no_progress), terminal_(is_terminal()) {}

void Progress::update(int64_t done, int64_t total) {
  if (!shown_) return;
  const auto now = Clock::now();
  // A resumed run begins with rows that were computed earlier: they must not count in the rate.
  if (first_done_ < 0 || done < last_done_) {
    first_done_ = done;
    start_ = now;
  }
  last_done_ = done;
  if (now - last_ < (terminal_ ? Clock::duration(kRedraw) : Clock::duration(kLineElsewhere))) return;
  last_ = now;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = static_cast<double>(done - first_done_) / seconds;
  std::string line = stage_ + " " + with_thousands(done) + "/" + with_thousands(total) + " " + unit_;
  if (rate > 0) {
    line += ", " + fixed(rate, 1) + "/s, " + duration_text(static_cast<double>(total - done) / rate) + " left";
  }
  std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "%s\n", line.c_str());
  std::fflush(stderr);
  drawn_ = terminal_;
}

void Progress::clear() {
  if (!drawn_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace vgg16
