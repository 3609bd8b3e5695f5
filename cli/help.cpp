#include "help.h"

#include <vector>

namespace vgg16 {
namespace {

constexpr size_t kColumn = 34;  // where descriptions begin

bool takes_many(const CLI::Option& option) { return option.get_expected_max() > 1; }

std::string line(const std::string& name, const std::string& description) {
  std::string text = "  " + name;
  if (text.size() >= kColumn) text += "\n";
  const size_t begun = text.size() - (text.rfind('\n') + 1);
  return text + std::string(kColumn - begun, ' ') + description + "\n";
}

std::string option_line(const CLI::Option& option) {
  std::string text = option.get_positional() ? option.get_name(true, false) : option.get_name(false, true);
  if (option.get_type_size() != 0) {  // not a flag
    if (!option.get_type_name().empty()) text += " " + option.get_type_name();
    if (!option.get_default_str().empty()) text += "=" + option.get_default_str();
    if (takes_many(option)) text += " ...";
    if (option.get_required()) text += " REQUIRED";
  }
  return line(text, option.get_description());
}

std::string usage_word(const CLI::Option& positional) {
  const std::string word = positional.get_name(true, false) + (takes_many(positional) ? "..." : "");
  return positional.get_required() ? " " + word : " [" + word + "]";
}

}  // namespace

std::string HelpFormatter::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode) const {
  std::string usage = "Usage: " + name + " [OPTIONS]";
  std::string positionals;
  std::string options;
  for (const CLI::Option* option : app->get_options()) {
    (option->get_positional() ? positionals : options) += option_line(*option);
    if (option->get_positional()) usage += usage_word(*option);
  }
  std::string commands;
  for (const CLI::App* command : app->get_subcommands([](const CLI::App*) { return true; })) {
    commands += line(command->get_name(), command->get_description());
  }
  if (!commands.empty()) usage += " SUBCOMMAND";

  std::string text = app->get_description() + "\n" + usage + "\n";
  if (!positionals.empty()) text += "\nPositionals:\n" + positionals;
  if (!options.empty()) text += "\nOptions:\n" + options;
  if (!commands.empty()) text += "\nSubcommands:\n" + commands;
  return text + "\n" + app->get_footer() + "\n";
}

}  // namespace vgg16
