// A command as the user can give it again.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vgg16 {

/// `word` as bash, zsh and ksh read it back, on one line and without bytes that a terminal acts on.
[[nodiscard]] std::string quoted_for_shell(std::string_view word);

/// The words of a command line, quoted and separated by blanks.
[[nodiscard]] std::string command_text(std::span<const char* const> words);

/// The same with --resume behind the command's name, unless it is there already.
[[nodiscard]] std::string resume_command_text(std::span<const char* const> words);

}  // namespace vgg16
