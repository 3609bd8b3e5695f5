// `predict -` as a coprocess: the program with pipes as its standard input and output, which answers paths as they
// come.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "cli_test.h"

namespace vgg16 {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::SizeIs;
using testing::StartsWith;

constexpr int kDeadlockMs = 120'000;

class Coprocess {
 public:
  /// `folder` is where the program runs, and `scratch`, which must be there, where the pipes and its messages are.
  Coprocess(const std::vector<std::string>& words, const fs::path& folder, const fs::path& scratch)
      : paths_(fifo(scratch / "paths")),
        answers_(fifo(scratch / "answers")),
        from_(::open(answers_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)),
        process_(words, folder, scratch, {.input_file = paths_, .output = answers_}),
        to_(::open(paths_.c_str(), O_WRONLY | O_CLOEXEC)) {}  // waits until the program has opened the other end
  ~Coprocess() {
    end_input();
    end_output();
  }
  Coprocess(const Coprocess&) = delete;
  Coprocess& operator=(const Coprocess&) = delete;

  void write(std::string_view text) const {
    if (::write(to_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      throw std::runtime_error("the program does not read what is written");
    }
  }

  /// Waits for the next line of the output.
  std::string line() {
    for (;;) {
      const size_t end = received_.find('\n');
      if (end != std::string::npos) {
        const std::string first = received_.substr(0, end);
        received_.erase(0, end + 1);
        return first;
      }
      struct pollfd output = {from_, POLLIN, 0};
      if (::poll(&output, 1, kDeadlockMs) == 0) throw std::runtime_error("no answer");
      char some[4096];
      const ssize_t got = ::read(from_, some, sizeof some);
      if (got == 0) throw std::runtime_error("the program ended instead of answering");
      if (got > 0) received_.append(some, static_cast<size_t>(got));
    }
  }

  std::string answer_to(const std::string& path) {
    write(path + "\n");
    return line();
  }

  void end_input() {
    if (to_ >= 0) ::close(std::exchange(to_, -1));
  }
  void end_output() {
    if (from_ >= 0) ::close(std::exchange(from_, -1));
  }
  void send(int signal) const { process_.send(signal); }
  [[nodiscard]] int64_t peak_memory_bytes() const { return process_.peak_memory_bytes(); }
  Outcome wait() { return process_.wait(); }

  /// Ends the list and waits for the end of the program, which must have no more to say.
  Outcome end() {
    end_input();
    Outcome outcome = process_.wait();
    char more = 0;
    EXPECT_EQ(::read(from_, &more, 1), 0);
    EXPECT_EQ(received_, "");
    return outcome;
  }

 private:
  static fs::path fifo(const fs::path& path) {
    fs::remove(path);
    if (::mkfifo(path.c_str(), 0600) != 0) throw std::runtime_error(path.string() + " cannot be made");
    return path;
  }

  fs::path paths_;
  fs::path answers_;
  std::string received_;  // and not taken by line()
  int from_ = -1;
  Process process_;
  int to_ = -1;
};

class PredictList : public TrainedCliTest {
 protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);  // if the program ends early, writing to it fails instead of killing the test
    TrainedCliTest::SetUp();
  }
  void TearDown() override { ::signal(SIGPIPE, SIG_DFL); }

  // The command line that predicts `more`.
  Words predict(const Words& more) const {
    Words words = command({"predict", "-m", "pets.model"});
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  // What the program prints for the pictures in new/ when it is called with the folder.
  Words expected(const Words& more = {}) const {
    Words words = {"predict", "-m", "pets.model", "new"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words).out_lines();
  }
};

TEST_F(PredictList, AnswersEachPathBeforeTheNextIsWritten) {
  for (const Words& format : {Words{}, Words{"--json"}, Words{"--json", "-b", "1", "--threads", "1"}}) {
    SCOPED_TRACE(testing::PrintToString(format));
    const Words answers = expected(format);
    ASSERT_THAT(answers, SizeIs(3));
    Words words = format;
    words.emplace_back("-");
    Coprocess program(predict(words), folder_, scratch_);
    for (const size_t i : {0U, 2U, 1U, 1U, 0U}) {
      EXPECT_EQ(program.answer_to("new/" + std::to_string(i) + ".png"), answers[i]);
    }
    const Outcome outcome = program.end();
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.err, "");
  }
}

