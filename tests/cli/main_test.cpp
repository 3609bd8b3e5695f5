// The command line: usage, help, version and usage errors.
#include <gnu/libc-version.h>

#include <algorithm>
#include <sstream>

#include "cli_test.h"

namespace vgg16 {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class CommandLine : public CliTest {};

const std::vector<std::string> kCommands = {"extract", "merge", "train", "predict", "info", "convert"};

TEST_F(CommandLine, AlonePrintsItsUsageOnStandardError) {
  const Outcome outcome = run({});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("Usage: vgg16"));
  for (const std::string& command : kCommands) EXPECT_THAT(outcome.err, HasSubstr("\n  " + command + " "));
}

TEST_F(CommandLine, HelpDocumentsEveryExitStatus) {
  const Outcome outcome = run({"--help"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, HasSubstr("vgg16 extract -d animals -o animals.h5"));
  for (const char* status : {"Exit status: 0 ", " 1 ", " 2 ", " 3 ", " 4 ", " 130, 143 "}) {
    EXPECT_THAT(outcome.out, HasSubstr(status));
  }
}

TEST_F(CommandLine, HelpOfEveryCommandHasAnExampleAndTheCommonOptions) {
  for (const std::string& command : kCommands) {
    for (const char* help : {"--help", "-h"}) {
      const Outcome outcome = run({command, help});
      EXPECT_EQ(outcome.status, 0);
      EXPECT_EQ(outcome.err, "");
      EXPECT_THAT(outcome.out, HasSubstr("Example:\n  vgg16 " + command + " "));
      for (const char* option : {"-h,--help", "--json", "-q,--quiet", "-v,--verbose", "--no-progress"}) {
        EXPECT_THAT(outcome.out, HasSubstr(option)) << command;
      }
    }
  }
}

TEST_F(CommandLine, HelpShowsEveryOptionWithItsDefault) {
  const std::map<std::string, std::vector<std::string>> expected = {
      {"extract",
       {"-d,--dataset DIR", "-o,--output FILE", "-b,--batch-size N=32", "-s,--buffer-size N=1000",
        "--layer NAME=block5_pool", "--pool NAME=none", "--weights FILE", "--device NAME=auto", "--precision NAME=f32",
        "--threads N=0", "--seed N=42", "--no-shuffle", "--dtype NAME=f32", "--resume", "--overwrite",
        "--max-skipped N=1%", "--shard I/N", "--reuse FILE"}},
      {"merge", {"-o,--output FILE", "PART ...", "--overwrite"}},
      {"train",
       {"-d,--db FILE", "-m,--model FILE", "-j,--jobs N=-1", "--c LIST=0.1,1,10,100,1000,10000", "--folds N=3",
        "--test-size SHARE=0.25", "--split NAME=tail", "--test FILE", "--test-labels FILE", "--labels FILE",
        "--labels-name NAME=labels", "--features-name NAME=features", "--class-weight WEIGHTS=none",
        "--score NAME=accuracy", "--overwrite"}},
      {"predict",
       {"-m,--model FILE", "PICTURE ...", "--top N=3", "--min-probability P=0", "--weights FILE", "--device NAME=auto",
        "--precision NAME=f32", "--threads N=0", "-b,--batch-size N=32", "--features FILE",
        "--features-name NAME=features"}},
      {"convert", {"WEIGHTS", "FILE", "--dtype NAME=f16", "--overwrite"}}};
  for (const auto& [command, options] : expected) {
    const std::string help = run({command, "--help"}).out;
    for (const std::string& option : options) EXPECT_THAT(help, HasSubstr("\n  " + option)) << command;
  }
}

TEST_F(CommandLine, VersionNamesBackendsInstructionSetAndWeights) {
  const Outcome outcome = run({"--version"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, StartsWith("vgg16 " VGG16_TEST_VERSION "\nbackends: cpu"));
  EXPECT_THAT(outcome.out, HasSubstr("\ninstruction set: "));
  std::string digest = read_bytes(fs::path(VGG16_SOURCE_DIR) / "weights/vgg16-f16.digest");
  digest.resize(64);
  EXPECT_THAT(outcome.out, HasSubstr("\nbuilt-in weights: " + digest));
}

TEST_F(CommandLine, UnknownWordsAreNamedWithTheNearestKnownOne) {
  expect_failure(2, "\"extrct\" is not known; did you mean extract?", {"extrct"});
  expect_failure(2, "\"frobnicate\" is not known (vgg16 --help", {"frobnicate"});
  expect_failure(2, "\"--verison\" is not known; did you mean --version?", {"--verison"});
  expect_failure(2, "\"--bacth-size\" is not known; did you mean --batch-size?",
                 {"extract", "--bacth-size", "3", "-d", "a", "-o", "b.h5"});
  expect_failure(2, "\"--modle\" is not known; did you mean --model?", {"train", "--modle", "x"});
  expect_failure(2, "\"b.h5\" is not known", {"info", "a.h5", "b.h5"});
  expect_failure(2, "\"a\\x0ab\\x1b[31m\" is not known", {"a\nb\x1B[31m"});
  expect_failure(2, "\"-x\" is not known", {"info", "-x"});
}

TEST_F(CommandLine, MissingArgumentsAreNamed) {
  expect_failure(2, "--dataset is required (vgg16 extract --help", {"extract"});
  expect_failure(2, "--output is required", {"extract", "-d", "a"});
  expect_failure(2, "--db is required", {"train"});
  expect_failure(2, "--model is required", {"train", "-d", "a.h5"});
  expect_failure(2, "--model is required", {"predict"});
  expect_failure(2, "PICTURE is required", {"predict", "-m", "a.model"});
  expect_failure(2, "WEIGHTS is required", {"convert"});
  expect_failure(2, "FILE is required", {"convert", "a.h5"});
  expect_failure(2, "PART is required", {"merge", "-o", "a.h5"});
  expect_failure(2, "--batch-size", {"extract", "-d", "a", "-o", "b.h5", "--batch-size"});
  expect_failure(2, "--output", {"extract", "-d", "a", "-o", "b.h5", "-o", "c.h5"});
}

TEST_F(CommandLine, BadNumbersAreRefusedBeforeAnythingElse) {
  const std::map<std::string, std::vector<std::string>> bad = {
      {"--batch-size", {"0", "-1", "1025", "1e9", "abc", "", "3.5", "0x10", " 1", "99999999999999999999"}},
      {"--threads", {"-1", "1025", "1e9", "abc", "", "99999999999999999999"}},
      {"--buffer-size", {"0", "-1", "abc", "", "1000001"}},
      {"--seed", {"-1", "abc", "", "1.5", "99999999999999999999"}},
      {"--max-skipped", {"-1", "101%", "%", "abc", "", "5.5", "inf", "nan", "nan%", "1 %"}},
      {"--shard", {"0/2", "3/2", "1", "/", "1/", "a/b", "-1/2", "1/2 ", "", "1/2/3"}}};
  for (const auto& [option, values] : bad) {
    for (const std::string& value : values) {
      expect_failure(2, option + ": \"" + value + "\" is not ",
                     {"extract", "-d", "no", "-o", "no/b.h5", option, value});
    }
  }
  const std::map<std::string, std::vector<std::string>> bad_for_training = {
      {"--c", {"0", "-1", "abc", "", "nan", "inf", "1,,2", "1,", "1,0", "1;2"}},
      {"--folds", {"1", "0", "-3", "abc", "", "2.5", "1001"}},
      {"--test-size", {"1", "-0.1", "2", "nan", "abc", "", "25%"}},
      {"--jobs", {"-2", "abc", "", "1025"}}};
  for (const auto& [option, values] : bad_for_training) {
    for (const std::string& value : values) {
      expect_failure(2, option + ": \"" + value + "\" is not ", {"train", "-d", "no", "-m", "no/m", option, value});
    }
  }
  expect_failure(2, "--top: \"0\" is not", {"predict", "-m", "no", "x.jpg", "--top", "0"});
  for (const char* value : {"-0.1", "1.1", "nan", "50%", ""}) {
    expect_failure(2, "--min-probability: \"" + std::string(value) + "\" is not a number from 0 to 1",
                   {"predict", "-m", "no", "x.jpg", "--min-probability", value});
  }
}

TEST_F(CommandLine, UnknownNamesAreRefusedWithTheKnownOnes) {
  const auto extract = [](const std::string& option, const std::string& value) {
    return Words{"extract", "-d", "no", "-o", "no/b.h5", option, value};
  };
  expect_failure(2,
                 "\"block5_pol\" is not one of the 18 layers, block1_conv1 to block5_pool; did you mean block5_pool?",
                 extract("--layer", "block5_pol"));
  expect_failure(2, "\"fc7\" is not one of the 18 layers", extract("--layer", "fc7"));
  expect_failure(2, "\"mean\" is not none, avg, max or 2x2", extract("--pool", "mean"));
  expect_failure(2, "\"f64\" is not f32 or f16", extract("--dtype", "f64"));
  for (const char* device : {"tpu", "cuda:", "cuda:x", "cuda:-1", "cuda0"}) {
    expect_failure(2, "\"" + std::string(device) + "\" is not auto, cpu, cuda or cuda:N", extract("--device", device));
  }
  expect_failure(2, "\"tial\" is not tail or stratified; did you mean tail?",
                 {"train", "-d", "no", "-m", "no/m", "--split", "tial"});
  expect_failure(2, "\"f8\" is not ", extract("--precision", "f8"));
  expect_failure(2, "\"f64\" is not f16 or f32", {"convert", "no", "no/b", "--dtype", "f64"});
}

TEST_F(CommandLine, NothingIsColoured) {
  for (const char* setting : {"NO_COLOR=1", "TERM=xterm-256color"}) {
    for (const Words& words : {Words{"--help"}, {"extrct"}, {"info"}, {"info", "missing"}}) {
      const Outcome outcome = run(words, {.environment = {setting}});
      EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr("\x1B")));
    }
  }
}

