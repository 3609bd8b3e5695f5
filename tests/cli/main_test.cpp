// The command line: usage, help, version and usage errors.
#include <gnu/libc-version.h>

#include <algorithm>
#include <cctype>
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
    for (const Words& words : {Words{command, "-h"}, {command, "--help"}, {"help", command}}) {
      const Outcome outcome = run(words);
      EXPECT_EQ(outcome.status, 0);
      EXPECT_EQ(outcome.err, "");
      EXPECT_THAT(outcome.out, HasSubstr("Usage: vgg16 " + command + " "));
      EXPECT_THAT(outcome.out, HasSubstr("Example:\n  vgg16 " + command + " "));
      for (const char* option : {"-h ", "--help ", "--json ", "-q,--quiet ", "-v,--verbose ", "--no-progress "}) {
        EXPECT_THAT(outcome.out, HasSubstr("\n  " + std::string(option))) << command;
      }
      for (const std::string& line : outcome.out_lines()) EXPECT_LE(line.size(), 80U) << line;
    }
    EXPECT_EQ(run({command, "--help"}).out, run({"help", command}).out);
    EXPECT_LT(run({command, "-h"}).out.size(), run({command, "--help"}).out.size());
  }
  EXPECT_EQ(run({"help"}).out, run({"--help"}).out);
  expect_failure(2, "\"extrct\" is not a command; did you mean extract?", {"help", "extrct"});
}

TEST_F(CommandLine, HelpShowsEveryOptionWithItsDefault) {
  const std::map<std::string, std::vector<std::string>> expected = {
      {"extract",
       {"-d,--dataset DIR", "-o,--output FILE", "-b,--batch-size N", "-s,--buffer-size N", "--layer NAME",
        "--pool none|avg|max|2x2", "--weights FILE", "--device NAME", "--precision f32|tf32|f16|bf16", "--threads N",
        "--seed N", "--no-shuffle", "--dtype f32|f16", "--resume", "--overwrite", "--max-skipped N", "--shard I/N",
        "--reuse FILE", "--dry-run"}},
      {"merge", {"-o,--output FILE", "PART ...", "--overwrite"}},
      {"train",
       {"-d,--db FILE", "-m,--model FILE", "-j,--jobs N", "--c LIST", "--folds N", "--test-size SHARE",
        "--split tail|stratified", "--test FILE", "--test-labels FILE", "--labels FILE", "--labels-name NAME",
        "--features-name NAME", "--class-weight WEIGHTS", "--score accuracy|balanced|log-loss|f1",
        "--classifier logistic|svm|forest", "--trees LIST", "--min-leaf LIST", "--overwrite"}},
      {"predict",
       {"-m,--model FILE", "PICTURE ...", "--top N", "--min-probability P", "--weights FILE", "--device NAME",
        "--threads N", "-b,--batch-size N", "--features FILE", "-0,--null"}},
      {"convert", {"WEIGHTS", "FILE", "--dtype f16|f32", "--overwrite"}}};
  for (const auto& [command, options] : expected) {
    const std::string help = run({command, "--help"}).out;
    for (const std::string& option : options) EXPECT_THAT(help, HasSubstr("\n  " + option)) << command;
  }
  const auto words = [&](const Words& command) {  // without the line breaks of the terminal
    std::string text;
    std::istringstream help(run(command).out);
    for (std::string word; help >> word;) text += word + " ";
    return text;
  };
  for (const char* shown : {"[default: 32]", "[default: 1000]", "[default: block5_pool]", "[default: none]",
                            "[default: auto]", "[default: f32]", "[default: 42]", "[default: 1%]"}) {
    EXPECT_THAT(words({"extract", "-h"}), HasSubstr(shown));
  }
  EXPECT_THAT(words({"train", "-h"}), HasSubstr("[default: 0.1,1,10,100,1000,10000; svm: "));
}

