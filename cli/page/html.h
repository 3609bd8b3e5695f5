// HTML that is also well-formed XML. Text and attribute values are escaped where they become HTML, and a string is no
// Html, so nothing can be forgotten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vgg16::page {

struct Attribute {
  std::string_view name;
  std::string value;
};
using Attributes = std::vector<Attribute>;

/// A part of a page: whole elements and text.
class Html {
 public:
  Html() = default;
  Html& operator+=(const Html& more) {
    code_ += more.code_;
    return *this;
  }
  friend Html operator+(Html first, const Html& second) { return std::move(first += second); }
  [[nodiscard]] bool empty() const { return code_.empty(); }
  [[nodiscard]] const std::string& code() const { return code_; }

 private:
  explicit Html(std::string code) : code_(std::move(code)) {}
  friend Html text(std::string_view);
  friend Html element(std::string_view, const Attributes&, const Html&);
  friend Html void_element(std::string_view, const Attributes&);
  friend Html style_sheet(std::string_view);
  std::string code_;
};

/// `text` as a reader is to see it: characters of HTML escaped, and invisible ones as printable() does.
[[nodiscard]] Html text(std::string_view text);
/// `tag` and the attributes' names must be the program's own; values may be any text.
[[nodiscard]] Html element(std::string_view tag, const Attributes& attributes, const Html& content);
[[nodiscard]] Html element(std::string_view tag, const Html& content);
[[nodiscard]] Html element(std::string_view tag, std::string_view content);
/// One without content, such as <img/>.
[[nodiscard]] Html void_element(std::string_view tag, const Attributes& attributes);
/// <style> with `css`, which must be the program's own.
[[nodiscard]] Html style_sheet(std::string_view css);

/// `<a href="#ID">content</a>`.
[[nodiscard]] Html link_to(std::string_view id, const Html& content);

/// A table. Of each row, the first cell is its heading.
struct Table {
  std::string caption;
  std::vector<std::string> columns;  ///< headings
  std::vector<std::vector<Html>> rows;
  size_t highlighted = SIZE_MAX;  ///< a row
};
/// In a box of its own that scrolls sideways where the table is too wide.
[[nodiscard]] Html html_of(const Table& table);
[[nodiscard]] Html scrolling_box(const std::string& label, const Html& content);

/// `value` with `digits` digits after the point.
[[nodiscard]] std::string digits(double value, int digits);
/// "98.0 %"; more digits where less than all would read as 100 %.
[[nodiscard]] std::string percent(double share);
/// "1 picture", "2 pictures".
[[nodiscard]] std::string count_of(int64_t number, std::string_view singular);

}  // namespace vgg16::page
