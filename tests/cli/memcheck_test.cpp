// One small run of every command under valgrind's memcheck: no access to unallocated or uninitialized memory, no leak.
#include "cli_test.h"

namespace vgg16 {
namespace {

constexpr int kMemoryErrors = 99;

class Memcheck : public CliTest {
 protected:
  void SetUp() override {
    if (VGG16_TEST_SANITIZED) GTEST_SKIP() << "valgrind cannot run what AddressSanitizer watches";
    if (Process({"valgrind", "--version"}, folder_, scratch_, {}).wait().status != 0) {
      GTEST_SKIP() << "no valgrind (Debian: apt-get install valgrind)";
    }
  }

  void check(const Words& words) const {
    Words all = {"valgrind", "--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite",
                 "--error-exitcode=" + std::to_string(kMemoryErrors)};
    const Words program = command(words);
    all.insert(all.end(), program.begin(), program.end());
    const Outcome outcome = Process(all, folder_, scratch_, {}).wait();
    EXPECT_EQ(outcome.status, 0) << words[0] << ":\n" << outcome.err;
  }
};

TEST_F(Memcheck, ExtractMergeTrainPredict) {
  make_pictures("pets", {"cats", "dogs"}, 3);
  for (const char* part : {"1", "2"}) {  // one thread, one picture at a time: all that valgrind runs is run in turns
    check({"extract", "-d", "pets", "-o", part + std::string(".h5"), "--layer", "block1_conv1", "--pool", "avg",
           "--threads", "1", "--batch-size", "1", "--shard", part + std::string("/2")});
  }
  check({"merge", "-o", "pets.h5", "1.h5", "2.h5"});
  check({"train", "-d", "pets.h5", "-m", "pets.model", "--folds", "2", "--split", "stratified", "--jobs", "1"});
  check({"predict", "-m", "pets.model", "pets/cats/0.png", "--threads", "1", "--batch-size", "1"});
}

}  // namespace
}  // namespace vgg16
