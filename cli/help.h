// The text of -h and --help. CLI11's own formatting differs between its versions; this is the same with all of them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace vgg16 {

/// Formats description, usage, positionals, options with their defaults, commands and footer, in lines of at most 80
/// columns. An option's description is a phrase, which -h shows, and below it, on a second line, whole sentences that
/// --help (AppFormatMode::All) shows too. Must be set on the program's App before commands are added, because they
/// inherit it.
class HelpFormatter : public CLI::FormatterBase {
 public:
  [[nodiscard]] std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

/// Options that stand together in help: of the heading "Arguments" (positionals), "Options", or a group that was set.
struct OptionGroup {
  std::string heading;
  std::vector<const CLI::Option*> options;
};
/// Those of `app`, in this order, none of them empty.
[[nodiscard]] std::vector<OptionGroup> option_groups(const CLI::App& app);

/// The name and the value of an option, or the name of a positional: "-b,--batch-size N", "PICTURE ...".
[[nodiscard]] std::string option_head(const CLI::Option& option);

/// The phrase that an option's description begins with.
[[nodiscard]] std::string option_phrase(const CLI::Option& option);

/// All that an option's description says, as one paragraph, and its default.
[[nodiscard]] std::string option_text(const CLI::Option& option);

[[nodiscard]] std::vector<const CLI::App*> commands_of(const CLI::App& program);

/// "vgg16 convert [OPTIONS] WEIGHTS FILE", with what is required; `name` is the command with the program's before it.
[[nodiscard]] std::string usage_line(const CLI::App& app, const std::string& name);

}  // namespace vgg16
