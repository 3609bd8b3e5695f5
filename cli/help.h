// The text of --help. CLI11's own formatting differs between its versions; this is the same with all of them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace vgg16 {

/// Formats description, usage, positionals, options with their defaults, commands and footer. Must be set on the
/// program's App before commands are added, because they inherit it.
class HelpFormatter : public CLI::FormatterBase {
 public:
  [[nodiscard]] std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

}  // namespace vgg16
