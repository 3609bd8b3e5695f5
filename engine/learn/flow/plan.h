// What training will do, decided before any row is read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "learn/solve/row_space.h"
#include "vgg16/classifier.h"

namespace vgg16 {

/// Rows in groups by position: the rows that fold 0 leaves out, fold 1, ..., then the held-out rows.
struct GroupedRows {
  std::vector<int> labels;     ///< by position, 0 .. classes - 1
  std::vector<Segment> folds;  ///< which positions each fold leaves out
  Segment test;
  int classes = 0;

  [[nodiscard]] int64_t train_rows() const { return test.first; }
};

/// The rows of a table in the order in which training wants them.
struct Plan {
  std::vector<std::string> classes;  ///< names of the classes that have rows
  GroupedRows rows;
  std::vector<int64_t> order;  ///< row of the table at each position
};

/// Throws Error{kInvalidArgument} for options without meaning.
void check_options(const TrainOptions& options);

/// Throws Error{kRefused} for labels that cannot be trained on; sentences about what is left out go to `warnings`.
[[nodiscard]] Plan make_plan(const FeatureTable& table, const TrainOptions& options,
                             std::vector<std::string>& warnings);

/// Which route, and what it takes; `threads` and `available_bytes` are known. Throws Error{kMemory} if neither fits.
[[nodiscard]] TrainEstimate choose_route(const FeatureTable& table, const Plan& plan, const TrainOptions& options,
                                         int threads, int64_t available_bytes);

/// Bytes that this process may still take: what the system has free, or less where a limit is set for the process or
/// its control group.
[[nodiscard]] int64_t available_memory_bytes();

}  // namespace vgg16
