// A program that a test can kill: writes a features file, and prints the number of committed rows on stdout.
//
//   feature_writer_program FILE ROWS COLUMNS ROWS_PER_COMMIT DROPPED
//
// Every DROPPED-th row is dropped, none for 0. Goes on where an earlier run ended.
#include <unistd.h>

#include <cstdio>
#include <string>

#include "support/feature_rows.h"
#include "vgg16/error.h"
#include "vgg16/feature_file.h"

namespace {

void tell(int64_t rows) {
  // One unbuffered write, so that a kill can neither lose nor split the line.
  const std::string line = std::to_string(rows) + "\n";
  if (write(STDOUT_FILENO, line.data(), line.size()) < 0) std::perror("stdout");
}

int run(const std::string& path, int64_t rows, int64_t columns, int64_t rows_per_commit, int64_t dropped) {
  vgg16::FeatureFileWriter writer(path, vgg16::test_plan(rows, columns),
                                  {.resume = true, .rows_per_commit = rows_per_commit});
  int64_t told = -1;
  for (const int64_t row : writer.missing_rows()) {
    if (dropped > 0 && row % dropped == dropped - 1) {
      writer.drop(row, "cannot be decoded");
    } else {
      writer.write(row, vgg16::test_row(row, columns));
    }
    if (writer.committed_rows() != told) tell(told = writer.committed_rows());
  }
  writer.finish();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  try {
    return run(argv[1], std::stoll(argv[2]), std::stoll(argv[3]), std::stoll(argv[4]), std::stoll(argv[5]));
  } catch (const vgg16::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
