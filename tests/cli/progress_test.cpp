// What the program shows on a terminal while it works.
#include <cstring>
#include <sstream>

#include "cli_test.h"
#include "terminal.h"

namespace vgg16 {
namespace {

using testing::Contains;
using testing::ContainsRegex;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr const char* kRedrawn = "\r\x1B[K";

class ProgressLine : public TrainedCliTest {
 protected:
  // What `words` print to standard error, which is a terminal.
  [[nodiscard]] std::string shown(const Words& words, unsigned short columns = 80, int status = 0,
                                  RunOptions options = {}) const {
    Terminal terminal(columns);
    options.environment = {"TERM=xterm"};
    options.errors = terminal.path();
    Process process(command(words), folder_, scratch_, options);
    // Until the end, because a terminal that is not read is full soon.
    static_cast<void>(process.wait_until([&] { return terminal.shown().empty() && false; }));
    EXPECT_EQ(process.wait().status, status);
    return terminal.shown();
  }

  // The same as the states of a line that is redrawn.
  [[nodiscard]] std::vector<std::string> states(const Words& words, unsigned short columns = 80,
                                                const RunOptions& options = {}) const {
    std::vector<std::string> found;
    std::string rest = shown(words, columns, 0, options);
    for (size_t at = 0; (at = rest.find(kRedrawn)) != std::string::npos;) {
      found.push_back(rest.substr(0, at));
      rest.erase(0, at + std::strlen(kRedrawn));
    }
    found.push_back(rest);
    return found;
  }
};

TEST_F(ProgressLine, OfAnExtractionSaysWhatItIsLimitedBy) {
  make_pictures("more", {"cats", "dogs"}, 40);
  for (const unsigned short columns : std::initializer_list<unsigned short>{80, 40}) {
    const auto lines = states({"extract", "-d", "more", "-o", "more.h5", "-b", "1", "--overwrite"}, columns);
    EXPECT_THAT(lines, Contains("listing more"));
    EXPECT_THAT(lines, Contains(HasSubstr("extract 0/80 pictures, 0 %")));
    EXPECT_THAT(lines, Each(SizeIs(testing::Lt(columns))));
    if (columns == 80) {
      EXPECT_THAT(lines,
                  Contains(ContainsRegex("pictures, [0-9]+ %, [0-9]+ s left, [0-9.]+/s, compute-bound  .[#.]+.")));
    }
  }
}

TEST_F(ProgressLine, OfPredictingManyShowsWhereAnswersDoNot) {
  make_pictures("more", {"cats"}, 60);
  const Words words = {"predict", "-m", "pets.model", "-b", "2", "more"};
  EXPECT_THAT(states(words), Contains(ContainsRegex("predict [0-9]+/60 pictures, [0-9]+ %")));
  // Of a list it is not known how many will come.
  std::string list;
  for (int i = 0; i < 60; ++i) list += "more/cats/" + std::to_string(i) + ".png\n";
  const auto listed = states({"predict", "-m", "pets.model", "-b", "2", "-"}, 80, {.input = list});
  EXPECT_THAT(listed, Contains(ContainsRegex("predict [0-9]+ pictures")));
  EXPECT_THAT(listed, Each(Not(HasSubstr("left"))));
  for (const Words& more : {Words{"--no-progress"}, {"-q"}}) {
    Words silent = words;
    silent.insert(silent.end(), more.begin(), more.end());
    EXPECT_THAT(states(silent), testing::ElementsAre(""));
  }
  EXPECT_THAT(states({"predict", "-m", "pets.model", "new/0.png"}), testing::ElementsAre(""));
}

TEST_F(ProgressLine, IsTakenAwayBeforeAnError) {
  make_pictures("more", {"cats"}, 40);
  for (int i = 0; i < 20; ++i) {
    write_test_file(path("more/cats/x" + std::to_string(i) + ".png"), "no picture");
  }
  std::istringstream lines(shown({"predict", "-m", "pets.model", "-b", "2", "more"}, 80, 3));
  int errors = 0;
  for (std::string line; std::getline(lines, line);) {
    const size_t error = line.find("vgg16: ");
    if (error == std::string::npos) continue;
    ++errors;
    EXPECT_TRUE(error == 0 || line.substr(0, error).ends_with(kRedrawn)) << line;
  }
  EXPECT_EQ(errors, 20);
}

}  // namespace
}  // namespace vgg16