// The entries of the dynamic section with this `key`, as objdump prints them: what the dynamic loader needs.
std::vector<std::string> needed(const Outcome& objdump, const std::string& key) {
  std::vector<std::string> found;
  for (const std::string& line : objdump.out_lines()) {
    if (const size_t at = line.find(key); at != std::string::npos)
      found.push_back(line.substr(line.find_first_not_of(' ', at + key.size())));
  }
  return found;
}

TEST_F(CommandLine, TheProgramNeedsOnlyTheCLibrary) {
  if (VGG16_TEST_SANITIZED) GTEST_SKIP() << "the sanitizers' run-time libraries are shared ones";
  const Outcome objdump = bash("objdump -p \"$VGG16\"");
  if (objdump.status == 127) GTEST_SKIP() << "no objdump";
  EXPECT_EQ(objdump.status, 0) << objdump.err;
  // Also the libraries that have no archive here, or none that can be linked alone; libhdf5 may be called
  // libhdf5_serial.so.310.
  std::vector<std::string> allowed = {"libc.so", "libm.so", "ld-linux"};
  std::istringstream shared(VGG16_SHARED_LIBRARIES);
  for (std::string name; shared >> name;) allowed.push_back(name);
  const std::vector<std::string> libraries = needed(objdump, "NEEDED");
  EXPECT_FALSE(libraries.empty()) << objdump.out;
  for (const std::string& library : libraries) {
    EXPECT_TRUE(std::any_of(allowed.begin(), allowed.end(), [&](const auto& name) {
      return library.starts_with(name);
    })) << library;
  }
}

TEST_F(CommandLine, TheProgramRunsWhereTheCLibraryIsOlder) {
  if (VGG16_TEST_SANITIZED) GTEST_SKIP() << "the sanitizers' run-time libraries are shared ones";
  const auto minor = [](const std::string& version) { return std::stoi(version.substr(version.find('.') + 1)); };
  if (minor(gnu_get_libc_version()) > 36) GTEST_SKIP() << "newer than Debian 12's C library: it lends newer names";
  const Outcome objdump = bash("objdump -p \"$VGG16\"");
  if (objdump.status == 127) GTEST_SKIP() << "no objdump";
  const std::vector<std::string> versions = needed(objdump, " GLIBC_");
  EXPECT_FALSE(versions.empty()) << objdump.out;
  for (const std::string& version : versions) EXPECT_LE(minor(version), 34) << version;  // RHEL 9, Amazon Linux 2023
}

}  // namespace
}  // namespace vgg16
