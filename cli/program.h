// The whole command line: every command with its options, in one tree that parsing, help, man pages and completions
// read.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "command.h"

namespace vgg16 {

struct Program {
  std::unique_ptr<CLI::App> app;
  std::vector<Command> commands;
};

/// The command line as text that a shell reads back, for what records or prints it.
struct CommandText {
  std::string command;
  std::string resume;  ///< that resumes it if it is an extraction
};

[[nodiscard]] Program make_program(const CommandText& text);

}  // namespace vgg16
