// Features in, a classifier and a report on how good it is out.
//
//   vgg16::FeatureTable table = vgg16::open_feature_file("animals.h5");
//   vgg16::TrainResult result = vgg16::train(table, {});
//   result.classifier.save("animals.model", {});
//   std::vector<double> p = vgg16::Classifier::load("animals.model").predict_probabilities(row);
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vgg16/feature_table.h"

namespace vgg16 {

/// Which rows are held out for the report: the last ones, as the scripts that this program replaces, or of every class
/// its share, drawn by a seed.
enum class Split { kTail, kStratified };

/// How the optimum is found. kDual: one coefficient per row, from the Gram matrix of all rows' inner products, which is
/// fast while there are fewer rows than columns and the matrix fits in memory. kPrimal: one coefficient per column, in
/// passes over the rows.
enum class Route { kAuto, kDual, kPrimal };

struct TrainOptions {
  std::vector<double> c = {0.1, 1, 10, 100, 1000, 10000};  ///< inverse strengths of the penalty to try, each > 0
  int folds = 3;                                           ///< of the cross-validation, at least 2
  double test_size = 0.25;                                 ///< share of the rows held out, between 0 and 1
  Split split = Split::kTail;
  uint64_t seed = 42;          ///< of the draw of Split::kStratified
  double relative_gap = 1e-6;  ///< a fit ends when (objective - optimum) / objective is proven to be at most this
  int max_iterations = 200;    ///< Newton steps of one fit
  Route route = Route::kAuto;
  int64_t memory_bytes = 0;  ///< that training may take; 0: most of what the system has free
  int threads = 0;           ///< 0 or -1: as many as BuildInfo::processors; the result does not depend on it
};

/// Called by one thread at a time, though not always the same one: how many of `total` are done, and of what: "rows
/// read", "inner products", then "fits", to which the steps within a fit add words: "fits, step 12, 3.1e-04 from the
/// optimum".
using TrainProgress = std::function<void(std::string_view what, int64_t done, int64_t total)>;

/// What training will do and take at most.
struct TrainEstimate {
  Route route = Route::kDual;
  int64_t memory_bytes = 0;
  bool rows_in_memory = true;  ///< else they are read anew in every pass
  int64_t fits_at_once = 0;
};

/// How one optimisation ended. The objective is 1/2 |W|^2 + C * sum of log losses, the intercept free.
struct FitCertificate {
  double c = 0;
  int fold = -1;  ///< fold that was left out, or -1 for the fit on all training rows
  double objective = 0;
  double relative_gap = 0;   ///< proven bound on (objective - optimum) / objective
  double gradient_norm = 0;  ///< of the coefficients, the intercept being at its exact optimum
  int iterations = 0;        ///< Newton steps
  int products = 0;          ///< conjugate gradient steps, of all Newton steps together
  int evaluations = 0;       ///< of the objective
  std::string stop_reason;
  double seconds = 0;
};

/// One value of C in the cross-validation.
struct Candidate {
  double c = 0;
  std::vector<double> fold_scores;  ///< accuracy on each fold's left-out rows
  double mean = 0;                  ///< of fold_scores, each fold counting the same
  double deviation = 0;             ///< population standard deviation of fold_scores
  int rank = 0;                     ///< 1 + number of candidates with a strictly better mean
  double log_loss = 0;              ///< mean over folds of the mean negative log probability of the true class
  int iterations = 0;               ///< all folds together
  double relative_gap = 0;          ///< the worst fold's
  double seconds = 0;               ///< all folds together
};

struct ClassScore {
  std::string name;
  double precision = 0;
  double recall = 0;
  double f1 = 0;
  int64_t support = 0;
};

/// A training row and how alike it is to another row: 1 for the same picture, about 0 for unrelated ones. The cosine of
/// the angle between the rows seen from the mean of the training rows.
struct Neighbour {
  int64_t row = 0;
  double similarity = 0;
};

struct HeldOutPrediction {
  int64_t row = 0;                 ///< in the feature table
  int64_t label = 0;               ///< the true class, an index into Report::classes
  int64_t predicted = 0;           ///< an index into Report::classes
  double probability = 0;          ///< given to the predicted class
  std::vector<Neighbour> nearest;  ///< where the prediction is wrong: the three most alike training rows, best first
};

/// A held-out row and a training row that are probably the same picture, which makes the report too good.
struct DuplicatePair {
  int64_t held_out_row = 0;
  int64_t training_row = 0;
  double similarity = 0;
  bool same_label = true;
};

/// What training found out. A plain value; nothing here is formatted.
struct Report {
  int64_t train_rows = 0;
  int64_t test_rows = 0;
  int64_t columns = 0;
  TrainEstimate estimate;
  std::vector<std::string> classes;   ///< names that have rows in the table, in label order
  std::vector<Candidate> candidates;  ///< in the order of TrainOptions::c
  size_t best = 0;                    ///< the first candidate of rank 1
  std::vector<FitCertificate> fits;   ///< every fold of every candidate, then the fit on all training rows
  double accuracy = 0;                ///< on the held-out rows
  double accuracy_low = 0;            ///< 95 % interval of the accuracy (Wilson's)
  double accuracy_high = 0;
  double log_loss = 0;                ///< on the held-out rows
  double calibration_error = 0;       ///< mean distance of confidence from accuracy over ten bins of confidence
  std::vector<ClassScore> per_class;  ///< one per class; 0 where a score is 0/0
  ClassScore macro_average;           ///< plain means over classes
  ClassScore weighted_average;        ///< means weighted by support
  std::vector<std::vector<int64_t>> confusion;  ///< [true class][predicted class]
  std::vector<HeldOutPrediction> predictions;   ///< one per held-out row
  std::vector<DuplicatePair> duplicates;        ///< across the split, most alike first
  std::vector<std::string> notes;               ///< what the table of candidates shows, one sentence each
  std::vector<std::string> warnings;            ///< one sentence each
  double read_seconds = 0;
  double gram_seconds = 0;
  double search_seconds = 0;
  double refit_seconds = 0;
};

struct ClassifierSaveOptions {
  bool overwrite = false;
};

/// L2-penalised logistic regression: one linear score per class (softmax), or a single score for two classes (sigmoid
/// of the second class). A value.
struct Classifier {
  std::vector<std::string> classes;  ///< K names
  int64_t columns = 0;               ///< D, numbers per row
  std::vector<double> coef;          ///< (K, D) row-major, (1, D) for two classes
  std::vector<double> intercept;     ///< K values, 1 for two classes
  double c = 0;
  Recipe recipe;                                ///< of the features it was trained on
  std::map<std::string, std::string> metadata;  ///< what else the model file records, structured values as JSON

