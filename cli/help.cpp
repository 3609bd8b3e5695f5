#include "help.h"

#include <algorithm>
#include <string_view>

namespace vgg16 {
namespace {

constexpr size_t kWidth = 80;
constexpr size_t kColumn = 28;  // where descriptions begin

bool takes_many(const CLI::Option& option) { return option.get_expected_max() > 1; }

// `text` in lines of at most kWidth columns, all but the first indented by `indent`; the first begins at `column`.
std::string in_columns(std::string_view text, size_t column, size_t indent) {
  std::string lines;
  while (!text.empty()) {
    // "[default: 32]" stays together.
    const size_t bracket = text.starts_with('[') ? text.find(']') + 1 : 0;
    const bool together = bracket > 0 && indent + bracket <= kWidth;
    const std::string_view word = text.substr(0, together ? bracket : text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    const bool first = lines.empty();
    if (!first && column + 1 + word.size() > kWidth) {
      lines += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (!first) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += word.size();
  }
  return lines;
}

std::string line(const std::string& name, const std::string& description) {
  std::string text = "  " + name;
  if (text.size() + 2 > kColumn) text += "\n";
  const size_t begun = text.size() - (text.rfind('\n') + 1);
  return text + std::string(kColumn - begun, ' ') + in_columns(description, kColumn, kColumn) + "\n";
}

std::string default_text(const CLI::Option& option) {
  const std::string value = option.get_items_expected_max() == 0 ? "" : option.get_default_str();
  return value.empty() ? "" : " [default: " + value + "]";
}

std::string usage_word(const CLI::Option& positional) {
  const std::string word = positional.get_name(true, false) + (takes_many(positional) ? "..." : "");
  return positional.get_required() ? " " + word : " [" + word + "]";
}

std::string option_line(const CLI::Option& option, CLI::AppFormatMode mode) {
  if (mode == CLI::AppFormatMode::All) return line(option_head(option), option_text(option));
  return line(option_head(option), option_phrase(option) + default_text(option));
}

}  // namespace

std::vector<const CLI::App*> commands_of(const CLI::App& program) {
  return program.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<OptionGroup> option_groups(const CLI::App& app) {
  std::vector<OptionGroup> groups = {{"Arguments", {}}, {"Options", {}}};
  for (const CLI::Option* option : app.get_options()) {
    // Versions of CLI11 spell the group of options without one differently.
    const std::string& group = option->get_group();
    const bool is_plain = group == "Options" || group == "OPTIONS";
    const std::string heading = option->get_positional() ? "Arguments" : is_plain ? "Options" : group;
    auto found =
        std::find_if(groups.begin(), groups.end(), [&](const auto& known) { return known.heading == heading; });
    if (found == groups.end()) found = groups.insert(groups.end(), {heading, {}});
    found->options.push_back(option);
  }
  std::erase_if(groups, [](const OptionGroup& group) { return group.options.empty(); });
  return groups;
}

std::string option_head(const CLI::Option& option) {
  std::string text = option.get_positional() ? option.get_name(true, false) : option.get_name(false, true);
  if (option.get_items_expected_max() != 0) {  // not a flag
    if (!option.get_type_name().empty()) text += " " + option.get_type_name();
    if (takes_many(option)) text += " ...";
  }
  return text;
}

std::string option_phrase(const CLI::Option& option) {
  const std::string description = option.get_description();
  return description.substr(0, description.find('\n'));
}

std::string option_text(const CLI::Option& option) {
  std::string text = option.get_description();
  if (const size_t end = text.find('\n'); end != std::string::npos) text.replace(end, 1, ". ");
  return text + default_text(option);
}

std::string usage_line(const CLI::App& app, const std::string& name) {
  std::string usage = name;
  std::string positionals;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      positionals += usage_word(*option);
    } else if (option->get_required()) {
      const auto& letters = option->get_snames();
      usage += letters.empty() ? " --" + option->get_lnames()[0] : " -" + letters[0];
      usage += " " + option->get_type_name();
    }
  }
  usage += " [OPTIONS]" + positionals;
  if (!commands_of(app).empty()) usage += " COMMAND";
  return usage;
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  std::string commands;
  for (const CLI::App* command : commands_of(*app)) {
    commands += line(command->get_name(), command->get_description());
  }
  std::string text =
      in_columns(app->get_description(), 0, 0) + "\n" + "Usage: " + in_columns(usage_line(*app, name), 7, 7) + "\n";
  for (const auto& [heading, options] : option_groups(*app)) {
    text += "\n" + heading + ":\n";
    for (const CLI::Option* option : options) text += option_line(*option, mode);
  }
  if (!commands.empty()) text += "\nCommands:\n" + commands;
  return text + "\n" + app->get_footer() + "\n";
}

}  // namespace vgg16
