// Manual pages and completions, made of the same tree of commands and options that the command line is parsed with.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace vgg16 {

/// The manual page vgg16(1), with all commands, in troff's man macros.
[[nodiscard]] std::string manual_page(const CLI::App& program, const std::string& version);

/// Scripts that make a shell complete commands, options, their values and file names.
[[nodiscard]] std::string bash_completions(const CLI::App& program);
[[nodiscard]] std::string zsh_completions(const CLI::App& program);
[[nodiscard]] std::string fish_completions(const CLI::App& program);

}  // namespace vgg16
