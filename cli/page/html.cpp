#include "html.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <utility>

#include "vgg16/error.h"

namespace vgg16::page {
namespace {

// For content and for values between double quotes.
void append_escaped(std::string& code, std::string_view shown) {
  for (const char c : shown) {
    switch (c) {
      case '&':
        code += "&amp;";
        break;
      case '<':
        code += "&lt;";
        break;
      case '>':
        code += "&gt;";
        break;
      case '"':
        code += "&quot;";
        break;
      default:
        code += c;
    }
  }
}

std::string start_of(std::string_view tag, const Attributes& attributes) {
  std::string code = "<" + std::string(tag);
  for (const Attribute& attribute : attributes) {
    code.append(" ").append(attribute.name).append("=\"");
    append_escaped(code, printable(attribute.value));
    code += '"';
  }
  return code;
}

// Within a line of text a line break would show, as a blank.
std::string_view line_break_after(std::string_view tag) {
  constexpr std::string_view kWithinText[] = {"a", "b", "bdi", "span", "wbr"};
  return std::find(std::begin(kWithinText), std::end(kWithinText), tag) == std::end(kWithinText) ? "\n" : "";
}

}  // namespace

Html text(std::string_view text) {
  Html html;
  append_escaped(html.code_, printable(text));
  return html;
}

Html element(std::string_view tag, const Attributes& attributes, const Html& content) {
  return Html(start_of(tag, attributes)
                  .append(">")
                  .append(content.code_)
                  .append("</")
                  .append(tag)
                  .append(">")
                  .append(line_break_after(tag)));
}

Html element(std::string_view tag, const Html& content) { return element(tag, {}, content); }

Html element(std::string_view tag, std::string_view content) { return element(tag, {}, text(content)); }

Html void_element(std::string_view tag, const Attributes& attributes) {
  return Html(start_of(tag, attributes).append("/>").append(line_break_after(tag)));
}

Html style_sheet(std::string_view css) { return Html("<style>\n" + std::string(css) + "</style>\n"); }

Html link_to(std::string_view id, const Html& content) {
  return element("a", {{"href", "#" + std::string(id)}}, content);
}

Html scrolling_box(const std::string& label, const Html& content) {
  // Can be focused, so that it can be scrolled with the keyboard.
  return element("div", {{"class", "scroll"}, {"role", "region"}, {"tabindex", "0"}, {"aria-label", label}}, content);
}

Html html_of(const Table& table) {
  Html head;
  for (const std::string& title : table.columns) head += element("th", {{"scope", "col"}}, text(title));
  Html body;
  for (size_t r = 0; r < table.rows.size(); ++r) {
    Html row;
    for (size_t c = 0; c < table.rows[r].size(); ++c) {
      row += c == 0 ? element("th", {{"scope", "row"}}, table.rows[r][c]) : element("td", table.rows[r][c]);
    }
    body += r == table.highlighted ? element("tr", {{"class", "chosen"}}, row) : element("tr", row);
  }
  return scrolling_box(table.caption,
                       element("table", element("caption", table.caption) + element("thead", element("tr", head)) +
                                            element("tbody", body)));
}

std::string digits(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string percent(double share) {
  constexpr int kMostDigits = 6;
  int places = 1;
  while (share < 1 && places < kMostDigits && digits(100 * share, places).starts_with("100")) ++places;
  return digits(100 * share, places) + "\u00a0%";
}

std::string count_of(int64_t number, std::string_view singular) {
  return std::to_string(number) + " " + std::string(singular) + (number == 1 ? "" : "s");
}

}  // namespace vgg16::page