// Every line of `help` that begins with an option, as far as its names.
std::vector<std::string> names_of_options(const Outcome& help) {
  std::vector<std::string> names;
  for (const std::string& line : help.out_lines()) {
    if (!line.starts_with("  -")) continue;
    std::istringstream heads(line.substr(2, line.find(' ', 2) - 2));
    for (std::string name; std::getline(heads, name, ',');) names.push_back(name);
  }
  return names;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

TEST_F(CommandLine, ManualAndCompletionsHaveEveryOptionOfTheHelp) {
  const std::string manual = run({"help", "--man"}).out;
  EXPECT_THAT(manual, StartsWith(".TH VGG16 1 "));
  std::map<std::string, std::string> shells;
  for (const char* shell : {"bash", "zsh", "fish"}) shells[shell] = run({"help", "--completions", shell}).out;
  // The part of a script that is about one command.
  const auto part = [&](const char* shell, const std::string& begin, const std::string& end) {
    const std::string& script = shells[shell];
    const size_t at = script.find(begin);
    EXPECT_NE(at, std::string::npos) << begin;
    return at == std::string::npos ? "" : script.substr(at, script.find(end, at) - at);
  };
  for (const std::string& command : kCommands) {
    const std::string in_bash = part("bash", "    " + command + ") options='", "\n");
    const std::string in_zsh = part("zsh", "    " + command + ")\n", ";;");
    const std::string in_fish =
        part("fish", "__fish_seen_subcommand_from " + command + "'", "-n __fish_use_subcommand");
    std::string page;
    for (const char c : manual.substr(manual.find(".SH VGG16 " + upper(command))))
      page += c == '\\' ? "" : std::string(1, c);
    page = page.substr(0, page.find(".SH", 3));
    EXPECT_THAT(shells["zsh"], HasSubstr("'" + command + ":"));
    const std::vector<std::string> names = names_of_options(run({command, "-h"}));
    EXPECT_GT(names.size(), 5U);
    for (const std::string& name : names) {
      EXPECT_THAT(in_bash, testing::ContainsRegex("[' ]" + name + "[' ]")) << command;
      EXPECT_THAT(in_zsh, HasSubstr(")" + name + "[")) << command;
      EXPECT_THAT(in_fish,
                  HasSubstr(name.starts_with("--") ? " -l " + name.substr(2) + " " : " -s " + name.substr(1) + " "))
          << command;
      EXPECT_THAT(page, testing::ContainsRegex("\n.B ([^\n]*,)?" + name + "[,\n ]")) << command;
    }
  }
  if (bash("man --version >/dev/null && test -n \"$(man -w man 2>/dev/null)$(command -v groff)\"").status == 0) {
    write_test_file(path("vgg16.1"), manual);
    const Outcome shown = bash("MANWIDTH=80 man --warnings -l ./vgg16.1 | col -b");
    EXPECT_EQ(shown.err, "");
    EXPECT_THAT(shown.out, HasSubstr("--batch-size N"));
  }
}

// What bash proposes for the last of `words`.
TEST_F(CommandLine, BashCompletesCommandsOptionsValuesAndFiles) {
  fs::create_directory(path("a folder"));
  write_test_file(path("a file"), "");
  const auto completed = [&](const std::string& words) {
    return bash("eval \"$(\"$VGG16\" help --completions bash)\"; compopt() { :; }; COMP_WORDS=(vgg16 " + words +
                "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _vgg16; printf '%s\\n' \"${COMPREPLY[@]}\" | LC_ALL=C sort")
        .out;
  };
  EXPECT_EQ(completed("ext"), "extract\n");
  EXPECT_EQ(completed("extract --prec"), "--precision\n");
  EXPECT_EQ(completed("extract --pool m"), "max\n");
  EXPECT_EQ(completed("extract --batch-size ''"), "\n");
  EXPECT_EQ(completed("extract -d a"), "a folder\n");
  EXPECT_EQ(completed("extract -o 'a f'"), "a file\na folder\n");
  EXPECT_EQ(completed("train --classifier s"), "svm\n");
  EXPECT_EQ(completed("predict 'a fi'"), "a file\n");
  EXPECT_EQ(completed("help con"), "convert\n");
}

TEST_F(CommandLine, VersionNamesBackendsInstructionSetAndWeights) {
  EXPECT_EQ(run({"-V"}).out, run({"--version"}).out);
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
  expect_failure(2, "\"-c\" is not known; did you mean --c?", {"train", "-c", "3"});
  expect_failure(2, "\"a.h5\" is not known; did you mean --db a.h5?", {"train", "a.h5", "-m", "b"});
  expect_failure(2, "\"a\" is not known; did you mean --dataset a?", {"extract", "a"});
  expect_failure(2, "-o is not an option of predict, only of extract, merge", {"predict", "-o", "x", "y.png"});
  expect_failure(2, "\"-o\" is not known; did you mean --model? (vgg16 train --help", {"train", "-o", "x"});
  expect_failure(2, "\"--jobs\" is not known; did you mean --threads?", {"extract", "--jobs", "3"});
  expect_failure(2, "--folds is not an option of extract, only of train", {"extract", "--folds", "3"});
  expect_failure(2, "--threads comes after the command: vgg16 extract --threads ...", {"--threads", "3", "extract"});
  expect_failure(2, "--folds belongs after a command that has it: train", {"--folds", "3"});
}

TEST_F(CommandLine, MissingArgumentsAreNamed) {
  expect_failure(2, "--dataset is required; for example: vgg16 extract -d animals -o animals.h5 (vgg16 extract --help",
                 {"extract"});
  expect_failure(2, "--output is required", {"extract", "-d", "a"});
  expect_failure(2, "--db is required", {"train"});
  expect_failure(2, "--model is required", {"train", "-d", "a.h5"});
  expect_failure(2, "--model is required", {"predict"});
  expect_failure(2, "PICTURE is required", {"predict", "-m", "a.model"});
  expect_failure(2, "WEIGHTS is required", {"convert"});
  expect_failure(2, "FILE is required", {"convert", "a.h5"});
  expect_failure(2, "PART is required", {"merge", "-o", "a.h5"});
  expect_failure(2, "--batch-size needs a value", {"extract", "-d", "a", "-o", "b.h5", "--batch-size"});
  expect_failure(2, "--output is given more than once", {"extract", "-d", "a", "-o", "b.h5", "-o", "c.h5"});
  expect_failure(2, "--split cannot be used with --test",
                 {"train", "-d", "a", "-m", "b", "--test", "c", "--split", "tail"});
  expect_failure(2, "--test-labels is used only with --test", {"train", "-d", "a", "-m", "b", "--test-labels", "c"});
  for (const Words& words : {Words{"extract", "-d", "no", "-o", "-"},
                             {"train", "-d", "no", "-m", "-"},
                             {"merge", "-o", "-", "no"},
                             {"convert", "no", "-"}}) {
    expect_failure(2, "the output cannot be standard output", words);
  }
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
  expect_failure(2, "no layer is called \"block5_pol\"; did you mean block5_pool? (block1_conv1 to block5_pool)",
                 extract("--layer", "block5_pol"));
  expect_failure(2, "no layer is called \"fc7\"", extract("--layer", "fc7"));
  expect_failure(2, "features.28 is block5_conv3 before its ReLU, which cannot be stored; features.29 is after it",
                 extract("--layer", "features.28"));
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
