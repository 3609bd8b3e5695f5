// The decisions of training that are made before any row is read: folds, held-out rows, route, memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "learn/solve/row_space.h"
#include "vgg16/classifier.h"

namespace vgg16 {

/// The order of rows in training, "positions": first the rows that fold 0 leaves out, then those of fold 1, and so on;
/// the held-out rows are last. So a fold is a contiguous segment of the Gram matrix.
struct GroupedRows {
  std::vector<int> labels;     ///< by position, 0 .. classes - 1
  std::vector<Segment> folds;  ///< the positions that each fold leaves out
  Segment test;
  int classes = 0;

  [[nodiscard]] int64_t train_rows() const { return test.first; }
};

/// The rows of a table in the order in which training uses them.
struct Plan {
  std::vector<std::string> classes;  ///< names of the classes that have rows
  GroupedRows rows;
  std::vector<int64_t> order;  ///< row of the table at each position
};

/// Throws Error{kRefused} unless every row of the table has a label, and every label a name of its own.
void require_labels(const FeatureTable& table);

/// The options of the logistic regression that other classifiers are compared with: that of the defaults, with the same
/// folds, class weights and score.
[[nodiscard]] TrainOptions logistic_options(const TrainOptions& options);

/// Throws Error{kInvalidArgument} for invalid options.
void check_options(const TrainOptions& options);

/// Assigns rows to folds and to the held-out rows: the last `test_rows` of the table if they are given, otherwise as
/// the options say. Throws Error{kRefused} for labels that cannot be trained on; appends to `warnings` a sentence about
/// each class that is left out.
[[nodiscard]] Plan make_plan(const FeatureTable& table, const TrainOptions& options, std::vector<std::string>& warnings,
                             std::optional<int64_t> test_rows = {});

/// Chooses the route and estimates its memory, for this number of threads and these free bytes. Throws Error{kMemory}
/// if neither route fits.
[[nodiscard]] TrainEstimate choose_route(const FeatureTable& table, const Plan& plan, const TrainOptions& options,
                                         int threads, int64_t available_bytes);

/// Bytes that this process may still allocate: what the system has free, or less if the process or its control group
/// has a limit.
[[nodiscard]] int64_t available_memory_bytes();

}  // namespace vgg16
