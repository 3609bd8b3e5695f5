// Makes the n-th system call of each kind fail, either once or from then on. The program must not die of a signal,
// hang, or succeed with wrong bytes. By default only extract is tested, with a sample of the most frequent calls and of
// the lasting failures; with VGG16_TEST_FAULTS=all every command, every call, every allocation, and more errors. That
// takes an hour or two; each command is a separate test, so that they can run in parallel. Allocations by the HDF5
// library, static or shared, do not fail: versions 1.10.8, 1.14.5 and 2.2 can crash if one does (1.10.8 during its
// initialization, where H5E_printf_stack and H5I_inc_ref call each other until the stack overflows;
// HDFGroup/hdf5#4264). Nor do those of CUDA's static runtime, which crashes before main() if its first one fails.
#include <cerrno>
#include <cstdlib>

#include "cli_test.h"
#include "vgg16/feature_file.h"

namespace vgg16 {
namespace {

struct Command {
  std::vector<std::string> words;    // the first is its name
  std::vector<std::string> outputs;  // files that the command makes
  const char* variant = "";          // tells commands of one name apart

  friend void PrintTo(const Command& command, std::ostream* out) { *out << command.words[0] << command.variant; }
};

// Which calls of a kind fail in the default test, one per run of the program.
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

class Faults : public CliTest, public testing::WithParamInterface<Command> {
 public:
  [[nodiscard]] static std::vector<Command> commands() {
    return {{quick_extract("pets", "a.h5", {"-s", "4", "--resume"}), {"a.h5"}},
            {{"train", "-d", "pets.h5", "-m", "a.model", "--folds", "2", "-q"}, {"a.model"}},
            {{"train", "-d", "pets", "-m", "a.model", "--folds", "2", "--layer", "block1_pool", "--pool", "avg",
              "--labels", "labels.csv"},
             {"a.model", "a.model.features.h5"},
             "_folder"},
            {{"predict", "-m", "pets.model", "pets", "-b", "4"}, {}},
            {{"merge", "-o", "a.h5", "part-1.h5", "part-2.h5"}, {"a.h5"}},
            {{"info", "pets.h5"}, {}},
            {{"convert", "weights.safetensors", "a.safetensors"}, {"a.safetensors"}}};
  }

 protected:
  void SetUp() override {
    if (VGG16_TEST_SANITIZED) GTEST_SKIP() << "the sanitizers take these calls over themselves";
    const char* wanted = std::getenv("VGG16_TEST_FAULTS");
    all_ = wanted != nullptr && std::string_view(wanted) == "all";
    if (!all_ && name() != "extract") GTEST_SKIP() << "VGG16_TEST_FAULTS=all runs it";
    make_pictures("pets", {"cats", "dogs"}, 4);
    write_test_file(path("pets/dogs/photo.jpg"), small_jpeg());
    ASSERT_EQ(bash("nm -S --defined-only \"$VGG16\" | "
                   "awk '$4 ~ /^(H5|libcudart_static_)/ && $3 ~ /^[tT]$/ {print $1, $2}' | sort > ../spared")
                  .status,
              0);
    ASSERT_EQ(run(quick_extract("pets", "pets.h5")).status, 0);
    ASSERT_EQ(run({"train", "-d", "pets.h5", "-m", "pets.model", "--folds", "2"}).status, 0);
    std::string labels = "path,label\n";
    const FeatureTable table = open_feature_file(path("pets.h5"));
    for (const std::string& picture : table.paths) labels += picture + "," + picture[0] + "\n";
    write_test_file(path("labels.csv"), labels);
    for (const std::string shard : {"1", "2"}) {
      ASSERT_EQ(run(quick_extract("pets", "part-" + shard + ".h5", {"--shard", shard + "/2"})).status, 0);
    }
    fs::copy_file(fs::path(VGG16_SOURCE_DIR) / "weights/vgg16-f16.safetensors", path("weights.safetensors"));
  }

  [[nodiscard]] static const std::string& name() { return GetParam().words[0]; }

