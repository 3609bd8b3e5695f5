// Training a classifier on features, with a report on how good it is, and using it.
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
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vgg16/feature_table.h"
#include "vgg16/forest.h"

#pragma GCC visibility push(default)
namespace vgg16 {

/// Which rows are held out of training to test the classifier. kTail: the last rows of the table, as in the scripts
/// that this program replaces. kStratified: the same share of every class, drawn at random with TrainOptions::seed.
enum class Split { kTail, kStratified };

/// kLogistic: L2-penalised logistic regression, the softmax of one linear score per class. kSvm: one linear SVM per
/// class against the rest, with squared hinge loss and a penalised intercept, scikit-learn's LinearSVC; its scores
/// become probabilities by Platt's sigmoid. kForest: a random forest, scikit-learn's RandomForestClassifier; its
/// probabilities are the mean of what the trees' leaves say. In all cases the predicted class is the one with the
/// highest probability.
enum class ClassifierKind { kLogistic, kSvm, kForest };

/// "logistic", "svm", "forest".
[[nodiscard]] std::string_view classifier_name(ClassifierKind kind);

/// How the optimum is computed. kDual: one coefficient per row, from the Gram matrix of all rows (their inner
/// products), which is fast while there are fewer rows than columns and the matrix fits in memory. kPrimal: one
/// coefficient per column, in passes over the rows. kAuto: kDual if there are at most 0.7 training rows per column and
/// the memory suffices, otherwise kPrimal.
enum class Route { kAuto, kDual, kPrimal };

/// What chooses C, or a forest's size, in the cross-validation, in scikit-learn's definitions: accuracy_score,
/// balanced_accuracy_score (the mean of the classes' recalls), log_loss (the only one of which less is better),
/// f1_score(average="macro").
enum class Score { kAccuracy, kBalancedAccuracy, kLogLoss, kMacroF1 };

/// "accuracy", "balanced accuracy", "log loss", "macro F1".
[[nodiscard]] std::string_view score_name(Score score);

/// How much a row's loss counts in training, by its class: scikit-learn's class_weight.
struct ClassWeight {
  /// n / (K n_k), for a fit on n rows of K classes, n_k of them of the row's class. Then `by_name` is not used.
  bool balanced = false;
  std::map<std::string, double> by_name;  ///< each above 0; classes that are missing here have 1
};

/// From "none", "balanced", or "NAME=W,NAME=W". A name ends at the first `=` that a number and then a comma or the end
/// follow, so it may contain commas and equals signs. Throws Error{kInvalidArgument} naming the part that is wrong.
[[nodiscard]] ClassWeight parse_class_weight(std::string_view text);

/// The optimiser. kNewton: Newton's method on the inner products, hence with Route::kDual only. kLbfgs: L-BFGS, with
/// either route. kAuto: the faster one, kNewton with Route::kDual and kLbfgs with Route::kPrimal; nothing else for
/// other classifiers than logistic regression.
enum class Solver { kAuto, kNewton, kLbfgs };

/// "auto", "newton", "lbfgs".
[[nodiscard]] std::string_view solver_name(Solver solver);

/// Powers of ten: 0.1 to 10000 for logistic regression. 1e-8 to 0.001 for the SVM, whose fits of features as VGG16's
/// hardly change beyond.
[[nodiscard]] std::vector<double> default_c_list(ClassifierKind kind = ClassifierKind::kLogistic);

struct TrainOptions {
  ClassifierKind classifier = ClassifierKind::kLogistic;
  /// Inverse strengths of the penalty to try, each > 0; default_c_list(kSvm) suits the SVM better. Not of a forest.
  std::vector<double> c = default_c_list();
  std::vector<int> trees = {100};   ///< of a forest: numbers of trees to try
  std::vector<int> min_leaf = {1};  ///< of a forest: to try with each, the least rows in a leaf
  int folds = 3;                    ///< folds of the cross-validation, at least 2
  double test_size = 0.25;          ///< share of the rows held out, below 1; 0 for none (TestedOn)
  Split split = Split::kTail;
  ClassWeight class_weight = {};
  Score score = Score::kAccuracy;
  uint64_t seed = 42;          ///< of the random draw of Split::kStratified, and of a forest
  double relative_gap = 1e-6;  ///< a fit ends when (objective - optimum) / optimum is proven to be at most this
  int max_iterations = 200;    ///< Newton steps of one fit; L-BFGS makes 5,000 steps at most
  Solver solver = Solver::kAuto;
  Route route = Route::kAuto;
  int64_t memory_bytes = 0;  ///< limit on the memory of training; 0: most of what the system has free
  int threads = 0;           ///< 0 or -1: as many as BuildInfo::processors; the result does not depend on it
};

/// Reports progress: `done` of `total` of `what`. `what` is "rows read", "inner products", then "fits", or "trees"
/// before these; within a fit the optimiser's steps are added: "fits, step 12, 3.1e-04 from the optimum". Called by one
/// thread at a time, but not always by the same one.
using TrainProgress = std::function<void(std::string_view what, int64_t done, int64_t total)>;

/// How training will proceed, and the most memory that it will take. Of a forest, the route is that of the logistic
/// regression that it is compared with.
struct TrainEstimate {
  Route route = Route::kDual;
  int64_t memory_bytes = 0;
  bool rows_in_memory = true;  ///< false: rows are read from the file again in every pass
  /// kPrimal: fits that run in lockstep. kDual: all fits of the search, of which at most one per fold and per thread
  /// runs at a time.
  int64_t fits_at_once = 0;
};

/// How one optimisation ended. The objective of logistic regression is 1/2 |W|^2 + C * (sum over the rows of weight *
/// log loss); the intercept is not penalised. That of the SVM is the sum over the columns of scores of 1/2 |w|^2 + 1/2
/// b^2 + C * (sum over the rows of weight * max(0, 1 - y f)^2).
struct FitCertificate {
  double c = 0;
  int fold = -1;  ///< fold that was left out, or -1 for the fit on all training rows
  double objective = 0;
  double relative_gap = 0;   ///< proven bound on (objective - optimum) / optimum; of the SVM, the worst column's
  double gradient_norm = 0;  ///< by the coefficients, for which the intercept is optimal; of the SVM, by both
  int iterations = 0;        ///< Newton or L-BFGS steps
  int products = 0;          ///< conjugate-gradient steps, all Newton steps together; 0 with L-BFGS
  int evaluations = 0;       ///< of the objective
  std::string stop_reason;
  double seconds = 0;
};

/// One value of C, or one size of a forest, in the cross-validation.
struct Candidate {
  double c = 0;
  int trees = 0;  ///< of a forest, as is min_leaf
  int min_leaf = 0;
  std::vector<double> fold_scores;  ///< TrainOptions::score on each fold's left-out rows
  double mean = 0;                  ///< of fold_scores, each fold counting the same
  double deviation = 0;             ///< population standard deviation of fold_scores
  int rank = 0;                     ///< 1 + number of candidates with a strictly better mean
  double log_loss = 0;              ///< mean over folds of the mean negative log probability of the true class
  int iterations = 0;               ///< all folds together, as are seconds
  double relative_gap = 0;          ///< the worst fold's
  double seconds = 0;               ///< forests of one min_leaf share the trees, and the time
};

struct ClassScore {
  std::string name;
  double precision = 0;
  double recall = 0;
  double f1 = 0;
  int64_t support = 0;
};

/// A training row and its similarity to another row: the cosine between the two after the mean of the training rows is
/// subtracted from both. 1 for the same picture, about 0 for unrelated ones.
struct Neighbour {
  int64_t row = 0;
  double similarity = 0;
};

/// The rows by which a report judges the classifier. kHeldOut: those of the table that did not train. kTestTable: those
/// of a table of their own. kOutOfFold: no row was held out, so each training row is judged by the fit of the best C
/// that left out its fold. Such scores are of models of fewer rows, and C was chosen by them.
enum class TestedOn { kHeldOut, kTestTable, kOutOfFold };

/// A prediction for a row of TestedOn.
struct HeldOutPrediction {
  int64_t row = 0;         ///< in the feature table, or in the test table
  int64_t label = 0;       ///< the true class, an index into Report::classes
  int64_t predicted = 0;   ///< an index into Report::classes
  double probability = 0;  ///< given to the predicted class
  /// Of a wrong prediction for a held-out row, with Route::kDual: the three most similar training rows, best first.
  std::vector<Neighbour> nearest;
};

/// A held-out row and a training row whose pictures are the same, or very alike. The same picture on both sides makes
/// the tested accuracy too high.
struct DuplicatePair {
  int64_t held_out_row = 0;
  int64_t training_row = 0;
  double similarity = 0;
  bool same_label = true;
};

/// A row whose label may be wrong, by probabilities from a fit that did not train on it: of a training row, the fit of
/// the best C that left out its fold; of a held-out row, the final fit.
struct SuspectLabel {
  int64_t row = 0;               ///< in the feature table, or in the test table
  bool held_out = false;         ///< false: a training row
  int64_t label = 0;             ///< an index into Report::classes, as is `predicted`
  double label_probability = 0;  ///< given to the label
  int64_t predicted = 0;         ///< the most probable class
  double predicted_probability = 0;
};

/// Selective classification of the held-out rows: what becomes of them if a row is not classified unless the
/// probability of its predicted class is at least min_probability.
struct Refusals {
  double min_probability = 0;
  int64_t refused = 0;   ///< rows that are not classified
  int64_t answered = 0;  ///< all others
  double accuracy = 0;   ///< of the answered rows; 0 if there are none
};

/// The held-out rows whose predicted class has a probability in one tenth of 0 to 1, the upper end only in the last:
/// how often are they right, beside how often they should be?
struct CalibrationBin {
  int64_t rows = 0;  ///< all else is 0 if there are none
  double mean_probability = 0;
  double accuracy = 0;
  double accuracy_low = 0;  ///< 95 % interval of the accuracy (Wilson's)
  double accuracy_high = 0;
};

/// How much a forest's splits on some columns took off the Gini impurity, of all that its splits took: shares that sum
/// to 1, of what the recipe says the columns are. Empty where the features' recipe does not say.
struct Importance {
  int side = 0;                   ///< rows, and columns, of the grid of positions; 1 if all were pooled into one
  std::vector<double> positions;  ///< (side, side)
  std::vector<double> channels;
};

/// The results of training. Numbers are not formatted; notes and warnings are sentences ready to print.
struct Report {
  int64_t train_rows = 0;
  int64_t test_rows = 0;                    ///< held out, or in the test table; 0 with TestedOn::kOutOfFold
  TestedOn tested_on = TestedOn::kHeldOut;  ///< which rows are meant by "held-out rows" below
  int64_t columns = 0;
  TrainEstimate estimate;
  Solver solver = Solver::kNewton;    ///< that was used
  std::vector<std::string> classes;   ///< names that have rows in the table, in label order
  std::vector<double> class_weights;  ///< of the fit on all training rows, one per class; empty if all are 1
  Score score = Score::kAccuracy;     ///< that chose C
  /// In the order of TrainOptions::c, or of TrainOptions::trees for each of TrainOptions::min_leaf.
  std::vector<Candidate> candidates;
  size_t best = 0;  ///< the first candidate of rank 1
  /// Every fold of every candidate, then the fit on all training rows; none of a forest, which has no optimum.
  std::vector<FitCertificate> fits;
  /// The best candidate of logistic regression with default_c_list() in the same folds, by which other classifiers can
  /// be judged. None for logistic regression itself, if its fits failed, or where rows are read in every pass.
  std::optional<Candidate> logistic;
  /// Of a forest: the accuracy on training rows by the trees that were not grown from the row, and how many rows some
  /// tree was not grown from.
  double out_of_bag_accuracy = 0;
  int64_t out_of_bag_rows = 0;
  Importance importance;    ///< of a forest
  double accuracy = 0;      ///< on the held-out rows
  double accuracy_low = 0;  ///< 95 % interval of the accuracy (Wilson's)
  double accuracy_high = 0;
  double log_loss = 0;                      ///< on the held-out rows
  std::vector<CalibrationBin> calibration;  ///< ten bins, of equal widths
  /// Expected calibration error: mean over rows of |mean probability - accuracy| of the row's bin.
  double calibration_error = 0;
  std::vector<ClassScore> per_class;            ///< one per class; 0 where a score is 0/0
  ClassScore macro_average;                     ///< plain means over classes
  ClassScore weighted_average;                  ///< means weighted by support
  std::vector<std::vector<int64_t>> confusion;  ///< [true class][predicted class]
  std::vector<HeldOutPrediction> predictions;   ///< one per held-out row
  std::vector<Refusals> refusals;               ///< at 0.5, 0.6, 0.7, 0.8, 0.9, 0.95 and 0.99
  /// Of all rows, the least probable label first. As many as confident learning counts (Northcutt, Jiang and Chuang,
  /// arXiv:1911.00068): rows for which another class is the most probable one of those that reach their threshold, the
  /// mean probability of the class over the rows with that label.
  std::vector<SuspectLabel> suspects;
  /// Pairs of the same picture, also if it was encoded again or a little enlarged or reduced; most similar first. For
  /// features of this program only. Route::kPrimal only finds pictures whose files are the same (similarity 1), and
  /// only if the table records them.
  std::vector<DuplicatePair> duplicates;
  /// Pairs of very alike pictures, most similar first: different photographs of one thing, or one photograph that was
  /// cut or much changed, which rows do not tell apart. Not with Route::kPrimal.
  std::vector<DuplicatePair> look_alikes;
  /// Remarks, one sentence each: ties between candidates, a best C at an end of the values, what was not compared.
  std::vector<std::string> notes;
  std::vector<std::string> warnings;  ///< one sentence each
  double read_seconds = 0;
  double gram_seconds = 0;
  double search_seconds = 0;
  double refit_seconds = 0;
  double comparison_seconds = 0;  ///< with logistic regression
};

struct ClassifierSaveOptions {
  bool overwrite = false;
};

/// Platt's sigmoid: the probability that a row with the score f belongs to the class is 1 / (1 + exp(a f + b)).
struct Sigmoid {
  double a = 0;
  double b = 0;
};

/// One linear score per class, or, for two classes, a single score of the second class. Logistic regression's
/// probabilities are the softmax of the scores, or the sigmoid of the single one. The SVM's are those of its sigmoids,
/// divided by their sum, as CalibratedClassifierCV(ensemble=False) has them. A forest has no scores: its probabilities
/// are the mean of its trees' votes. A value that owns everything.
struct Classifier {
  ClassifierKind kind = ClassifierKind::kLogistic;
  std::string name = "the model";    ///< for messages; load() sets the file's name, the file does not record it
  std::vector<std::string> classes;  ///< K names
  int64_t columns = 0;               ///< D, numbers per row
  std::vector<double> coef;          ///< (K, D) row-major, (1, D) for two classes
  std::vector<double> intercept;     ///< K values, 1 for two classes; empty, as is coef, if it is a forest
  std::vector<Sigmoid> sigmoids;     ///< of the SVM, one per score; fitted to scores of rows left out of training
  double c = 0;
  Forest forest;  ///< in which every index is in range: a file's are checked
  Recipe recipe;  ///< how the features were made that it was trained on
  /// Everything else that the model file records. train() writes `program_version`; `split`, which is tail, stratified
  /// (then there is `split_seed`), file for a test table, or none; what is not the default of `solver` and `score`
  /// (their names) and `class_weights` (of the last fit, as a JSON object); of a forest `min_leaf`, `seed` and
  /// `out_of_bag_accuracy`; and as JSON lists `cv`, with an object for each of Report::candidates, `fits`, with one for
  /// each of Report::fits, both as `vgg16 train --json` prints them but without times, and `held_out_rows`, the numbers
  /// of the rows of the table that did not train.
  std::map<std::string, std::string> metadata;

