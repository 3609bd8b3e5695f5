// The program: parses the command line, runs one command, and turns errors into one line and an exit status.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <sstream>
#include <string_view>
#include <vector>

#include "command.h"
#include "command_text.h"
#include "help.h"
#include "interrupt.h"
#include "print.h"
#include "vgg16/build_info.h"
#include "vgg16/error.h"
#include "weights_source.h"

namespace vgg16 {
namespace {

constexpr const char* kDescription =
    "A folder of labelled pictures becomes a trained classifier: VGG16 features and logistic regression.";

constexpr const char* kFooter =
    "A first run:\n"
    "  vgg16 extract -d animals -o animals.h5        one sub-folder of pictures per class\n"
    "  vgg16 train   -d animals.h5 -m animals.model\n"
    "  vgg16 predict -m animals.model photo.jpg\n\n"
    "Exit status: 0 done; 1 failed; 2 wrong command line; 3 finished, but more pictures were skipped than\n"
    "--max-skipped allows, or a picture to predict was unreadable; 4 an input file was refused;\n"
    "129, 130, 143 interrupted.";

// Also prints the digest of the built-in weights: it decides whether features files belong together.
std::string version_text() {
  const BuildInfo info = build_info();
  std::string text = "vgg16 " + std::string(info.version) + "\nbackends: ";
  for (size_t i = 0; i < info.backends.size(); ++i) text += (i == 0 ? "" : ", ") + std::string(info.backends[i]);
  text += "\ninstruction set: " + std::string(info.instruction_sets[0]);
  return text + "\nbuilt-in weights: " + builtin_weights_digest() + " (VGG, University of Oxford, CC BY 4.0)";
}

// The message for the first word that is no option, value or command, with the most similar known one.
std::string unknown_word(CLI::App& program, int argc, const char* const* argv) {
  const auto chosen = program.get_subcommands();
  CLI::App& app = chosen.empty() ? program : *chosen[0];
  const auto left = app.remaining(true);
  const std::string word = left.empty() ? (argc > 1 ? argv[1] : "") : left[0];
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  }
  if (chosen.empty()) {
    for (const CLI::App* command : program.get_subcommands([](CLI::App*) { return true; })) {
      known.push_back(command->get_name());
    }
  }
  const std::vector<std::string_view> names(known.begin(), known.end());
  const std::string_view nearest = nearest_name(word, names);
  return "\"" + printable(word) + "\" is not known" +
         (nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?");
}

// Points to the help of the command that was given.
int usage_error(const CLI::App& program, const std::string& message) {
  const auto chosen = program.get_subcommands();
  const std::string command = chosen.empty() ? "vgg16" : "vgg16 " + chosen[0]->get_name();
  print_error(message + " (" + command + " --help lists the options)");
  return kUsage;
}

// The statuses that the README promises.
int exit_status(ErrorCode code) {
  return code == ErrorCode::kRefused ? kRefusedInput : code == ErrorCode::kInvalidArgument ? kUsage : kFailed;
}

int run(int argc, const char* const* argv) {
  CLI::App program(kDescription, "vgg16");
  program.footer(kFooter);
  program.set_version_flag("--version", version_text, "Print version, backends, instruction set and weights' digest");
  program.require_subcommand(1);
  // Before the commands are added, which copy it.
  program.formatter(std::make_shared<HelpFormatter>());
  const std::span words(argv, static_cast<size_t>(argc));
  const std::vector<Command> commands = {add_extract(program, resume_command_text(words)),
                                         add_merge(program),
                                         add_train(program, command_text(words)),
                                         add_predict(program),
                                         add_info(program),
                                         add_convert(program)};
  if (argc == 1) {
    std::fputs(program.help().c_str(), stderr);
    return kUsage;
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    std::ostringstream text;
    program.exit(success, text, text);
    print_result(text.str());
    flush_output();
    return kDone;
  } catch (const CLI::ParseError& error) {
    // Report an unknown word before anything else: a misspelt option also looks like a missing one.
    const bool unknown = program.get_subcommands().empty() || !program.remaining(true).empty();
    return usage_error(program, unknown ? unknown_word(program, argc, argv) : printable(error.what()));
  }
  const auto chosen = std::find_if(commands.begin(), commands.end(), [](const Command& c) { return c.app->parsed(); });
  // After parsing, so that --help does not start a thread; before the command, because it must be the first thread.
  watch_for_interrupts(command_text(words));
  const int status = chosen->run();
  flush_output();
  return status;
}

// If the program is started with a standard stream closed, the first file that it opens would get that descriptor, and
// messages would be written into the file.
void open_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) < 0) _exit(kFailed);
  }
}

// For the terminate handler: whether the reason is a lack of memory, which is an uncaught std::bad_alloc or, if there
// was no memory even for the exception, no exception at all.
bool ends_for_want_of_memory() {
  if (std::current_exception() == nullptr) {
    void* const volatile memory = std::malloc(256);
    return memory == nullptr;
  }
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return true;
  } catch (...) {
    return false;
  }
}

// If memory runs out before main() or in a destructor, no catch sees it. This makes the program end with its usual line
// and exit status instead of SIGABRT. Priority 101 is before the constructors of other globals, which allocate.
__attribute__((constructor(101))) void end_without_a_signal() {
  std::set_terminate([] {
    if (!ends_for_want_of_memory()) std::abort();
    constexpr std::string_view kText = "vgg16: out of memory\n";
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kText.data(), kText.size());
    _exit(kFailed);
  });
}

}  // namespace
}  // namespace vgg16

int main(int argc, char** argv) {
  using namespace vgg16;
  open_standard_streams();
  ::signal(SIGPIPE, SIG_IGN);  // so that writing to a closed pipe fails with a message instead of killing the program
  ::signal(SIGXFSZ, SIG_IGN);  // the same for a file that exceeds ulimit -f
  try {
    return run(argc, argv);
  } catch (const Error& error) {
    print_error(error.what());
    return exit_status(error.code());
  } catch (const std::bad_alloc&) {
    print_error("out of memory");
    return kFailed;
  } catch (const std::exception& error) {
    print_error(printable(error.what()));
    return kFailed;
  }
}
