#include "print.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <utility>

#include "vgg16/error.h"

namespace vgg16 {

std::string with_thousands(int64_t number) {
  std::string digits = std::to_string(number);
  const size_t sign = number < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > sign + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string counted(int64_t number, std::string_view singular, std::string_view plural) {
  return with_thousands(number) + " " + std::string(number == 1 ? singular : plural);
}

// snprintf rounds the exact binary value to nearest, ties to even, as Python's format does.
std::string fixed(double value, int digits) {
  char text[64];
  const int length = std::snprintf(text, sizeof text, "%.*f", digits, value);
  return std::string(text, static_cast<size_t>(std::min(length, 63)));
}

// Rounded up, so that it never says "0 s" while something remains.
std::string duration_text(double seconds) {
  const auto s = static_cast<int64_t>(std::ceil(std::min(seconds, 1e15)));
  if (s < 60) return std::to_string(s) + " s";
  if (s < 3600) return std::to_string(s / 60) + " min " + std::to_string(s % 60) + " s";
  return with_thousands(s / 3600) + " h " + std::to_string(s % 3600 / 60) + " min";
}

void print_line(std::string_view text) { std::fputs((printable(text) + "\n").c_str(), stderr); }

void print_error(std::string_view message) { print_line("vgg16: " + std::string(message)); }

void print_warning(std::string_view message, const Common& common) {
  if (!common.quiet) print_error("warning: " + std::string(message));
}

void print_note(std::string_view message, const Common& common) {
  if (!common.quiet) print_line(message);
}

// Line by line: line breaks are kept, everything else invisible is escaped.
void print_result(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    std::fputs((printable(line) + "\n").c_str(), stdout);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
}

void put_json(const nlohmann::ordered_json& value) {
  const bool object = value.is_object();
  if (!object && !value.is_array()) {
    const std::string text = value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    std::fputs(json_without_invisible(text).c_str(), stdout);
    return;
  }
  const char* before = object ? "{" : "[";
  for (const auto& [key, item] : value.items()) {
    std::fputs(std::exchange(before, ","), stdout);
    if (object) {
      put_json(key);
      std::fputs(":", stdout);
    }
    put_json(item);
  }
  if (value.empty()) std::fputs(before, stdout);
  std::fputs(object ? "}" : "]", stdout);
}

void print_json(const nlohmann::ordered_json& document) {
  put_json(document);
  std::fputs("\n", stdout);
}

size_t terminal_width(int stream) {
  winsize size = {};
  const bool known = ::isatty(stream) == 1 && ::ioctl(stream, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : std::numeric_limits<size_t>::max();
}

// stdio reports errors of earlier writes only here, so every command ends with it.
void flush_output() {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  throw Error(ErrorCode::kIo, "standard output cannot be written" + (errno != 0 ? ": " + system_message(errno) : ""));
}

nlohmann::ordered_json skipped_json(const std::vector<SkippedPicture>& skipped) {
  auto list = nlohmann::ordered_json::array();
  for (const SkippedPicture& picture : skipped) list.push_back({{"path", picture.path}, {"reason", picture.reason}});
  return list;
}

namespace {

// The most frequent reasons: of a thousand pictures of another format, twenty lines do not say that it is a thousand.
std::string frequent_reasons(const std::vector<SkippedPicture>& skipped) {
  constexpr size_t kNamed = 5;
  std::map<std::string, int64_t> counts;
  for (const SkippedPicture& picture : skipped) ++counts[picture.reason];
  std::vector<std::pair<std::string, int64_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (size_t i = 0; i < std::min(sorted.size(), kNamed); ++i) {
    text += (i == 0 ? "" : ", ") + sorted[i].first + " (" + with_thousands(sorted[i].second) + ")";
  }
  return text + (sorted.size() > kNamed ? ", ..." : "");
}

}  // namespace

// The first twenty, because a broken folder can have thousands.
void print_skipped(const std::vector<SkippedPicture>& skipped, const Common& common) {
  constexpr size_t kShown = 20;
  if (skipped.empty() || common.quiet) return;
  print_error("skipped " + counted(static_cast<int64_t>(skipped.size()), "picture", "pictures") + ":");
  for (size_t i = 0; i < skipped.size(); ++i) {
    if (i == kShown && !common.verbose) {
      print_note("  and " + with_thousands(static_cast<int64_t>(skipped.size() - i)) +
                     " more; --verbose lists all, and so does the file",
                 common);
      print_note("  of all: " + frequent_reasons(skipped), common);
      break;
    }
    print_note("  " + printable(skipped[i].path) + ": " + skipped[i].reason, common);
  }
}

}  // namespace vgg16
