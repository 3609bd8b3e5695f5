#include "progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

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

// In at most `columns`; nothing if it would be too short to tell anything.
std::string bar(double share, size_t columns) {
  constexpr size_t kFrame = 4;
  constexpr size_t kShortest = 5;
  constexpr size_t kLongest = 20;
  if (columns < kFrame + kShortest) return "";
  const size_t length = std::min(columns - kFrame, kLongest);
  const auto full = static_cast<size_t>(share * static_cast<double>(length));
  return "  [" + std::string(full, '#') + std::string(length - full, '.') + "]";
}

}  // namespace

std::string limiting_stage(const ExtractTimes& times) {
  const double total = times.waiting_for_pictures_s + times.computing_s + times.delivering_s;
  // On a CPU decoding slows the network down long before the network has to wait for it.
  if (times.waiting_for_pictures_s > 0.5 * total || times.decoding_share > 0.5) return "decoding";
  return times.delivering_s > 0.5 * total ? "disk" : "compute";
}

Progress::Progress(std::string_view stage, std::string_view unit, const Common& common)
    : stage_(stage),
      unit_(unit),
      shown_(!common.quiet && !common.no_progress),
      terminal_(is_terminal()),
      last_(terminal_ ? start_ - kRedraw : start_) {}  // on a terminal the first line comes at once

void Progress::begin(const std::string& text) {
  if (shown_ && terminal_) draw(text);
}

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
  const double share = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0;
  std::vector<std::string> parts;
  if (total > 0) parts.push_back(", " + std::to_string(static_cast<int>(100 * share)) + " %");
  if (total > 0 && rate > 0) parts.push_back(", " + duration_text(static_cast<double>(total - done) / rate) + " left");
  if (rate > 0) parts.push_back(", " + fixed(rate, 1) + "/s");
  if (!limit_.empty()) parts.push_back(", " + limit_ + "-bound");
  // As many of these as fit: a line that the terminal breaks could not be redrawn in place.
  const size_t columns = terminal_width(STDERR_FILENO) - 1;
  std::string line = stage_ + " " + with_thousands(done) + (total > 0 ? "/" + with_thousands(total) : "") + " " + unit_;
  for (const std::string& part : parts) {
    if (line.size() + part.size() <= columns) line += part;
  }
  if (terminal_ && total > 0 && line.size() < columns) line += bar(share, columns - line.size());
  draw(line);
}

void Progress::draw(const std::string& line) {
  const std::string text = terminal_ ? "\r\033[K" + line.substr(0, terminal_width(STDERR_FILENO) - 1) : line + "\n";
  std::fputs(text.c_str(), stderr);
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
