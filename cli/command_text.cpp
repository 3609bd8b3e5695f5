#include "command_text.h"

#include <algorithm>
#include <vector>

#include "vgg16/error.h"

namespace vgg16 {
namespace {

// As $'...', which all three shells support. Octal escapes always have three digits; a \x escape would take further
// hexadecimal digits after it.
std::string escaped(std::string_view word) {
  std::string text = "$'";
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F && c != '\'' && c != '\\') {
      text += c;
      continue;
    }
    text += '\\';
    for (const unsigned shift : {6U, 3U, 0U}) text += static_cast<char>('0' + (byte >> shift & 7U));
  }
  return text + "'";
}

}  // namespace

std::string quoted_for_shell(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
      "0123456789_-+=./,:%@";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) return std::string(word);
  if (word.find('\'') != std::string_view::npos || printable(word) != word) return escaped(word);
  return "'" + std::string(word) + "'";
}

std::string command_text(std::span<const char* const> words) {
  std::string text;
  for (const char* word : words) text += (text.empty() ? "" : " ") + quoted_for_shell(word);
  return text;
}

std::string resume_command_text(std::span<const char* const> words) {
  std::vector<const char*> all(words.begin(), words.end());
  const auto is_resume = [](const char* word) { return std::string_view(word) == "--resume"; };
  // After the command's name, not at the end: after a `--` it would be taken for a file name.
  if (all.size() > 1 && std::none_of(all.begin(), all.end(), is_resume)) all.insert(all.begin() + 2, "--resume");
  return command_text(all);
}

}  // namespace vgg16
