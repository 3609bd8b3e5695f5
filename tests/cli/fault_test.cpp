// The n-th system call of each kind fails, once and for good: never a signal, never a hang, never a success with wrong
// bytes. By default extract: each call once, but some of the most frequent calls and of the failures for good; with
// VGG16_TEST_FAULTS=all every command, every call, every request, and more errors. Requests for memory that the HDF5
// library makes for itself are spared: while it prepares itself, version 1.10.8 crashes where one fails
// (H5E_printf_stack and H5I_inc_ref call one another until the stack ends; HDFGroup/hdf5#4264). So are those of CUDA's
// static runtime, which crashes before main() where its first one fails.
#include <cerrno>
#include <cstdlib>

#include "cli_test.h"
#include "vgg16/feature_file.h"

namespace vgg16 {
namespace {

struct Command {
  const char* name;
  std::vector<std::string> words;
  std::vector<std::string> outputs;  // files that the command makes
};

// Which calls of a kind fail in a quick run, each in a run of its own.
enum class Quick { kNone, kSome, kEach };
struct Fault {
  const char* kind;
  int error;
  Quick quick = Quick::kNone;
};
constexpr Fault kFaults[] = {{"open", EIO, Quick::kEach},
                             {"open", EMFILE},
                             {"read", EIO, Quick::kSome},
                             {"read", EINTR},
                             {"write", ENOSPC, Quick::kEach},
                             {"write", EIO},
                             {"write", EINTR},
                             {"sync", EIO, Quick::kEach},
                             {"rename", EIO, Quick::kEach},
                             {"space", ENOSPC, Quick::kEach},
                             {"stat", EIO, Quick::kSome},
                             {"map", ENOMEM, Quick::kSome},
                             {"thread", 0, Quick::kEach},
                             {"memory", 0, Quick::kSome}};

class Faults : public CliTest {
 protected:
  void SetUp() override {
    if (VGG16_TEST_SANITIZED) GTEST_SKIP() << "the sanitizers take these calls over themselves";
    make_pictures("pets", {"cats", "dogs"}, 4);
    write_test_file(path("pets/dogs/photo.jpg"), small_jpeg());
    ASSERT_EQ(bash("nm -S --defined-only \"$VGG16\" | "
                   "awk '$4 ~ /^(H5|libcudart_static_)/ && $3 ~ /^[tT]$/ {print $1, $2}' | sort > ../spared")
                  .status,
              0);
    ASSERT_EQ(run(extraction("pets.h5")).status, 0);
    ASSERT_EQ(run({"train", "-d", "pets.h5", "-m", "pets.model", "--folds", "2"}).status, 0);
    for (const std::string shard : {"1", "2"}) {
      ASSERT_EQ(run(quick_extract("pets", "part-" + shard + ".h5", {"--shard", shard + "/2"})).status, 0);
    }
  }

  [[nodiscard]] static Words extraction(const std::string& output) {
    return quick_extract("pets", output, {"-s", "4", "--resume"});
  }

  [[nodiscard]] static std::vector<Command> commands(bool all) {
    std::vector<Command> list = {{"extract", extraction("a.h5"), {"a.h5"}}};
    if (!all) return list;
    list.push_back({"train", {"train", "-d", "pets.h5", "-m", "a.model", "--folds", "2", "-q"}, {"a.model"}});
    list.push_back({"predict", {"predict", "-m", "pets.model", "pets", "-b", "4"}, {}});
    list.push_back({"merge", {"merge", "-o", "a.h5", "part-1.h5", "part-2.h5"}, {"a.h5"}});
    list.push_back({"info", {"info", "pets.h5"}, {}});
    list.push_back({"convert", {"convert", "weights.safetensors", "a.safetensors"}, {"a.safetensors"}});
    return list;
  }

  void clear(const Command& command) const {
    for (const std::string& output : command.outputs) {
      for (const char* ending : {"", ".partial", ".partial.new"}) fs::remove(path(output + ending));
    }
    fs::remove(scratch_ / "told");
  }

