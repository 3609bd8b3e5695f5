// Tests that ask Python: which interpreter, and whether it has what they need.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace vgg16 {

/// Runs scripts from tests/python with the interpreter that VGG16_TEST_PYTHON names; skips, with a reason, without it.
class PythonTest : public testing::Test {
 protected:
  /// Call from SetUp: skips unless `modules`, separated by commas, can be imported.
  void need_python(const std::string& modules) {
    const char* python = std::getenv("VGG16_TEST_PYTHON");
    if (python == nullptr) GTEST_SKIP() << "VGG16_TEST_PYTHON names no Python interpreter";
    python_ = python;
    if (std::system((quoted(python_) + " -c 'import " + modules + "' 2>/dev/null").c_str()) != 0) {
      GTEST_SKIP() << python << " lacks one of " << modules;
    }
  }

  /// The script's exit status; what it says goes to the test's output.
  [[nodiscard]] int run_script(const std::string& name, const std::string& arguments) const {
    const std::filesystem::path script = std::filesystem::path(VGG16_SOURCE_DIR) / "tests/python" / name;
    return std::system((quoted(python_) + " " + quoted(script) + " " + arguments).c_str());
  }

  /// As one word of a shell command; for paths without quotes.
  [[nodiscard]] static std::string quoted(const std::filesystem::path& path) {
    return std::string("'").append(path.string()).append("'");
  }

 private:
  std::string python_;
};

}  // namespace vgg16
