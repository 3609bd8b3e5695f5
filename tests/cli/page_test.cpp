// vgg16 train --report.
#include "cli_test.h"

namespace vgg16 {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kHostileClass = "<script>alert('x')&\"";
constexpr const char* kHostileFile = "\"><img src=x onerror=alert(1)>\n\xFF.png";

class TrainedPage : public CliTest {
 protected:
  // Three classes, one of a hostile name, with a hostile file that is in two of them.
  void extract_hostile() const {
    make_pictures("pets", {"cats", kHostileClass, "owls"}, 8);
    const FileBytes cat = class_picture(0, 77);
    write_test_file(path("pets/cats") / kHostileFile, cat);
    write_test_file(path(std::string("pets/") + kHostileClass) / kHostileFile, cat);
    ASSERT_EQ(run(quick_extract("pets", "pets.h5")).status, 0);
  }

  Outcome train(const Words& more) const {
    Words words = {"train", "-d", "pets.h5", "-m", "pets.model", "--report", "page.html"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
};

TEST_F(TrainedPage, ShowsWhatJsonPrints) {
  extract_hostile();
  const Words split = {"--images", "pets", "--test-size", "0.5", "--split", "stratified", "--folds", "2", "--json"};
  const Outcome outcome = train(split);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const std::string page = bytes("page.html");
  // All that is left of hostile names is text.
  EXPECT_THAT(page,
              AllOf(Not(HasSubstr("<script")), Not(HasSubstr("<img src=x")), Not(HasSubstr("src=\"x")),
                    Not(HasSubstr("http:")), Not(HasSubstr("https:")), HasSubstr("&lt;script&gt;alert('x')&amp;&quot;"),
                    HasSubstr("&quot;&gt;&lt;img src=x onerror=alert(1)&gt;\\x0a\\xff.png")));
  EXPECT_THAT(page, HasSubstr("src=\"data:image/jpeg;base64,"));
  std::string reason;
  if (!find_python("PIL", reason)) GTEST_SKIP() << reason;
  write_test_file(path("report.json"), outcome.out);
  EXPECT_EQ(run_script("check_page.py", quoted(path("page.html")) + " " + quoted(path("report.json"))), 0);
  for (const Words& options : {Words{"--test-size", "0"}, Words{"--classifier", "forest", "--trees", "2,5"},
                               Words{"--classifier", "svm", "--score", "log-loss"}, Words{"--solver", "lbfgs"}}) {
    Words words = options;
    words.insert(words.end(), {"--json", "--overwrite", "-q"});
    write_test_file(path("report.json"), train(words).out);
    EXPECT_EQ(run_script("check_page.py", quoted(path("page.html")) + " " + quoted(path("report.json"))), 0);
  }
}

TEST_F(TrainedPage, HasTheSameBytesForAnyNumberOfThreads) {
  extract_hostile();
  std::string first;
  for (const char* jobs : {"1", "3"}) {
    // The command line is on the page.
    EXPECT_EQ(bash(std::string("JOBS=") + jobs +
                   "; exec \"$VGG16\" train -d pets.h5 -m pets.model --report page.html "
                   "--images pets --overwrite -j $JOBS")
                  .status,
              0);
    std::string page = bytes("page.html");
    const size_t at = page.find(std::string("-j ") + jobs);
    ASSERT_NE(at, std::string::npos);
    page.replace(at, 4, "-j N");
    if (first.empty()) first = page;
    EXPECT_TRUE(page == first);
  }
}

TEST_F(TrainedPage, HasBoxesInPlaceOfMissingPictures) {
  extract_hostile();
  EXPECT_THAT(train({}).err, HasSubstr("model saved: pets.model\npage saved: page.html\nnext: "));
  EXPECT_THAT(bytes("page.html"), AllOf(HasSubstr("no picture: train --images shows it"), Not(HasSubstr("<img"))));
  fs::create_directory(path("empty"));
  const Outcome outcome = train({"--images", "empty", "--overwrite"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.err, HasSubstr("for the page cannot be shown, or are not below --images as they were"));
  EXPECT_THAT(bytes("page.html"), AllOf(HasSubstr("no picture: no such file"), Not(HasSubstr("<img"))));
}

TEST_F(TrainedPage, IsRefusedBeforeTheWork) {
  extract_hostile();
  const Words command = {"train", "-d", "pets.h5", "-m", "pets.model"};
  const auto refuse = [&](int status, const char* message, const Words& more) {
    Words words = command;
    words.insert(words.end(), more.begin(), more.end());
    expect_failure(status, message, words);
  };
  refuse(2, "--images is used only with --report", {"--images", "pets"});
  refuse(1, "--images: there is no folder elsewhere", {"--report", "page.html", "--images", "elsewhere"});
  refuse(1, "page.html cannot be created", {"--report", "gone/page.html"});
  refuse(2, "is both the model and the page", {"--report", "./pets.model"});
  refuse(2, "pets.h5 is both input and output", {"--report", "pets.h5", "--overwrite"});
  write_test_file(path("page.html"), "something of value");
  refuse(1, "page.html already exists; add --overwrite to replace it", {"--report", "page.html"});
  refuse(2, "pets/cats/0.png is both input and output",
         {"--report", "pets/cats/0.png", "--images", "pets", "--overwrite"});
}

}  // namespace
}  // namespace vgg16
