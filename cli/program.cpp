#include "program.h"

#include <memory>

#include "help.h"
#include "manual.h"
#include "print.h"
#include "values.h"
#include "vgg16/build_info.h"
#include "weights_source.h"

namespace vgg16 {
namespace {

constexpr const char* kDescription =
    "A folder of labelled pictures becomes a trained classifier: VGG16 features, "
    "then logistic regression, a linear SVM or a random forest.";

constexpr const char* kFooter =
    "A first run:\n"
    "  vgg16 extract -d animals -o animals.h5       one sub-folder of pictures a class\n"
    "  vgg16 train   -d animals.h5 -m animals.model\n"
    "  vgg16 predict -m animals.model photo.jpg\n\n"
    "Exit status: 0 done; 1 failed; 2 wrong command line; 3 finished, but more\n"
    "pictures were skipped than --max-skipped allows, or a picture to predict was\n"
    "unreadable; 4 an input file was refused; 129, 130, 143 interrupted.";

// Also prints the digest of the built-in weights: it decides whether features files belong together.
std::string version_text() {
  const BuildInfo info = build_info();
  std::string text = "vgg16 " + std::string(info.version) + "\nbackends: ";
  for (size_t i = 0; i < info.backends.size(); ++i) text += (i == 0 ? "" : ", ") + std::string(info.backends[i]);
  text += "\ninstruction set: " + std::string(info.instruction_sets[0]);
  return text + "\nbuilt-in weights: " + builtin_weights_digest() + " (VGG, University of Oxford, CC BY 4.0)";
}

struct HelpCommand {
  std::string command;
  std::string shell;
  bool manual = false;
};

int help(const CLI::App& program, const HelpCommand& o) {
  if (o.shell == "bash") {
    print_result(bash_completions(program));
  } else if (o.shell == "zsh") {
    print_result(zsh_completions(program));
  } else if (o.shell == "fish") {
    print_result(fish_completions(program));
  } else if (o.manual) {
    print_result(manual_page(program, std::string(build_info().version)));
  } else {
    const CLI::App& app = o.command.empty() ? program : *program.get_subcommand(o.command);
    const std::string name = program.get_name() + (o.command.empty() ? "" : " " + o.command);
    print_result(app.get_formatter()->make_help(&app, name, CLI::AppFormatMode::All));
  }
  return kDone;
}

Command add_help(CLI::App& program, std::vector<std::string> commands) {
  auto o = std::make_shared<HelpCommand>();
  CLI::App* app = program.add_subcommand("help", "Show the help of the program or of a command");
  app->footer(
      "Example:\n  vgg16 help extract\n  vgg16 help --completions bash "
      ">~/.local/share/bash-completion/completions/vgg16");
  app->add_option("COMMAND", o->command, "Command to explain")
      ->type_name("")
      ->check(one_of(std::move(commands), "a command"));
  CLI::Option* const manual = app->add_flag("--man", o->manual, "The manual page of all commands, for man");
  choices(app->add_option("--completions", o->shell, "Script that completes command lines in a shell"),
          {"bash", "zsh", "fish"})
      ->excludes(manual);
  return {app, [&program, o] { return help(program, *o); }};
}

}  // namespace

Program make_program(const CommandText& text) {
  Program program = {std::make_unique<CLI::App>(kDescription, "vgg16"), {}};
  CLI::App& app = *program.app;
  app.footer(kFooter);
  app.set_help_flag("-h", "Short help: a line for each option");
  app.set_help_all_flag("--help", "This help, in full");
  app.set_version_flag("-V,--version", version_text,
                       "Print the version\nBackends, instruction set and the digest of the built-in weights as well");
  app.require_subcommand(1);
  // Before the commands are added, which copy it.
  app.formatter(std::make_shared<HelpFormatter>());
  program.commands = {add_extract(app, text.resume),
                      add_merge(app),
                      add_train(app, text.command),
                      add_predict(app),
                      add_info(app),
                      add_convert(app)};
  std::vector<std::string> names;
  for (const Command& command : program.commands) names.push_back(command.app->get_name());
  names.emplace_back("help");
  program.commands.push_back(add_help(app, names));
  return program;
}

}  // namespace vgg16
