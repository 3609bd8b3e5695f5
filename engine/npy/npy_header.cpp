#include "npy/npy_header.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace vgg16 {
namespace {

// Reads Python's literals from the start of a text. After something unexpected, good() is false for ever.
class Literals {
 public:
  explicit Literals(std::string_view text) : text_(text) {}

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool at_end() {
    skip_blanks();
    return text_.empty();
  }
  // Whether the next word is `word`, which is then taken.
  bool take(std::string_view word) {
    skip_blanks();
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  void expect(std::string_view word) { good_ = take(word) && good_; }

  // In single or double quotes; escapes do not occur in what NumPy writes.
  std::string_view quoted() {
    skip_blanks();
    const char quote = text_.empty() ? '\0' : text_[0];
    const size_t end = quote == '\'' || quote == '"' ? text_.find(quote, 1) : std::string_view::npos;
    if (end == std::string_view::npos) {
      good_ = false;
      return {};
    }
    const std::string_view found = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return found;
  }

  // The rest of a list, whatever it holds; its opening bracket was taken.
  void skip_list() {
    int64_t depth = 1;
    while (depth > 0 && !text_.empty()) {
      depth += text_[0] == '[' ? 1 : text_[0] == ']' ? -1 : 0;
      text_.remove_prefix(1);
    }
    good_ = good_ && depth == 0;
  }

  // (3, 4), (3,) or (): not negative; Python 2 wrote 3L.
  std::vector<int64_t> tuple() {
    std::vector<int64_t> numbers;
    expect("(");
    while (good_ && !take(")")) {
      skip_blanks();
      int64_t number = 0;
      const auto [end, problem] = std::from_chars(text_.data(), text_.data() + text_.size(), number);
      good_ = problem == std::errc() && number >= 0;
      if (!good_) break;
      text_.remove_prefix(static_cast<size_t>(end - text_.data()));
      take("L");
      numbers.push_back(number);
      if (take(")")) {
        good_ = numbers.size() > 1;  // (3) is no tuple
        break;
      }
      expect(",");
    }
    return numbers;
  }

 private:
  void skip_blanks() { text_.remove_prefix(std::min(text_.find_first_not_of(" \n"), text_.size())); }

  std::string_view text_;
  bool good_ = true;
};

// Byte order, letter and size: "<f4", "|b1", "<U5", "|O".
NpyType type_of(std::string_view name) {
  NpyType type;
  type.name = name;
  if (name.size() < 2 || std::string_view("<>|").find(name[0]) == std::string_view::npos) return type;
  const std::string_view digits = name.substr(2);
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), type.size);
  const bool has_size = problem == std::errc() && end == digits.data() + digits.size();
  constexpr int64_t kMaxSize = 1 << 20;
  if (name[1] == 'O' && digits.empty()) {
    type.kind = 'O';
  } else if (has_size && type.size > 0 && type.size <= kMaxSize) {
    type.kind = name[1];
  }
  if (type.kind == 'U') type.size *= 4;
  type.big_endian = name[0] == '>';
  return type;
}

}  // namespace

std::optional<NpyHeader> parse_npy_header(std::string_view text) {
  NpyHeader header;
  Literals in(text);
  bool has_type = false;
  bool has_order = false;
  bool has_shape = false;
  in.expect("{");
  while (in.good() && !in.take("}")) {
    const std::string_view key = in.quoted();
    in.expect(":");
    if (key == "descr" && !std::exchange(has_type, true)) {
      if (in.take("[")) {
        header.type.name = "records";
        in.skip_list();
      } else {
        header.type = type_of(in.quoted());
      }
    } else if (key == "fortran_order" && !std::exchange(has_order, true)) {
      header.fortran_order = in.take("True");
      if (!header.fortran_order) in.expect("False");
    } else if (key == "shape" && !std::exchange(has_shape, true)) {
      header.shape = in.tuple();
    } else {
      return std::nullopt;
    }
    if (!in.good() || in.take("}")) break;
    in.expect(",");
  }
  if (!in.good() || !in.at_end() || !has_type || !has_order || !has_shape) return std::nullopt;
  return header;
}

}  // namespace vgg16
