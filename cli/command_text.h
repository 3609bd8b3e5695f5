// A command line as text that can be pasted into a shell.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vgg16 {

/// `word` quoted so that bash, zsh and ksh read it back, on one line and without control characters.
[[nodiscard]] std::string quoted_for_shell(std::string_view word);

/// The words of a command line, quoted and separated by blanks.
[[nodiscard]] std::string command_text(std::span<const char* const> words);

/// The same with --resume inserted after the command's name, unless it is among the words.
[[nodiscard]] std::string resume_command_text(std::span<const char* const> words);

}  // namespace vgg16