  /// Probability of each class, summing to 1; `row` has `columns` numbers. Thread-safe. Throws Error{kShape}, and
  /// Error{kRefused} for a row with a number that is not finite.
  [[nodiscard]] std::vector<double> predict_probabilities(std::span<const float> row) const;

  /// Writes a safetensors file: tensors `coef` and `intercept`, all else in its metadata. Whole or not at all.
  /// Throws Error{kExists, kIo}.
  void save(const std::filesystem::path& path, ClassifierSaveOptions options) const;

  /// Reads such a file. It is data, never code: everything is checked, and a Python pickle is named as what it is.
  /// Throws Error{kNotFound, kIo, kRefused}.
  [[nodiscard]] static Classifier load(const std::filesystem::path& path);
};

/// Values of C from a list, "0.1,1,10", or from "lo:hi:n", n values from lo to hi in equal ratios; parts of both kinds
/// may be mixed. Throws Error{kInvalidArgument} naming the part.
[[nodiscard]] std::vector<double> parse_c_list(std::string_view text);

struct TrainResult {
  Classifier classifier;
  Report report;
};

/// What train() would do with this table now: labels are looked at, rows are not. Throws Error{kInvalidArgument,
/// kRefused} as train(), and Error{kMemory} where it cannot be done in the memory that is free.
[[nodiscard]] TrainEstimate estimate_training(const FeatureTable& table, const TrainOptions& options);

/// Searches C by stratified cross-validation on the training rows, fits the best on all of them and scores it on the
/// held-out rows. The rows are read once. The result is the same bits for any number of threads.
/// Throws Error{kInvalidArgument} for the options; Error{kRefused} for fewer than two classes, a class with fewer
/// training rows than folds, a number that is not finite, or where the fits overflow; Error{kMemory}; and what
/// table.read_rows throws. Values of C that overflow while others do not are left out, with a warning.
[[nodiscard]] TrainResult train(const FeatureTable& table, const TrainOptions& options,
                                const TrainProgress& progress = {});

}  // namespace vgg16
