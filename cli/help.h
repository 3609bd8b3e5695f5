// What --help prints, in the same form whatever CLI11's version.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace vgg16 {

/// Description, usage, positionals, options with their defaults, commands, footer. To be given to the program's App
/// before commands are added, which inherit it.
class HelpFormatter : public CLI::FormatterBase {
 public:
  [[nodiscard]] std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

}  // namespace vgg16
