#include <string>
#include <string_view>
#include <vector>

#include "help.h"
#include "manual.h"

namespace vgg16 {
namespace {

std::string joined(const std::vector<std::string>& words, const std::string& between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

// "-b" and "--batch-size"; nothing for a positional.
std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& letter : option.get_snames()) names.push_back("-" + letter);
  for (const std::string& word : option.get_lnames()) names.push_back("--" + word);
  return names;
}

// What may follow an option, or stand for a positional, by the type that help shows.
enum class Value { kNone, kChoice, kFile, kFolder, kOther };

Value value_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  if (option.get_items_expected_max() == 0) return Value::kNone;  // a flag
  if (type.find('|') != std::string::npos) return Value::kChoice;
  return type == "DIR" ? Value::kFolder : type == "FILE" ? Value::kFile : Value::kOther;
}

// The names in "f16|f32", separated by blanks.
std::string choices_of(const CLI::Option& option) {
  std::string names = option.get_type_name();
  for (char& c : names) c = c == '|' ? ' ' : c;
  return names;
}

// `text` in single quotes, as every shell reads it.
std::string single_quoted(std::string_view text) {
  std::string inner;
  for (const char c : text) {
    inner += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return "'" + inner + "'";
}

// vgg16 help takes the name of a command; everything else that is no option is a file.
std::string command_names(const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* command : commands_of(program)) names.push_back(command->get_name());
  return joined(names, " ");
}

}  // namespace

std::string bash_completions(const CLI::App& program) {
  std::string cases;
  std::string options;
  for (const CLI::App* command : commands_of(program)) {
    std::vector<std::string> words;
    for (const CLI::Option* option : command->get_options()) {
      const std::vector<std::string> names = names_of(*option);
      words.insert(words.end(), names.begin(), names.end());
      const Value value = value_of(*option);
      if (names.empty() || value == Value::kNone) continue;
      std::vector<std::string> patterns;
      for (const std::string& name : names) patterns.push_back(command->get_name() + ":" + name);
      cases += "    " + joined(patterns, "|") + ") " +
               (value == Value::kChoice   ? "COMPREPLY=($(compgen -W '" + choices_of(*option) + "' -- \"$word\"))"
                : value == Value::kFolder ? "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$word\")"
                : value == Value::kFile   ? "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$word\")"
                                          : "COMPREPLY=()") +
               "; return ;;\n";
    }
    options += "    " + command->get_name() + ") options='" + joined(words, " ") + "' ;;\n";
  }
  std::vector<std::string> of_program;
  for (const CLI::Option* option : program.get_options()) {
    for (const std::string& name : names_of(*option)) of_program.push_back(name);
  }
  const std::string names = command_names(program);
  return "# bash completion for vgg16\n_vgg16() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} "
         "options\n"
         "  COMPREPLY=()\n"
         "  if [ \"$COMP_CWORD\" = 1 ]; then\n    COMPREPLY=($(compgen -W '" +
         names + " " + joined(of_program, " ") + "' -- \"$word\"))\n    return\n  fi\n  case $command:$before in\n" +
         cases + "    help:help) COMPREPLY=($(compgen -W '" + names +
         "' -- \"$word\")); return ;;\n  esac\n  case $command in\n" + options +
         "  esac\n  case $word in\n    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
         "    *) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;\n  esac\n}\n"
         "complete -F _vgg16 vgg16\n";
}

std::string zsh_completions(const CLI::App& program) {
  std::string list;
  std::string cases;
  for (const CLI::App* command : commands_of(program)) {
    list += "    " + single_quoted(command->get_name() + ":" + command->get_description()) + "\n";
    cases += "    " + command->get_name() + ")\n      _arguments";
    std::string rest = " '*:file:_files'";
    if (command->get_name() == "help") rest = " '1:command:(" + command_names(program) + ")'";
    for (const CLI::Option* option : command->get_options()) {
      const std::vector<std::string> names = names_of(*option);
      if (names.empty()) continue;
      const Value value = value_of(*option);
      const std::string action = value == Value::kChoice   ? "(" + choices_of(*option) + ")"
                                 : value == Value::kFolder ? "_files -/"
                                 : value == Value::kFile   ? "_files"
                                                           : "";
      const std::string kind = value == Value::kChoice ? "value" : option->get_type_name();
      for (const std::string& name : names) {
        std::string spec = "(" + joined(names, " ") + ")" + name + "[";
        for (const char c : option_phrase(*option)) spec += (c == '[' || c == ']' ? "\\" : "") + std::string(1, c);
        spec += "]" + (value == Value::kNone ? "" : ":" + kind + ":" + action);
        cases += " \\\n        " + single_quoted(spec);
      }
    }
    cases += " \\\n       " + rest + " ;;\n";
  }
  return "#compdef vgg16\n_vgg16() {\n  local -a commands=(\n" + list +
         "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    _arguments '--version' '--help'\n"
         "    return\n  fi\n  local command=$words[2]\n  shift words\n  (( CURRENT-- ))\n  case $command in\n" +
         cases + "  esac\n}\n_vgg16 \"$@\"\n";
}

std::string fish_completions(const CLI::App& program) {
  std::string text = "# fish completion for vgg16\n";
  const auto add_options = [&](const CLI::App& app, const std::string& condition) {
    for (const CLI::Option* option : app.get_options()) {
      if (names_of(*option).empty()) continue;
      text += "complete -c vgg16 -n " + single_quoted(condition);
      for (const std::string& letter : option->get_snames()) text += " -s " + letter;
      for (const std::string& word : option->get_lnames()) text += " -l " + word;
      const Value value = value_of(*option);
      text += value == Value::kNone     ? ""
              : value == Value::kChoice ? " -x -a " + single_quoted(choices_of(*option))
              : value == Value::kFolder ? " -x -a '(__fish_complete_directories)'"
              : value == Value::kFile   ? " -r -F"
                                        : " -x";
      text += " -d " + single_quoted(option_phrase(*option)) + "\n";
    }
  };
  text += "complete -c vgg16 -n __fish_use_subcommand -f\n";
  add_options(program, "__fish_use_subcommand");
  for (const CLI::App* command : commands_of(program)) {
    text += "complete -c vgg16 -n __fish_use_subcommand -a " + command->get_name() + " -d " +
            single_quoted(command->get_description()) + "\n";
    add_options(*command, "__fish_seen_subcommand_from " + command->get_name());
  }
  text +=
      "complete -c vgg16 -n '__fish_seen_subcommand_from help' -f -a " + single_quoted(command_names(program)) + "\n";
  return text;
}

}  // namespace vgg16
