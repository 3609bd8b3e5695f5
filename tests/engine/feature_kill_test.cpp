// SIGKILL at any moment: no row that was reported is lost, the file opens, and the next run ends with the same bytes.
// VGG16_TEST_KILLS sets the number of kills, 50 by default.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <sstream>
#include <thread>

#include "support/feature_rows.h"
#include "support/python.h"
#include "support/temp_dir.h"
#include "vgg16/error.h"
#include "vgg16/feature_file.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kRows = 300;
constexpr int64_t kColumns = 512;

struct Scenario {
  int64_t rows_per_commit;
  int64_t dropped;  // every n-th row, none for 0
};
constexpr Scenario kScenarios[] = {{1, 0}, {7, 0}, {64, 0}, {1000, 0}, {5, 9}};

// One run of the program; the number of rows that it last reported is in the file `told`.
class WriterProcess {
 public:
  WriterProcess(const fs::path& output, const Scenario& scenario, const fs::path& told) {
    std::string program = VGG16_BINARY_DIR "/tests/engine/feature_writer_program";
    std::string words[] = {program,
                           output.string(),
                           std::to_string(kRows),
                           std::to_string(kColumns),
                           std::to_string(scenario.rows_per_commit),
                           std::to_string(scenario.dropped)};
    char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(),
                         words[4].data(), words[5].data(), nullptr};
    const int out = open(told.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    child_ = fork();
    if (child_ == 0) {
      dup2(out, STDOUT_FILENO);
      execv(arguments[0], arguments);
      _exit(127);
    }
    close(out);
  }
  void kill() const { ::kill(child_, SIGKILL); }
  // The exit status, or -1 for a signal.
  int wait() const {
    int status = 0;
    waitpid(child_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t child_;
};

int64_t last_told(const fs::path& path) {
  std::istringstream lines(read_bytes(path));
  int64_t last = 0;
  for (int64_t rows = 0; lines >> rows;) last = rows;
  return last;
}

// Number of committed rows of the file at `path`, complete or not.
int64_t rows_in(const fs::path& path) {
  try {
    return open_feature_file(path).rows;
  } catch (const Error& error) {
    const std::string message = error.what();
    const size_t at = message.find("it holds ");
    EXPECT_NE(at, std::string::npos) << message;
    return at == std::string::npos ? -1 : std::stoll(message.substr(at + 9));
  }
}

class FeatureKill : public PythonTest {};

TEST_F(FeatureKill, LosesNoReportedRowAndEndsWithTheSameBytes) {
  const char* wanted = std::getenv("VGG16_TEST_KILLS");
  const int kills = wanted == nullptr ? 50 : std::atoi(wanted);
  const TempDir folder;
  fs::create_directory(folder / "killed");
  std::mt19937 random(20240601);
  int killed = 0;
  int with_rows = 0;
  int before_the_file = 0;
  int after_the_end = 0;
  for (int run = 0; killed < kills && run < 20 * kills; ++run) {
    const Scenario& scenario = kScenarios[static_cast<size_t>(run) % std::size(kScenarios)];
    const fs::path output = folder / "a.h5";
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_EQ(WriterProcess(output, scenario, folder / "told").wait(), 0);
    const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin);
    const std::string expected = read_bytes(output);
    fs::remove(output);

    // Up to three kills before the file is complete.
    int64_t told = 0;
    for (int attempt = 0; attempt < 3 && !fs::exists(output); ++attempt) {
      const WriterProcess victim(output, scenario, folder / "told");
      std::this_thread::sleep_for(std::chrono::microseconds(random() % static_cast<uint32_t>(whole.count() + 1)));
      victim.kill();
      if (victim.wait() == 0) {
        ++after_the_end;
        break;
      }
      ++killed;
      told = std::max(told, last_told(folder / "told"));
      const fs::path partial = partial_path_of(output);
      if (!fs::exists(partial)) {
        if (!fs::exists(output)) ++before_the_file;
        ASSERT_TRUE(told == 0 || fs::exists(output));
        continue;
      }
      const int64_t rows = rows_in(partial);
      ASSERT_GE(rows, told);
      with_rows += rows > 0 ? 1 : 0;
      fs::copy_file(partial, folder / ("killed/" + std::to_string(killed) + "." + std::to_string(told) + ".h5"));
    }
    ASSERT_EQ(WriterProcess(output, scenario, folder / "told").wait(), 0);
    ASSERT_TRUE(read_bytes(output) == expected) << "after run " << run;
    ASSERT_FALSE(fs::exists(partial_path_of(output)));
    fs::remove(output);
  }
  EXPECT_GE(killed, kills);
  std::printf("  %d kills: %d with rows on disk, %d before there was a file; %d runs ended first\n", killed, with_rows,
              before_the_file, after_the_end);
  std::string reason;
  if (!find_python("h5py, numpy", reason)) {
    std::printf("  h5py was not asked: %s\n", reason.c_str());
    return;
  }
  EXPECT_EQ(run_script("feature_files.py", "peek_all " + quoted(folder / "killed")), 0);
}

}  // namespace
}  // namespace vgg16