  /// Probability of each class, summing to 1; `row` has `columns` numbers. Thread-safe. Throws Error{kShape}, and
  /// Error{kRefused} for a row with a number that is not finite.
  [[nodiscard]] std::vector<double> predict_probabilities(std::span<const float> row) const;
  /// The same into `out`, of one number per class; allocates nothing. After an error `out` may be written.
  void predict_probabilities(std::span<const float> row, std::span<double> out) const;

  /// Writes a safetensors file: tensors `coef` and `intercept`, of the SVM also `sigmoid` (scores, 2) with a and b of
  /// each score, of a forest those of learn/flow/forest_file.h instead; everything else in its metadata. The file
  /// appears at `path` complete or not at all.
  /// Throws Error{kExists, kIo}.
  void save(const std::filesystem::path& path, ClassifierSaveOptions options) const;

  /// Reads such a file. Unlike a Python pickle it cannot contain code, and everything in it is checked.
  /// Throws Error{kNotFound, kIo, kRefused}.
  [[nodiscard]] static Classifier load(const std::filesystem::path& path);
};

/// Values of C from a list, "0.1,1,10", or from "lo:hi:n", n values from lo to hi in geometric progression; a list may
/// contain both. Throws Error{kInvalidArgument} naming the part that is wrong.
[[nodiscard]] std::vector<double> parse_c_list(std::string_view text);

struct TrainResult {
  Classifier classifier;
  Report report;
};

/// How train() would proceed with this table in the memory that is free now. Looks at the labels only, reads no rows.
/// Throws Error{kInvalidArgument, kRefused} as train(), and Error{kMemory} if the memory does not suffice.
[[nodiscard]] TrainEstimate estimate_training(const FeatureTable& table, const TrainOptions& options);
[[nodiscard]] TrainEstimate estimate_training(const FeatureTable& table, const FeatureTable& test,
                                              const TrainOptions& options);

/// Chooses C, or a forest's size, by stratified cross-validation on the training rows, fits the best on all of them,
/// and tests the result on the held-out rows. If they fit in memory, rows are read once. The result has the same bits
/// for any number of threads. Throws Error{kInvalidArgument} for the options; Error{kRefused} for fewer than two
/// classes, a class with fewer training rows than folds, a number that is not finite, or if a fit of the chosen C fails
/// (numbers overflow, or nothing can be proven about its distance from the optimum); Error{kMemory}; and what
/// table.read_rows throws. If fits fail at other values of C, these are left out with a warning.
[[nodiscard]] TrainResult train(const FeatureTable& table, const TrainOptions& options,
                                const TrainProgress& progress = {});

/// The same with a test set of its own: all rows of `table` train, and those of `test` are the held-out rows, whatever
/// options.test_size and options.split are. Classes are matched by name. Also throws Error{kRefused}, naming what
/// differs, if layer, pool, preprocessing, weights or columns of the tables differ (what one of them does not record is
/// not compared), if `test` has no rows, or if it has a class that `table` has no rows of.
[[nodiscard]] TrainResult train(const FeatureTable& table, const FeatureTable& test, const TrainOptions& options,
                                const TrainProgress& progress = {});

}  // namespace vgg16
#pragma GCC visibility pop
