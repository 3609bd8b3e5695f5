// Shards under GNU parallel, as the README shows it: one job is killed and run again, and the merged file has the bytes
// of a single run.
#include "cli_test.h"

namespace vgg16 {
namespace {

using testing::HasSubstr;

class Parallel : public CliTest {};

// Shard 2 is killed the first time, when it has its file.
constexpr const char* kJob = R"(
shard=$1
set -- "$VGG16" extract -q -d pets -o "part-$shard.h5" --shard "$shard/4" --threads 1 -b 1 -s 1 --resume
if [ "$shard" != 2 ] || [ -e killed ]; then exec "$@"; fi
"$@" &
until [ -e part-2.h5.partial ]; do sleep 0.01; done
kill -KILL $!
touch killed
wait $!
)";

TEST_F(Parallel, AKilledJobIsRunAgainAndTheMergedFileIsThatOfASingleRun) {
  if (bash("parallel --version | grep -q 'GNU parallel'").status != 0) {
    GTEST_SKIP() << "GNU parallel is not installed (Debian: apt-get install parallel)";
  }
  make_pictures("pets", {"cats", "dogs"}, 10);
  ASSERT_EQ(run({"extract", "-d", "pets", "-o", "whole.h5"}).status, 0);
  write_test_file(path("job.sh"), kJob);

  const std::string home = "mkdir -p home; export HOME=$PWD/home; ";  // where parallel keeps its notes
  const std::string jobs = "bash job.sh {} ::: 1 2 3 4";
  const Outcome first = bash(home + "parallel --jobs 2 --joblog jobs " + jobs);
  EXPECT_EQ(first.status, 1) << first.err;
  EXPECT_TRUE(fs::exists(path("killed")));
  EXPECT_FALSE(fs::exists(path("part-2.h5")));
  for (const char* part : {"part-1.h5", "part-3.h5", "part-4.h5"}) EXPECT_TRUE(fs::exists(path(part))) << part;
  expect_failure(1, "part-2.h5", {"merge", "-o", "merged.h5", "part-1.h5", "part-2.h5", "part-3.h5", "part-4.h5"});

  const Outcome second = bash(home + "parallel --jobs 2 --joblog jobs --resume-failed " + jobs);
  EXPECT_EQ(second.status, 0) << second.err;
  EXPECT_EQ(bash("tail -n 1 jobs | cut -f 7").out, "0\n");
  EXPECT_EQ(bash("tail -n +2 jobs | wc -l").out, "5\n") << bytes("jobs");  // four jobs, and one of them again
  EXPECT_EQ(bash("bash job.sh 3").status, 0) << "a job that is run twice does no harm";
  EXPECT_EQ(run({"merge", "-o", "merged.h5", "part-1.h5", "part-2.h5", "part-3.h5", "part-4.h5"}).status, 0);
  EXPECT_TRUE(bytes("merged.h5") == bytes("whole.h5"));
}

}  // namespace
}  // namespace vgg16