  void clear() const {
    for (const std::string& output : GetParam().outputs) {
      for (const char* ending : {"", ".partial", ".partial.new"}) fs::remove(path(output + ending));
    }
    fs::remove(scratch_ / "told");
  }

  // Runs with call `at` failing; false if the command made fewer calls.
  bool check(const Fault& fault, int at, bool for_good, const Outcome& expected,
             const std::map<std::string, std::string>& expected_files) {
    clear();
    const fs::path told = scratch_ / "told";
    const Outcome outcome =
        run(GetParam().words,
            {.environment = {std::string("LD_PRELOAD=") + VGG16_FAIL_CALLS, std::string("VGG16_FAIL=") + fault.kind,
                             "VGG16_FAIL_AT=" + std::to_string(at), "VGG16_FAIL_ERROR=" + std::to_string(fault.error),
                             std::string("VGG16_FAIL_FOR_GOOD=") + (for_good ? "1" : "0"),
                             "VGG16_FAIL_TOLD=" + told.string(), "VGG16_FAIL_SPARES=" + (root_ / "spared").string()}});
    if (!fs::exists(told)) return false;
    const std::string where = name() + ", " + fault.kind + " " + std::to_string(at) +
                              (for_good ? " and all later ones" : "") + ", error " + std::to_string(fault.error);
    ++statuses_[outcome.status];
    EXPECT_THAT(outcome.status, testing::AnyOf(0, 1, 3, 4)) << where << ": " << outcome.err;
    // Only if writing the message itself failed may there be none.
    const bool said = outcome.status == 0 || !outcome.err.empty() || std::string_view(fault.kind) == "write";
    EXPECT_TRUE(said) << where;
    if (outcome.status == 0) {
      EXPECT_EQ(without_times(outcome.out), without_times(expected.out)) << where;
    }
    // A picture that could not be read: said, and counted, or too few are left to train on.
    const bool too_few = name() == "train_folder" && outcome.status == 4;
    if (outcome.status == 3 || (too_few && outcome.err.find("vgg16: skipped 1 picture") != std::string::npos))
      return true;
    for (const auto& [name, content] : expected_files) {
      const bool there = fs::exists(path(name));
      EXPECT_TRUE(there || outcome.status != 0) << where;
      EXPECT_TRUE(!there || bytes(name) == content) << where << ": " << name;
    }
    if (outcome.status != 0 && name() == "extract") {
      EXPECT_EQ(run(GetParam().words).status, 0) << where << ", resumed";
      EXPECT_TRUE(bytes("a.h5") == expected_files.at("a.h5")) << where << ", resumed";
    }
    return true;
  }

  // The result line of extract ends with how long it took.
  static std::string without_times(const std::string& text) { return text.substr(0, text.find("skipped; ")); }

  bool all_ = false;
  std::map<int, int> statuses_;
};

TEST_P(Faults, AreErrorsAndNeverSignalsOrWrongResults) {
  const Outcome expected = run(GetParam().words);
  ASSERT_EQ(expected.status, 0) << expected.err;
  std::map<std::string, std::string> expected_files;
  for (const std::string& output : GetParam().outputs) expected_files[output] = bytes(output);
  for (const Fault& fault : kFaults) {
    if (!all_ && fault.quick == Quick::kNone) continue;
    for (const bool for_good : {false, true}) {
      if (for_good && fault.error == EINTR) continue;  // interrupted for ever is what no system does
      int points = 0;
      for (int at = 1; check(fault, at, for_good, expected, expected_files); ++points) {
        // There are thousands of allocations and hundreds of reads: the default test skips more and more of them.
        at += (fault.quick == Quick::kSome || for_good) && !all_ ? 1 + at : 1;
        if (HasFailure() && !all_) return;
      }
      if (all_) {
        std::printf("  %s %d%s: %d points\n", fault.kind, fault.error, for_good ? " for good" : "", points);
        std::fflush(stdout);
      }
    }
  }
  for (const auto& [status, count] : statuses_) std::printf("  status %d: %d times\n", status, count);
}

INSTANTIATE_TEST_SUITE_P(Each, Faults, testing::ValuesIn(Faults::commands()), testing::PrintToStringParamName());

}  // namespace
}  // namespace vgg16