TEST_F(PredictList, BadInputIsOneAnswerAndTheListGoesOn) {
  write_test_file(path("broken.png"), bytes("new/0.png").substr(0, 60));
  const std::string too_long(10'000, 'a');
  const std::vector<std::pair<std::string, std::string>> bad = {{"missing.png", "no such file"},
                                                                {"broken.png", "truncated"},
                                                                {"", "the path is empty"},
                                                                {"new", "is a directory"},
                                                                {too_long, "file name too long"}};
  const std::string good = expected()[1];
  const std::string good_json = expected({"--json"})[1];

  Coprocess text(predict({"-"}), folder_, scratch_);
  for (const auto& [name, reason] : bad) {
    const std::string shown = name.empty() ? "\"\"" : name.substr(0, 8192);
    EXPECT_EQ(text.answer_to(name), shown + ": -");
    EXPECT_EQ(text.answer_to("new/1.png"), good);
  }
  const Outcome of_text = text.end();
  EXPECT_EQ(of_text.status, 3);
  ASSERT_THAT(of_text.err_lines(), SizeIs(bad.size()));
  EXPECT_EQ(of_text.err_lines()[0], "vgg16: missing.png: no such file");
  EXPECT_EQ(of_text.err_lines()[2], "vgg16: \"\": the path is empty");

  Coprocess json(predict({"--json", "-"}), folder_, scratch_);
  for (const auto& [name, reason] : bad) {
    const auto answer = nlohmann::json::parse(json.answer_to(name));
    EXPECT_EQ(keys(answer), (Words{"error", "path", "schema"}));
    EXPECT_EQ(answer["path"], name.substr(0, 8192));
    EXPECT_THAT(answer["error"].get<std::string>(), testing::HasSubstr(reason));
    EXPECT_EQ(json.answer_to("new/1.png"), good_json);
  }
  const Outcome of_json = json.end();
  EXPECT_EQ(of_json.status, 3);
  EXPECT_EQ(of_json.err, of_text.err);
}

TEST_F(PredictList, AnswersWhatIsThereAndWaitsForTheRest) {
  const Words answers = expected();
  for (const auto& [option, end] : {std::pair("-q", '\n'), {"-q", '\0'}, {"-0", '\0'}}) {
    Coprocess program(predict({option, "-b", "2", "-"}), folder_, scratch_);
    const auto with_ends = [end = end](std::string text) {
      std::replace(text.begin(), text.end(), '|', end);
      return text;
    };
    program.write(with_ends("new/0.png|new/1.png|new/2.png|new/1.png|new/"));
    for (const size_t i : {0U, 1U, 2U, 1U}) EXPECT_EQ(program.line(), answers[i]);
    program.write(with_ends("2.png|new/0.png"));
    EXPECT_EQ(program.line(), answers[2]);
    program.end_input();
    EXPECT_EQ(program.line(), answers[0]);
    EXPECT_EQ(program.end().status, 0);
  }
}

TEST_F(PredictList, AnswersPicturesBeforeAListFirstAndThoseBehindItLast) {
  const Words answers = expected();
  Coprocess program(predict({"new/0.png", "-", "new/1.png"}), folder_, scratch_);
  EXPECT_EQ(program.line(), answers[0]);
  EXPECT_EQ(program.answer_to("new/2.png"), answers[2]);
  program.end_input();
  EXPECT_EQ(program.line(), answers[1]);
  EXPECT_EQ(program.end().status, 0);
}

// What the README shows.
TEST_F(PredictList, IsACoprocessOfAShell) {
  const Outcome outcome = bash(
      "coproc VGG16 { \"$VGG16\" predict -m pets.model -; }\n"
      "for i in 1 0; do echo new/$i.png >&${VGG16[1]} && read -r answer <&${VGG16[0]} && echo \"$answer\"; done");
  EXPECT_EQ(outcome.err, "");
  const Words answers = expected();
  EXPECT_THAT(outcome.out_lines(), ElementsAre(answers[1], answers[0]));
}

TEST_F(PredictList, ASignalEndsTheWaiting) {
  for (const auto& [signal, status] : {std::pair(SIGINT, 130), {SIGTERM, 143}, {SIGHUP, 129}}) {
    Coprocess program(predict({"-"}), folder_, scratch_);
    EXPECT_THAT(program.answer_to("new/0.png"), StartsWith("new/0.png: cats"));
    program.send(signal);
    const Outcome outcome = program.wait();
    EXPECT_EQ(outcome.status, status);
    ASSERT_THAT(outcome.err_lines(), SizeIs(2)) << outcome.err;
    EXPECT_THAT(outcome.err_lines()[1], EndsWith(" predict -m pets.model -"));
  }
}

TEST_F(PredictList, AReaderThatLeavesEndsTheProgram) {
  for (const char* path : {"new/1.png", "missing.png"}) {
    Coprocess program(predict({"-"}), folder_, scratch_);
    EXPECT_THAT(program.answer_to("new/0.png"), StartsWith("new/0.png: cats"));
    program.end_output();
    program.write(std::string(path) + "\n");
    const Outcome outcome = program.wait();
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.err, EndsWith("vgg16: standard output cannot be written: Broken pipe\n"));
  }
}

TEST_F(PredictList, MemoryDoesNotGrowWithTheList) {
  if (VGG16_TEST_SANITIZED) GTEST_SKIP() << "the sanitizers take memory of their own";
  constexpr int kParts = 400;
  const std::string part(50'000, 'a');   // fits into a pipe
  constexpr int64_t kSlack = 8'000'000;  // of the 20 million bytes that are written
  Coprocess program(predict({"-"}), folder_, scratch_);
  const auto answer_parts = [&](int parts) {
    for (int i = 0; i < parts; ++i) {
      std::string paths = part;
      for (size_t end = 999; end < paths.size(); end += 1000) paths[end] = '\n';
      program.write(paths);
      for (size_t path = 0; path < part.size() / 1000; ++path) EXPECT_THAT(program.line(), EndsWith("a: -"));
    }
    return program.peak_memory_bytes();
  };
  const int64_t least = answer_parts(20);
  EXPECT_LE(answer_parts(kParts), least + kSlack);
  for (int i = 0; i < kParts; ++i) program.write(part);
  EXPECT_THAT(program.answer_to(""), EndsWith("a: -"));  // one path
  EXPECT_LE(program.peak_memory_bytes(), least + kSlack);
  EXPECT_EQ(program.end().status, 3);
}

TEST_F(PredictList, SaysWhyStandardInputCannotBeRead) {
  expect_failure(1, "standard input cannot be read: Is a directory", {"predict", "-m", "pets.model", "-"},
                 {.input_file = folder_});
}

}  // namespace
}  // namespace vgg16
