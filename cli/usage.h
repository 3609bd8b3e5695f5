// What is wrong with a command line, in the program's own words.
#pragma once

#include <CLI/CLI.hpp>
#include <span>
#include <string>

namespace vgg16 {

/// One sentence about `error`, which parsing `words` (the program's name and at least one more) threw: what is wrong,
/// and the nearest option or command if a word is not known. Ends with the command that shows the options.
[[nodiscard]] std::string usage_message(CLI::App& program, std::span<const char* const> words,
                                        const CLI::ParseError& error);

}  // namespace vgg16
