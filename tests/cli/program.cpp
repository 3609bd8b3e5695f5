#include "program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include "support/feature_rows.h"
#include "support/temp_dir.h"

namespace vgg16 {
namespace {

constexpr std::chrono::seconds kLimit(120);
constexpr std::chrono::milliseconds kPoll(2);

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

// Describes what every thread of a process is doing, for the message of a test whose waiting timed out.
std::string threads_of(pid_t pid) {
  std::string text;
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", gone)) {
    for (const char* file : {"comm", "stat", "wchan", "syscall"}) {
      std::ifstream in(task.path() / file);
      std::string line;
      std::getline(in, line);
      text += std::string("\n  ") + file + ": " + line;
    }
  }
  return text;
}

// Between fork() and exec() only system calls are allowed, because other threads may have held locks at the fork.
struct Child {
  const char* folder;
  const char* input;
  const char* output;
  const char* errors;
  const std::vector<int>& closed;
  const std::vector<int>& ignored;
  rlim_t file_size_limit;

  [[noreturn]] void run(char* const* argv, char* const* environment) const {
    const auto redirect = [](int to, const char* path, int flags) {
      const int fd = ::open(path, flags, 0600);
      if (fd < 0 || ::dup2(fd, to) < 0) _exit(120);
      ::close(fd);
    };
    redirect(0, input, O_RDONLY);
    redirect(1, output, O_WRONLY | O_CREAT | O_TRUNC);
    redirect(2, errors, O_WRONLY | O_CREAT | O_TRUNC);
    for (const int fd : closed) ::close(fd);
    if (::chdir(folder) != 0) _exit(121);
    if (file_size_limit != RLIM_INFINITY) {
      const struct rlimit limit = {file_size_limit, file_size_limit};
      if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(122);
    }
    // Restores default handling, whatever the tests themselves were started with (nohup ignores SIGHUP).
    for (const int signal : {SIGPIPE, SIGHUP, SIGINT, SIGTERM}) ::signal(signal, SIG_DFL);
    for (const int signal : ignored) ::signal(signal, SIG_IGN);
    ::execvpe(argv[0], argv, environment);
    _exit(123);
  }
};

}  // namespace

std::vector<std::string> Outcome::err_lines() const { return lines_of(err); }
std::vector<std::string> Outcome::out_lines() const { return lines_of(out); }

Process::Process(const std::vector<std::string>& words, const std::filesystem::path& folder,
                 const std::filesystem::path& scratch, const RunOptions& options)
    : scratch_(scratch) {
  std::filesystem::create_directories(scratch);
  write_test_file(scratch / "in", options.input);
  std::vector<std::string> environment = options.environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with("VGG16_")) environment.emplace_back(*entry);
  }
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> envp;
  for (const std::string& entry : environment) envp.push_back(const_cast<char*>(entry.c_str()));
  envp.push_back(nullptr);
  const std::string in = options.input_file.empty() ? scratch / "in" : options.input_file;
  const std::string out = options.output.empty() ? scratch / "out" : options.output;
  const std::string err = options.errors.empty() ? scratch / "err" : options.errors;
  const Child child{folder.c_str(),         in.c_str(), out.c_str(), err.c_str(), options.closed, options.ignored,
                    options.file_size_limit};
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) child.run(argv.data(), envp.data());
}

Process::~Process() {
  if (reaped_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Process::send(int signal) const {
  if (!reaped_) ::kill(pid_, signal);
}

double Process::processor_seconds() const {
  clockid_t clock{};
  struct timespec taken = {};
  if (reaped_ || ::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &taken) != 0) return 0;
  return static_cast<double>(taken.tv_sec) + 1e-9 * static_cast<double>(taken.tv_nsec);
}

int64_t Process::peak_memory_bytes() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return int64_t{1024} * std::stoll(line.substr(6));
  }
  throw std::runtime_error("the program has ended");
}

bool Process::blocks_signals(unsigned long mask) const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Name:") && line != "Name:\tvgg16") return false;  // still the shell that starts it
    if (line.starts_with("SigBlk:")) return (std::stoul(line.substr(7), nullptr, 16) & mask) == mask;
  }
  return false;
}

bool Process::ended() {
  if (!reaped_) reaped_ = ::wait4(pid_, &wait_status_, WNOHANG, &usage_) == pid_;
  return reaped_;
}

bool Process::wait_until(const std::function<bool()>& reached) {
  const auto end = std::chrono::steady_clock::now() + kLimit;
  for (;;) {
    // Checked before reached(), because reached() may itself wait for the process's end.
    const bool over = ended() || std::chrono::steady_clock::now() > end;
    if (reached()) return true;
    if (over) return false;
    std::this_thread::sleep_for(kPoll);
  }
}

Outcome Process::wait() {
  if (!wait_until([this] { return ended(); })) {
    throw std::runtime_error("the program did not end in two minutes; its threads:" + threads_of(pid_));
  }
  Outcome outcome;
  outcome.status = WIFEXITED(wait_status_) ? WEXITSTATUS(wait_status_) : -WTERMSIG(wait_status_);
  outcome.peak_memory_bytes = int64_t{1024} * usage_.ru_maxrss;
  outcome.out = read_bytes(scratch_ / "out");
  outcome.err = read_bytes(scratch_ / "err");
  return outcome;
}

}  // namespace vgg16
