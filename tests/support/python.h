// For tests that run Python scripts: finds the interpreter and checks that it has the modules they need.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace vgg16 {

/// Runs scripts from tests/python with the interpreter that VGG16_TEST_PYTHON names; skips, with a reason, without it.
class PythonTest : public testing::Test {
 protected:
  /// Whether there is an interpreter that can import `modules`, separated by commas; else `reason` says why not.
  [[nodiscard]] bool find_python(const std::string& modules, std::string& reason) {
    const char* python = std::getenv("VGG16_TEST_PYTHON");
    if (python == nullptr) {
      reason = "VGG16_TEST_PYTHON names no Python interpreter";
      return false;
    }
    python_ = python;
    reason = python_ + " lacks one of " + modules;
    return std::system((quoted(python_) + " -c 'import " + modules + "' 2>/dev/null").c_str()) == 0;
  }

  /// Call from SetUp: skips without such an interpreter.
  void need_python(const std::string& modules) {
    std::string reason;
    if (!find_python(modules, reason)) GTEST_SKIP() << reason;
  }

  /// The script's exit status; what it says goes to the test's output.
  [[nodiscard]] int run_script(const std::string& name, const std::string& arguments) const {
    const std::filesystem::path script = std::filesystem::path(VGG16_SOURCE_DIR) / "tests/python" / name;
    return std::system((quoted(python_) + " " + quoted(script) + " " + arguments).c_str());
  }

  /// Runs the interpreter in `folder` with `arguments`, as a shell reads them.
  [[nodiscard]] int run_python_line(const std::filesystem::path& folder, const std::string& arguments) const {
    return std::system(("cd " + quoted(folder) + " && " + quoted(python_) + " " + arguments).c_str());
  }

  /// As one word of a shell command; for paths without quotes.
  [[nodiscard]] static std::string quoted(const std::filesystem::path& path) {
    return std::string("'").append(path.string()).append("'");
  }

 private:
  std::string python_;
};

}  // namespace vgg16
