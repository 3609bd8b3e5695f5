// Fixture for tests of the program: a folder to work in, generated pictures, and checks of the exit status and error
// message.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "program.h"
#include "support/feature_rows.h"
#include "support/pictures.h"
#include "support/python.h"
#include "support/temp_dir.h"

namespace vgg16 {

namespace fs = std::filesystem;

/// A PNG of 12 x 10 pixels: noise from `seed` about the colour of `label`.
FileBytes class_picture(int label, uint32_t seed);

class CliTest : public PythonTest {
 protected:
  using Words = std::vector<std::string>;

  CliTest();

  /// Runs the program with `words` in the test's folder. Where the options ask for another user, first makes the folder
  /// accessible to everybody.
  Outcome run(const Words& words, const RunOptions& options = {}) const;
  /// Runs `script` with bash in the test's folder; the program is "$VGG16".
  Outcome bash(const std::string& script, const RunOptions& options = {}) const;
  [[nodiscard]] Words command(const Words& words) const;

  /// Runs and expects `status` and, on standard error, one line that begins "vgg16: " and holds `part`; nothing on
  /// standard output; and the same files as before.
  void expect_failure(int status, const std::string& part, const Words& words, const RunOptions& options = {}) const;

  /// `count` pictures for each of `classes` in folder `name`.
  void make_pictures(const std::string& name, const std::vector<std::string>& classes, int count) const;

  /// Arguments of a quick extraction: 64 numbers a picture.
  [[nodiscard]] static Words quick_extract(const std::string& folder, const std::string& output,
                                           const Words& more = {});

  /// Files below the test's folder with their contents.
  [[nodiscard]] std::map<std::string, std::string> files() const;

  [[nodiscard]] fs::path path(std::string_view name) const { return folder_ / name; }
  [[nodiscard]] std::string bytes(std::string_view name) const { return read_bytes(folder_ / name); }

  TempDir root_;
  fs::path folder_;   // where the program runs
  fs::path scratch_;  // what it printed
};

/// With pets.model, and pictures that it has not seen in new/.
class TrainedCliTest : public CliTest {
 protected:
  void SetUp() override;
};

/// The one JSON document in `text`, which must be a single line.
nlohmann::json json_line(const std::string& text);

/// The names of an object's members.
std::vector<std::string> keys(const nlohmann::json& object);

}  // namespace vgg16
