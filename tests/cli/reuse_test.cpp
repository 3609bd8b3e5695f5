// extract --reuse: rows of an earlier file are copied, and the result is that of a run that computes all.
#include <signal.h>

#include "cli_test.h"
#include "old_features.h"
#include "vgg16/feature_file.h"

namespace vgg16 {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ReuseOption : public CliTest {
 protected:
  void add_picture(const std::string& name) const { write_test_file(path(name), class_picture(0, 777)); }
};

TEST_F(ReuseOption, ComputesOnlyNewPictures) {
  make_pictures("pets", {"cats", "dogs"}, 8);
  ASSERT_EQ(run(quick_extract("pets", "pets.h5")).status, 0);
  add_picture("pets/cats/new.png");
  fs::rename(path("pets/dogs/1.png"), path("pets/dogs/renamed.png"));
  ASSERT_EQ(run(quick_extract("pets", "fresh.h5")).status, 0);

  const Outcome outcome = run(quick_extract("pets", "more.h5", {"--reuse", "pets.h5"}));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, StartsWith("more.h5: 17 rows of 64 numbers, 2 classes, 0 skipped; "
                                      "16 rows copied from pets.h5, 1 computed; "));
  EXPECT_EQ(bytes("more.h5"), bytes("fresh.h5"));

  // The file that is replaced; then everything is copied.
  const auto document =
      json_line(run(quick_extract("pets", "pets.h5", {"--reuse", "pets.h5", "--overwrite", "--json"})).out);
  EXPECT_EQ(document["rows"], 17);
  EXPECT_EQ(document["reused_rows"], 16);
  EXPECT_EQ(document["computed_rows"], 1);
  EXPECT_EQ(bytes("pets.h5"), bytes("fresh.h5"));
  const Outcome all = run(quick_extract("pets", "pets.h5", {"--reuse", "pets.h5", "--overwrite"}));
  EXPECT_THAT(all.out, testing::MatchesRegex(".*; 17 rows copied from pets\\.h5, 0 computed; [0-9]+ s\n"));
  EXPECT_EQ(bytes("pets.h5"), bytes("fresh.h5"));
}

TEST_F(ReuseOption, ComputesDamagedRowsAndSaysSo) {
  make_pictures("pets", {"cats", "dogs"}, 8);
  ASSERT_EQ(run(quick_extract("pets", "pets.h5")).status, 0);
  std::string damaged = bytes("pets.h5");
  std::vector<float> row(64);
  open_feature_file(path("pets.h5")).read_rows(3, 1, row.data());
  const size_t at = damaged.find(std::string(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float)));
  ASSERT_NE(at, std::string::npos);
  damaged[at] = static_cast<char>(damaged[at] ^ 1);
  write_test_file(path("old.h5"), damaged);
  const Outcome outcome = run(quick_extract("pets", "a.h5", {"--reuse", "old.h5"}));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err, "vgg16: warning: old.h5: 1 row is damaged and not reused; the first is row 3\n");
  EXPECT_THAT(outcome.out, HasSubstr("; 15 rows copied from old.h5, 1 computed; "));
  EXPECT_EQ(bytes("a.h5"), bytes("pets.h5"));
}

TEST_F(ReuseOption, RefusesRowsThatAreNotThoseOfThisRun) {
  make_pictures("pets", {"cats", "dogs"}, 8);
  ASSERT_EQ(run(quick_extract("pets", "pets.h5", {"--dtype", "f16"})).status, 0);
  expect_failure(
      4,
      "pets.h5 has rows that cannot be reused: pools differ ('avg' there, '2x2' now); extract as before, "
      "or without --reuse",
      {"extract", "-d", "pets", "-o", "a.h5", "--layer", "block1_pool", "--pool", "2x2", "--reuse", "pets.h5"});
  expect_failure(4, "pets.h5 has rows that cannot be reused: stored as float16 there, as float32 now",
                 quick_extract("pets", "a.h5", {"--reuse", "pets.h5"}));
  expect_failure(1, "pets.h5 already exists; add --overwrite to replace it",
                 quick_extract("pets", "pets.h5", {"--dtype", "f16", "--reuse", "pets.h5"}));
  expect_failure(1, "no.h5: no such file", quick_extract("pets", "a.h5", {"--reuse", "no.h5"}));
  expect_failure(2, "\"\" is not the name of a file", quick_extract("pets", "a.h5", {"--reuse", ""}));
  write_test_file(path("text.h5"), "text");
  expect_failure(4, "text.h5 is ", quick_extract("pets", "a.h5", {"--reuse", "text.h5"}));
  write_old_features(path("old.h5"), std::vector<double>(128, 0.5), {0, 1}, {"cats", "dogs"});
  expect_failure(4, "old.h5 has rows that cannot be reused: it has no checksums and does not record how they were made",
                 quick_extract("pets", "a.h5", {"--reuse", "old.h5"}));
}

// Killed while it computes, resumed with the command and --resume.
TEST_F(ReuseOption, GoesOnAfterAKill) {
  make_pictures("pets", {"cats"}, 4);
  const Words extract = {"extract", "-d", "pets", "-b", "1", "-s", "1", "-o"};
  const auto with = [&](Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  ASSERT_EQ(run(with(extract, {"old.h5"})).status, 0);
  make_pictures("pets", {"dogs"}, VGG16_TEST_SANITIZED ? 4 : 30);
  {
    Process process(command(with(extract, {"a.h5", "--reuse", "old.h5"})), folder_, scratch_, {});
    EXPECT_TRUE(process.wait_until([&] { return fs::exists(path("a.h5.partial")); }));
    process.send(SIGKILL);
    EXPECT_EQ(process.wait().status, -SIGKILL);
  }
  const Outcome outcome = run(with(extract, {"a.h5", "--reuse", "old.h5", "--resume"}));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  ASSERT_EQ(run(with(extract, {"fresh.h5"})).status, 0);
  EXPECT_TRUE(bytes("a.h5") == bytes("fresh.h5"));
}

}  // namespace
}  // namespace vgg16
