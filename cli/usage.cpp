#include "usage.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <vector>

#include "help.h"
#include "vgg16/classifier.h"
#include "vgg16/error.h"
#include "vgg16/image.h"

namespace vgg16 {
namespace {

// Options of different commands that mean the same, by their long names.
constexpr std::array<std::array<std::string_view, 2>, 3> kSynonyms = {
    {{"--threads", "--jobs"}, {"--output", "--model"}, {"--dataset", "--db"}}};

// "--threads" of "--threads=3", and "-b" of "-b3"; a word that is no option as it is.
std::string option_name(const std::string& word) {
  if (!word.starts_with('-')) return word;
  return word.starts_with("--") ? word.substr(0, word.find('=')) : word.substr(0, 2);
}

const CLI::Option* find_option(const CLI::App& app, const std::string& word) {
  const CLI::Option* option = word.starts_with('-') ? app.get_option_no_throw(option_name(word)) : nullptr;
  return option == nullptr || option->get_positional() ? nullptr : option;
}

std::string long_name(const CLI::Option& option) {
  return option.get_lnames().empty() ? option.get_name() : "--" + option.get_lnames()[0];
}

std::string command_name(const CLI::App& program, const CLI::App& app) {
  return &app == &program ? program.get_name() : program.get_name() + " " + app.get_name();
}

// What `app` has in place of an option of another command; "" if nothing. predict, which writes no file, has nothing in
// place of one that names the output.
std::string synonym(const CLI::App& app, const std::string& name) {
  if (name == "--output" && app.get_name() == "predict") return "";
  for (const auto& pair : kSynonyms) {
    for (const size_t i : {0U, 1U}) {
      if (pair.at(i) == name && app.get_option_no_throw(std::string(pair.at(1 - i))) != nullptr) {
        return std::string(pair.at(1 - i));
      }
    }
  }
  return "";
}

// The known word that is most like an option, or like a command; "--c" for "-c"; "" if there is none.
std::string nearest_known(CLI::App& program, const CLI::App& app, const std::string& word) {
  if (word.starts_with('-') && !word.starts_with("--")) {
    const std::string longer = "-" + option_name(word);
    return app.get_option_no_throw(longer) == nullptr ? "" : longer;
  }
  if (!word.starts_with('-') && &app != &program) return "";
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  if (&app == &program) {
    for (const CLI::App* command : commands_of(program)) known.push_back(command->get_name());
  }
  const std::vector<std::string_view> names(known.begin(), known.end());
  return std::string(nearest_name(option_name(word), names));
}

// The option of a required file or folder that is still missing; "" if none is.
std::string missing_path(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_required() && !option->get_positional() && option->count() == 0) return long_name(*option);
  }
  return "";
}

// About the first word that is no option, value or command.
std::string unknown_word(CLI::App& program, const CLI::App& app, const std::string& word) {
  const std::string unknown = "\"" + printable(word) + "\" is not known";
  if (&app != &program && find_option(app, word) != nullptr) {
    return option_name(word) + " comes after the command: " + command_name(program, app) + " " + option_name(word) +
           " ...";
  }
  std::string owners;
  std::string in_place;
  for (const CLI::App* command : commands_of(program)) {
    const CLI::Option* option = command == &app ? nullptr : find_option(*command, word);
    if (option == nullptr) continue;
    owners += (owners.empty() ? "" : ", ") + command->get_name();
    if (in_place.empty()) in_place = synonym(app, long_name(*option));
  }
  if (!owners.empty() && &app == &program) {
    return option_name(word) + " belongs after a command that has it: " + owners;
  }
  if (!in_place.empty()) return unknown + "; did you mean " + in_place + "?";
  const std::string nearest = nearest_known(program, app, word);
  if (!nearest.empty()) return unknown + "; did you mean " + nearest + "?";
  if (!owners.empty()) return option_name(word) + " is not an option of " + app.get_name() + ", only of " + owners;
  const std::string missing = word.starts_with('-') ? "" : missing_path(app);
  if (!missing.empty()) return unknown + "; did you mean " + missing + " " + printable(word) + "?";
  return unknown;
}

// What to say of the first picture where predict lacks its model: that it is the model, or no picture; "" if nothing.
std::string about_picture(const std::string& path) {
  try {
    static_cast<void>(Classifier::load(path));
    return printable_path(path) + " is a model; did you mean --model " + printable_path(path) + "?";
  } catch (const Error& error) {
    std::error_code unknown;
    const bool other = std::filesystem::is_regular_file(path, unknown) && picture_format_of_file(path).empty();
    return other && error.code() == ErrorCode::kRefused ? error.what() : "";
  }
}

// The two options of a CLI11 message "A requires B" or "A excludes B", joined by `between`.
std::string about_two(const std::string& message, std::string_view verb, std::string_view between) {
  const size_t at = message.find(verb);
  if (at == std::string::npos) return message;
  return message.substr(0, at) + std::string(between) + message.substr(at + verb.size());
}

std::string own_words(const CLI::App& app, const CLI::ParseError& error) {
  const std::string message = error.what();
  if (dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr) {
    return about_two(message, " excludes ", " cannot be used with ");
  }
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    const CLI::Option* pictures = app.get_option_no_throw("PICTURE");
    const std::string about =
        pictures == nullptr || pictures->count() == 0 ? "" : about_picture(pictures->results()[0]);
    if (!about.empty()) return message + "; " + about;
    const std::string example = app.get_footer();  // "Example:\n  vgg16 ..."
    return message + "; for example: " + example.substr(example.find("\n  ") + 3);
  }
  if (dynamic_cast<const CLI::RequiresError*>(&error) != nullptr) {
    return about_two(message, " requires ", " is used only with ");
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    const std::string name = message.substr(0, message.find(':'));
    const CLI::Option* option = app.get_option_no_throw(name);
    if (option == nullptr) return message;
    if (option->get_items_expected_max() == 0) return name + " takes no value";
    return option->count() > 1 ? name + " is given more than once" : name + " needs a value";
  }
  return message;
}

}  // namespace

std::string usage_message(CLI::App& program, std::span<const char* const> words, const CLI::ParseError& error) {
  const auto chosen = program.get_subcommands();
  CLI::App& app = chosen.empty() ? program : *chosen[0];
  const auto left = program.remaining(true);
  // An unknown word is told before anything else: a misspelt option also looks like a missing one.
  const bool unknown = chosen.empty() || !left.empty();
  const std::string message =
      unknown ? unknown_word(program, app, left.empty() ? words[1] : left[0]) : printable(own_words(app, error));
  return message + " (" + command_name(program, app) + " --help lists the options)";
}

}  // namespace vgg16