  // Runs with call `at` failing; false if the command did not come that far.
  bool check(const Command& command, const Fault& fault, int at, bool for_good, const Outcome& expected,
             const std::map<std::string, std::string>& expected_files) {
    clear(command);
    const fs::path told = scratch_ / "told";
    const Outcome outcome =
        run(command.words,
            {.environment = {std::string("LD_PRELOAD=") + VGG16_FAIL_CALLS, std::string("VGG16_FAIL=") + fault.kind,
                             "VGG16_FAIL_AT=" + std::to_string(at), "VGG16_FAIL_ERROR=" + std::to_string(fault.error),
                             std::string("VGG16_FAIL_FOR_GOOD=") + (for_good ? "1" : "0"),
                             "VGG16_FAIL_TOLD=" + told.string(), "VGG16_FAIL_SPARES=" + (root_ / "spared").string()}});
    if (!fs::exists(told)) return false;
    const std::string where = std::string(command.name) + ", " + fault.kind + " " + std::to_string(at) +
                              (for_good ? " and all later ones" : "") + ", error " + std::to_string(fault.error);
    ++statuses_[outcome.status];
    EXPECT_THAT(outcome.status, testing::AnyOf(0, 1, 3, 4)) << where << ": " << outcome.err;
    // A message may have been what failed; nothing else ends in silence.
    const bool said = outcome.status == 0 || !outcome.err.empty() || std::string_view(fault.kind) == "write";
    EXPECT_TRUE(said) << where;
    if (outcome.status == 0) {
      EXPECT_EQ(without_times(outcome.out), without_times(expected.out)) << where;
    }
    if (outcome.status == 3) return true;  // a picture that could not be read: said, and counted
    for (const auto& [name, content] : expected_files) {
      const bool there = fs::exists(path(name));
      EXPECT_TRUE(there || outcome.status != 0) << where;
      EXPECT_TRUE(!there || bytes(name) == content) << where << ": " << name;
    }
    if (outcome.status != 0 && command.words[0] == "extract") {
      EXPECT_EQ(run(command.words).status, 0) << where << ", resumed";
      EXPECT_TRUE(bytes("a.h5") == expected_files.at("a.h5")) << where << ", resumed";
    }
    return true;
  }

  // The result line of extract ends with how long it took.
  static std::string without_times(const std::string& text) { return text.substr(0, text.find("skipped; ")); }

  std::map<int, int> statuses_;
};

TEST_F(Faults, AreErrorsAndNeverSignalsOrWrongResults) {
  const char* wanted = std::getenv("VGG16_TEST_FAULTS");
  const bool all = wanted != nullptr && std::string_view(wanted) == "all";
  if (all) fs::copy_file(fs::path(VGG16_SOURCE_DIR) / "weights/vgg16-f16.safetensors", path("weights.safetensors"));
  for (const Command& command : commands(all)) {
    clear(command);
    const Outcome expected = run(command.words);
    ASSERT_EQ(expected.status, 0) << command.name << ": " << expected.err;
    std::map<std::string, std::string> expected_files;
    for (const std::string& output : command.outputs) expected_files[output] = bytes(output);
    for (const Fault& fault : kFaults) {
      if (!all && fault.quick == Quick::kNone) continue;
      for (const bool for_good : {false, true}) {
        if (for_good && fault.error == EINTR) continue;  // interrupted for ever is what no system does
        int points = 0;
        for (int at = 1; check(command, fault, at, for_good, expected, expected_files); ++points) {
          // There are thousands of requests for memory, hundreds of reads: in a quick run, ever fewer of them.
          at += (fault.quick == Quick::kSome || for_good) && !all ? 1 + at : 1;
          if (HasFailure()) return;
        }
        if (all) std::printf("  %s, %s%s: %d points\n", command.name, fault.kind, for_good ? " for good" : "", points);
      }
    }
    clear(command);
  }
  for (const auto& [status, count] : statuses_) std::printf("  status %d: %d times\n", status, count);
}

}  // namespace
}  // namespace vgg16
