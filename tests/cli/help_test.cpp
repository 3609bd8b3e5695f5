#include "help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vgg16 {
namespace {

using testing::HasSubstr;

// Compared as a whole, because CLI11's layout of help texts has changed more than once.
TEST(Help, HasOneForm) {
  CLI::App program("Does a job.", "job");
  program.formatter(std::make_shared<HelpFormatter>());
  program.footer("A first run:\n  job run x");
  program.require_subcommand(1);
  CLI::App* run = program.add_subcommand("run", "Runs it");
  run->footer("Example:\n  job run x");
  bool quiet = false;
  int size = 32;
  std::string file;
  std::string kind = "one,of,a,long,list";
  std::vector<std::string> parts;
  std::string last;
  run->add_flag("-q,--quiet", quiet, "No progress");
  run->add_option("-b,--batch-size", size,
                  "Pictures at a time\nA description that is longer than one line can hold goes on under itself.")
      ->type_name("N")
      ->capture_default_str();
  run->add_option("-o,--output", file, "File to write")->type_name("FILE")->required();
  run->add_option("--kind-of-work", kind, "What is done")->type_name("NAME")->capture_default_str();
  run->add_option("PART", parts, "Files to read")->type_name("")->required();
  run->add_option("LAST", last, "File to end with")->type_name("");

  EXPECT_EQ(program.help(), R"(Does a job.
Usage: job [OPTIONS] COMMAND

Options:
  -h,--help                 Print this help message and exit

Commands:
  run                       Runs it

A first run:
  job run x
)");
  EXPECT_EQ(run->help("job"), R"(Runs it
Usage: job run -o FILE [OPTIONS] PART... [LAST]

Arguments:
  PART ...                  Files to read
  LAST                      File to end with

Options:
  -h,--help                 Print this help message and exit
  -q,--quiet                No progress
  -b,--batch-size N         Pictures at a time [default: 32]
  -o,--output FILE          File to write
  --kind-of-work NAME       What is done [default: one,of,a,long,list]

Example:
  job run x
)");
  // --help: all of the description, in lines of at most 80 columns.
  EXPECT_THAT(run->help("job", CLI::AppFormatMode::All), HasSubstr(R"(
  -b,--batch-size N         Pictures at a time. A description that is longer
                            than one line can hold goes on under itself.
                            [default: 32]
)"));
}

}  // namespace
}  // namespace vgg16
