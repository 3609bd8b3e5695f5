#include "interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <string>

namespace vgg16 {
namespace {

// The one piece of global state in the program: a signal handler can reach nothing else.
std::atomic<bool> deferred{false};
std::atomic<bool> stop{false};
std::atomic<int> signal_number{0};
std::string words_at_first;
std::string words_later;
std::atomic<const std::string*> last_words{nullptr};

std::string words(const char* what_for, std::string_view command) {
  return (::isatty(STDERR_FILENO) == 1 ? "\n" : "") + ("vgg16: interrupted; " + std::string(what_for)) + ":\n" +
         std::string(command) + "\n";
}

extern "C" void note_signal(int number) {
  if (!deferred) {
    // Nothing to be done where even this cannot be written.
    const std::string& text = *last_words;
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    _exit(128 + number);
  }
  if (stop.exchange(true)) _exit(128 + number);
  signal_number = number;
}

}  // namespace

void watch_for_interrupts(std::string_view command) {
  words_at_first = words("to start again", command);
  last_words = &words_at_first;
  struct sigaction action {};
  action.sa_handler = note_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void go_on_with(std::string_view command) {
  words_later = words("to go on", command);
  last_words = &words_later;
}

void end_deferring_interrupts() { deferred = false; }

void defer_interrupts() { deferred = true; }

const std::atomic<bool>& interrupted() { return stop; }

int interrupted_status() { return 128 + signal_number; }

}  // namespace vgg16
