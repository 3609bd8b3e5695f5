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

struct TrainOptions {
  std::vector<double> c = {0.1, 1, 10, 100, 1000, 10000};  ///< inverse strengths of the penalty to try, each > 0
  int folds = 3;                                           ///< of the cross-validation, at least 2
  double test_size = 0.25;     ///< share of the rows held out, the last ones: between 0 and 1
  double relative_gap = 1e-6;  ///< a fit ends when (objective - optimum) / objective is proven to be at most this
  int max_iterations = 200;    ///< Newton steps of one fit
  int threads = 0;             ///< 0 or -1: every processor; the result does not depend on it
};

/// Called by one thread at a time, though not always the same one: what is being done, and how far it is.
using TrainProgress = std::function<void(std::string_view stage, int64_t done, int64_t total)>;

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

struct HeldOutPrediction {
  int64_t row = 0;         ///< in the feature table
  int64_t label = 0;       ///< the true class, an index into Report::classes
  int64_t predicted = 0;   ///< an index into Report::classes
  double probability = 0;  ///< given to the predicted class
};

/// What training found out. A plain value; nothing here is formatted.
struct Report {
  int64_t train_rows = 0;
  int64_t test_rows = 0;
  int64_t columns = 0;
  std::vector<std::string> classes;             ///< names that have rows in the table, in label order
  std::vector<Candidate> candidates;            ///< in the order of TrainOptions::c
  size_t best = 0;                              ///< the first candidate of rank 1
  std::vector<FitCertificate> fits;             ///< every fold of every candidate, then the fit on all training rows
  double accuracy = 0;                          ///< on the held-out rows
  double log_loss = 0;                          ///< on the held-out rows
  std::vector<ClassScore> per_class;            ///< one per class; 0 where a score is 0/0
  ClassScore macro_average;                     ///< plain means over classes
  ClassScore weighted_average;                  ///< means weighted by support
  std::vector<std::vector<int64_t>> confusion;  ///< [true class][predicted class]
  std::vector<HeldOutPrediction> predictions;   ///< one per held-out row
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

struct TrainResult {
  Classifier classifier;
  Report report;
};

/// Searches C by stratified cross-validation on the training rows, fits the best on all of them and scores it on the
/// held-out rows. The rows are read once. The result is the same bits for any number of threads.
/// Throws Error{kInvalidArgument} for the options; Error{kRefused} for fewer than two classes, a class with fewer
/// training rows than folds or a number that is not finite; Error{kMemory}; and what table.read_rows throws.
[[nodiscard]] TrainResult train(const FeatureTable& table, const TrainOptions& options,
                                const TrainProgress& progress = {});

}  // namespace vgg16
