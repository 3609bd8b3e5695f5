// The program: parses the command line, runs one command, and turns errors into one line and an exit status.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <span>
#include <sstream>
#include <string_view>

#include "command.h"
#include "command_text.h"
#include "interrupt.h"
#include "print.h"
#include "program.h"
#include "usage.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

// The statuses that the README promises.
int exit_status(ErrorCode code) {
  return code == ErrorCode::kRefused ? kRefusedInput : code == ErrorCode::kInvalidArgument ? kUsage : kFailed;
}

int run(int argc, const char* const* argv) {
  const std::span words(argv, static_cast<size_t>(argc));
  Program program = make_program({.command = command_text(words), .resume = resume_command_text(words)});
  CLI::App& app = *program.app;
  if (argc == 1) {
    std::fputs(app.help().c_str(), stderr);
    return kUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // -h, --help, --version
    std::ostringstream text;
    app.exit(success, text, text);
    print_result(text.str());
    flush_output();
    return kDone;
  } catch (const CLI::ParseError& error) {
    print_error(usage_message(app, words, error));
    return kUsage;
  }
  const auto chosen =
      std::find_if(program.commands.begin(), program.commands.end(), [](const Command& c) { return c.app->parsed(); });
  // After parsing, so that --help does not start a thread; before the command, because it must be the first thread.
  watch_for_interrupts(command_text(words));
  try {
    const int status = chosen->run();
    flush_output();
    return status;
  } catch (const Error& error) {
    const CLI::Option* const verbose = chosen->app->get_option_no_throw("--verbose");
    if (error.detail().empty() || verbose == nullptr || verbose->count() == 0) throw;
    throw Error(error.code(), std::string(error.what()) + " [" + error.detail() + "]");
  }
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
