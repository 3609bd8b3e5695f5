// What all commands share: options, exit statuses, and how a command is registered.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "vgg16/extractor.h"
#include "vgg16/feature_file.h"

namespace vgg16 {

/// The exit statuses that users rely on.
enum ExitStatus : int {
  kDone = 0,
  kFailed = 1,
  kUsage = 2,
  kSkippedTooMany = 3,
  kRefusedInput = 4,
};

/// Options that every command has.
struct Common {
  bool json = false;
  bool csv = false;  ///< of commands with add_format()
  bool quiet = false;
  bool verbose = false;
  bool no_progress = false;
};

/// A command: its options are registered in `app`; `run` executes it and returns the exit status.
struct Command {
  CLI::App* app = nullptr;
  std::function<int()> run;
};

/// `resume_text` is the command line that resumes this run if it is interrupted.
Command add_extract(CLI::App& program, const std::string& resume_text);
Command add_merge(CLI::App& program);
/// `command` is the command line, for the page.
Command add_train(CLI::App& program, const std::string& command);
Command add_predict(CLI::App& program);
Command add_info(CLI::App& program);
Command add_convert(CLI::App& program);

/// Adds a sub-command with the common options, and with an example at the end of its help.
CLI::App* add_command(CLI::App& program, const std::string& name, const std::string& description,
                      const std::string& example, Common& common);

/// Adds --format text|csv|json, of which json is --json; `csv` says what is printed as CSV.
void add_format(CLI::App& app, Common& common, const std::string& csv);

/// Adds the options for running the network, shared by extract, train and predict, except --threads; `weights` is a
/// file or empty.
void add_network_options(CLI::App& app, std::string& weights, ExtractorOptions& options);
/// Adds --threads, which train has under another name.
void add_threads(CLI::App& app, ExtractorOptions& options);

/// Adds the options that say where in an HDF5 file features of other programs are, shared by train and predict.
CLI::Option* add_features_name(CLI::App& app, FeatureFileOptions& options);

}  // namespace vgg16
