#include "manual.h"

#include <algorithm>
#include <string_view>

#include "help.h"

namespace vgg16 {
namespace {

// As troff reads it back: hyphens that can be searched for and copied, no line that begins with a control character.
std::string troff(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      if ((c == '.' || c == '\'') && (escaped.empty() || escaped.back() == '\n')) escaped += "\\&";
      escaped += c;
    }
  }
  return escaped;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  return text;
}

std::string options_of(const CLI::App& app) {
  std::string text;
  for (const auto& [heading, options] : option_groups(app)) {
    if (heading != "Arguments" && heading != "Options") text += ".SS " + troff(heading) + "\n";
    for (const CLI::Option* option : options) {
      text += ".TP\n.B " + troff(option_head(*option)) + "\n" + troff(option_text(*option)) + "\n";
    }
  }
  return text;
}

// Lines that stay as they are.
std::string lines(const std::string& text) { return ".PP\n.nf\n" + troff(text) + "\n.fi\n"; }

}  // namespace

std::string manual_page(const CLI::App& program, const std::string& version) {
  const std::string& name = program.get_name();
  std::string synopsis;
  std::string commands;
  for (const CLI::App* command : commands_of(program)) {
    synopsis +=
        (synopsis.empty() ? "" : ".br\n") + troff(usage_line(*command, name + " " + command->get_name())) + "\n";
    commands += ".SH " + upper(name + " " + command->get_name()) + "\n" + troff(command->get_description()) + ".\n" +
                options_of(*command) + lines(command->get_footer());
  }
  return ".TH " + upper(name) + " 1 \"\" \"" + name + " " + troff(version) + "\"\n.SH NAME\n" + name +
         " \\- picture features and classifiers with VGG16\n.SH SYNOPSIS\n" + synopsis + ".SH DESCRIPTION\n" +
         troff(program.get_description()) + "\n" + lines(program.get_footer()) + ".SH OPTIONS\n" + options_of(program) +
         commands;
}

}  // namespace vgg16
