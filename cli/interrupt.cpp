#include "interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "print.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

// The program's only global state: a signal handler can use nothing but globals, and only lock-free ones.
std::atomic<bool> stop{false};
std::atomic<int> signal_number{0};
std::atomic<const std::string*> last_words{nullptr};

// State of the thread that waits for signals. It is never destroyed, because that thread may outlive main().
struct State {
  std::mutex mutex;            // guards `save`; a thread that ends the process holds it, so that only one does
  std::function<void()> save;  // of the current DeferredInterrupts; empty if there is none
  std::string command;         // the command that resumes
  std::string to_go_on;        // "to go on", and what the command needs
  std::string words_at_first;
  std::string words_later;
  const std::string none;
};

State& state() {
  static State* const state = new State;
  return *state;
}

std::string words(const std::string& what_for, std::string_view command) {
  return (::isatty(STDERR_FILENO) == 1 ? "\n" : "") + ("vgg16: interrupted; " + what_for) + ":\n" +
         std::string(command) + "\n";
}

// Prints the prepared text and ends the process. Also used as a signal handler, so it may only call async-signal-safe
// functions. SIGALRM is the timeout of kSavingSeconds; then the exit status is that of the first signal.
extern "C" [[noreturn]] void end_at_once(int number) {
  // If even this cannot be written, nothing can be done.
  const std::string& text = *last_words;
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  _exit(128 + (number == SIGALRM ? signal_number.load() : number));
}

// Saving may take as long as the disk takes. From here on the next signal, or a timeout, ends the process at once.
void let_the_next_end_at_once(sigset_t watched) {
  struct sigaction action {};
  action.sa_handler = end_at_once;
  sigaddset(&watched, SIGALRM);
  for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGALRM}) {
    if (sigismember(&watched, number) == 1) sigaction(number, &action, nullptr);
  }
  ::alarm(DeferredInterrupts::kSavingSeconds);
  pthread_sigmask(SIG_UNBLOCK, &watched, nullptr);
}

void wait_for_signals(sigset_t watched) {
  for (;;) {
    int number = 0;
    if (sigwait(&watched, &number) != 0) continue;
    if (stop) let_the_next_end_at_once(watched);
    const std::scoped_lock lock(state().mutex);
    if (state().save && !stop) {
      signal_number = number;
      stop = true;
      continue;
    }
    try {
      if (state().save) state().save();
    } catch (const std::exception& error) {
      print_error(error.what());
    }
    end_at_once(number);
  }
}

}  // namespace

void watch_for_interrupts(std::string_view command) {
  state().words_at_first = words("to start again", command);
  last_words = &state().words_at_first;
  sigset_t watched;
  sigemptyset(&watched);
  for (const int number : {SIGHUP, SIGINT, SIGTERM}) {
    struct sigaction inherited {};
    sigaction(number, nullptr, &inherited);
    if (inherited.sa_handler != SIG_IGN) sigaddset(&watched, number);
  }
  pthread_sigmask(SIG_BLOCK, &watched, nullptr);
  try {
    std::thread([watched] { wait_for_signals(watched); }).detach();
  } catch (const std::system_error& error) {
    throw Error(ErrorCode::kMemory,
                "cannot start a thread to wait for signals: " + system_message(error.code().value()));
  }
}

void go_on_with(std::string_view command, std::string_view how) {
  state().command = command;
  state().to_go_on = "to go on" + std::string(how);
  state().words_later = words(state().to_go_on, command);
  last_words = &state().words_later;
}

DeferredInterrupts::DeferredInterrupts(std::function<void()> save) {
  const std::scoped_lock lock(state().mutex);
  state().save = std::move(save);
}

DeferredInterrupts::~DeferredInterrupts() {
  const std::scoped_lock lock(state().mutex);
  state().save = nullptr;
}

void DeferredInterrupts::end() {
  const std::scoped_lock lock(state().mutex);
  if (!stop) state().save = nullptr;
}

const std::atomic<bool>& interrupted() { return stop; }

int end_interrupted(const std::string& how_far) {
  const std::scoped_lock lock(state().mutex);
  print_error("interrupted " + how_far + "; " + state().to_go_on + ":");
  print_line(state().command);
  last_words = &state().none;
  return 128 + signal_number;
}

}  // namespace vgg16
