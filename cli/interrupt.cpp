#include "interrupt.h"

#include <signal.h>
#include <unistd.h>

namespace vgg16 {
namespace {

// The one piece of global state in the program: a signal handler can reach nothing else.
std::atomic<bool> stop{false};
std::atomic<int> signal_number{0};

extern "C" void note_signal(int number) {
  if (stop.exchange(true)) _exit(128 + number);
  signal_number = number;
}

}  // namespace

void watch_for_interrupts() {
  struct sigaction action {};
  action.sa_handler = note_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

const std::atomic<bool>& interrupted() { return stop; }

int interrupted_status() { return 128 + signal_number; }

}  // namespace vgg16
