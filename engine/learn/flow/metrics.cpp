#include "learn/flow/metrics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <numeric>
#include <tuple>

#include "learn/flow/class_names.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

// part / whole, with scikit-learn's zero_division=0.
double ratio(int64_t part, int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// Sums in the order of NumPy's pairwise summation, so that averages round to the same printed digits as
/// scikit-learn's.
/// (numpy/_core/src/umath/loops_utils.h.src: eight accumulators up to 128 numbers, then halves.)
double pairwise_sum(std::span<const double> x) {
  if (x.size() < 8) return std::accumulate(x.begin(), x.end(), 0.0);
  if (x.size() > 128) {
    size_t half = x.size() / 2;
    half -= half % 8;
    return pairwise_sum(x.first(half)) + pairwise_sum(x.subspan(half));
  }
  double r[8];
  std::copy_n(x.begin(), 8, r);
  size_t i = 8;
  for (; i + 8 <= x.size(); i += 8) {
    for (size_t j = 0; j < 8; ++j) r[j] += x[i + j];
  }
  double sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
  for (; i < x.size(); ++i) sum += x[i];
  return sum;
}

/// Sets one field of both averages from that field of every class.
void average(double ClassScore::*field, Report& report) {
  std::vector<double> plain;
  std::vector<double> weighted;
  for (const ClassScore& score : report.per_class) {
    plain.push_back(score.*field);
    weighted.push_back(score.*field * static_cast<double>(score.support));
  }
  report.macro_average.*field = pairwise_sum(plain) / static_cast<double>(plain.size());
  const auto rows = static_cast<double>(report.weighted_average.support);
  report.weighted_average.*field = rows == 0 ? 0.0 : pairwise_sum(weighted) / rows;
}

}  // namespace

std::string_view score_name(Score score) {
  switch (score) {
    case Score::kAccuracy:
      return "accuracy";
    case Score::kBalancedAccuracy:
      return "balanced accuracy";
    case Score::kLogLoss:
      return "log loss";
    case Score::kMacroF1:
      return "macro F1";
  }
  return "unknown";
}

double accuracy_of(std::span<const int> labels, std::span<const int> predicted) {
  int64_t right = 0;
  for (size_t i = 0; i < labels.size(); ++i) right += labels[i] == predicted[i] ? 1 : 0;
  return ratio(right, static_cast<int64_t>(labels.size()));
}

double score_of(Score score, std::span<const int> labels, std::span<const int> predicted, int classes) {
  if (score == Score::kAccuracy) return accuracy_of(labels, predicted);
  struct Counts {
    int64_t support = 0;
    int64_t named = 0;
    int64_t right = 0;
  };
  std::vector<Counts> counts(static_cast<size_t>(classes));
  for (size_t i = 0; i < labels.size(); ++i) {
    ++counts[static_cast<size_t>(labels[i])].support;
    ++counts[static_cast<size_t>(predicted[i])].named;
    if (labels[i] == predicted[i]) ++counts[static_cast<size_t>(labels[i])].right;
  }
  std::vector<double> of_class;
  for (const Counts& c : counts) {
    const int64_t rows = score == Score::kMacroF1 ? c.support + c.named : c.support;
    if (rows > 0) of_class.push_back(ratio(score == Score::kMacroF1 ? 2 * c.right : c.right, rows));
  }
  return of_class.empty() ? 0.0 : pairwise_sum(of_class) / static_cast<double>(of_class.size());
}

// maxCoeff returns the first of equal maxima, as numpy.argmax does.
std::vector<int> predicted_classes(const Eigen::MatrixXd& scores) {
  std::vector<int> predicted(static_cast<size_t>(scores.rows()));
  for (Eigen::Index i = 0; i < scores.rows(); ++i) {
    Eigen::Index c = 0;
    if (scores.cols() == 1) {
      c = scores(i, 0) > 0 ? 1 : 0;
    } else {
      scores.row(i).maxCoeff(&c);
    }
    predicted[static_cast<size_t>(i)] = static_cast<int>(c);
  }
  return predicted;
}

// log(1 + exp(lead)) and log-sum-exp, in the forms that neither overflow nor lose small values.
double mean_log_loss(const Eigen::MatrixXd& scores, std::span<const int> labels) {
  double sum = 0;
  for (Eigen::Index i = 0; i < scores.rows(); ++i) {
    const int own = labels[static_cast<size_t>(i)];
    if (scores.cols() == 1) {
      const double lead = own == 1 ? -scores(i, 0) : scores(i, 0);  // wrong class's score minus the right class's
      sum += std::max(lead, 0.0) + std::log1p(std::exp(-std::abs(lead)));
    } else {
      const double highest = scores.row(i).maxCoeff();
      sum += std::log((scores.row(i).array() - highest).exp().sum()) + highest - scores(i, own);
    }
  }
  return labels.empty() ? 0.0 : sum / static_cast<double>(labels.size());
}

void score_predictions(std::span<const int> labels, std::span<const int> predicted, Report& report) {
  const size_t k = report.classes.size();
  report.confusion.assign(k, std::vector<int64_t>(k, 0));
  for (size_t i = 0; i < labels.size(); ++i) ++report.confusion[labels[i]][predicted[i]];
  report.accuracy = accuracy_of(labels, predicted);
  const auto rows = static_cast<int64_t>(labels.size());
  const int64_t n_right = std::llround(report.accuracy * static_cast<double>(rows));
  std::tie(report.accuracy_low, report.accuracy_high) = wilson_interval(n_right, rows);
  const std::string no_row = report.tested_on == TestedOn::kOutOfFold ? "no row " : "no held-out row ";
  std::vector<std::string> never_named;
  std::vector<std::string> without_rows;
  report.per_class.clear();
  report.macro_average = {"macro avg", 0, 0, 0, static_cast<int64_t>(labels.size())};
  report.weighted_average = {"weighted avg", 0, 0, 0, static_cast<int64_t>(labels.size())};
  for (size_t c = 0; c < k; ++c) {
    const int64_t support = std::accumulate(report.confusion[c].begin(), report.confusion[c].end(), int64_t{0});
    int64_t named = 0;
    for (size_t t = 0; t < k; ++t) named += report.confusion[t][c];
    const int64_t right = report.confusion[c][c];
    if (named == 0) never_named.push_back(report.classes[c]);
    if (support == 0) without_rows.push_back(report.classes[c]);
    report.per_class.push_back(
        {report.classes[c], ratio(right, named), ratio(right, support), ratio(2 * right, named + support), support});
  }
  const auto warn = [&](const std::string& what, const std::vector<std::string>& classes, const std::string& score) {
    if (classes.empty()) return;
    const bool one = classes.size() == 1;
    report.warnings.push_back(no_row + what + " " + (one ? printable(classes[0]) : "any of " + classes_text(classes)) +
                              "; " + (one ? "its " : "their ") + score + " is shown as 0");
  };
  warn("was predicted as", never_named, "precision");
  warn("belongs to", without_rows, "recall");
  average(&ClassScore::precision, report);
  average(&ClassScore::recall, report);
  average(&ClassScore::f1, report);
}

// Wilson, J. Am. Stat. Assoc. 22, 1927: unlike p +- z sqrt(p (1 - p) / n) it stays within 0 to 1 and has a width even
// if all rows are right.
std::pair<double, double> wilson_interval(int64_t right, int64_t rows) {
  if (rows == 0) return {0.0, 1.0};
  constexpr double kZ = 1.959963984540054;  // the normal distribution's 97.5 % point
  const auto n = static_cast<double>(rows);
  const double p = static_cast<double>(right) / n;
  const double middle = p + kZ * kZ / (2 * n);
  const double half = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  const double whole = 1 + kZ * kZ / n;
  return {std::max(0.0, (middle - half) / whole), std::min(1.0, (middle + half) / whole)};
}

std::vector<CalibrationBin> calibration_bins(const std::vector<HeldOutPrediction>& predictions) {
  constexpr int kBins = 10;
  std::vector<CalibrationBin> bins(kBins);
  int64_t right[kBins] = {};
  for (const HeldOutPrediction& p : predictions) {
    const int b = std::min(kBins - 1, static_cast<int>(p.probability * kBins));
    CalibrationBin& bin = bins[static_cast<size_t>(b)];
    ++bin.rows;
    bin.mean_probability += p.probability;
    right[b] += p.predicted == p.label ? 1 : 0;
  }
  for (int b = 0; b < kBins; ++b) {
    CalibrationBin& bin = bins[static_cast<size_t>(b)];
    if (bin.rows == 0) continue;
    bin.mean_probability /= static_cast<double>(bin.rows);
    bin.accuracy = ratio(right[b], bin.rows);
    std::tie(bin.accuracy_low, bin.accuracy_high) = wilson_interval(right[b], bin.rows);
  }
  return bins;
}

// Guo et al., arXiv:1706.04599, equation 3.
double calibration_error(const std::vector<CalibrationBin>& bins) {
  double error = 0;
  int64_t rows = 0;
  for (const CalibrationBin& bin : bins) {
    error += static_cast<double>(bin.rows) * std::abs(bin.mean_probability - bin.accuracy);
    rows += bin.rows;
  }
  return rows == 0 ? 0.0 : error / static_cast<double>(rows);
}

std::vector<Refusals> count_refusals(const std::vector<HeldOutPrediction>& predictions) {
  std::vector<Refusals> counts;
  for (const double least : {0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99}) {
    Refusals count = {.min_probability = least};
    int64_t right = 0;
    for (const HeldOutPrediction& p : predictions) {
      if (p.probability < least) {
        ++count.refused;
      } else {
        ++count.answered;
        right += p.predicted == p.label ? 1 : 0;
      }
    }
    count.accuracy = ratio(right, count.answered);
    counts.push_back(count);
  }
  return counts;
}

std::vector<std::string> search_notes(const std::vector<Candidate>& candidates, size_t best, Score score) {
  std::vector<std::string> notes;
  const bool forest = candidates[best].trees > 0;
  const auto name = [&](const Candidate& c) {
    return forest ? std::to_string(c.trees) + " trees of at least " + std::to_string(c.min_leaf) + " rows a leaf"
                  : shortest(c.c);
  };
  std::string tied;
  size_t n_tied = 0;
  const Candidate* least = &candidates[best];
  for (const Candidate& c : candidates) {
    if (c.rank != 1) continue;
    tied += (n_tied++ == 0 ? "" : ", ") + name(c);
    if (c.log_loss < least->log_loss) least = &c;
  }
  if (n_tied > 1) {
    std::string note = std::string(forest ? "" : "C = ") + tied + " tie for the best " +
                       std::string(score_name(score)) + ", and the first is taken; ";
    note += least == &candidates[best] ? "it also has the lowest log loss of them"
                                       : "of them " + name(*least) + " has the lowest log loss";
    notes.push_back(std::move(note));
  }
  if (forest) return notes;  // more trees may always be a little better
  const auto [low, high] = std::minmax_element(candidates.begin(), candidates.end(),
                                               [](const Candidate& a, const Candidate& b) { return a.c < b.c; });
  const double c = candidates[best].c;
  if (low->c < high->c && (c == low->c || c == high->c)) {
    notes.push_back("the best C, " + shortest(c) + ", is the " + (c == low->c ? "smallest" : "largest") +
                    " that was tried; a " + (c == low->c ? "smaller" : "larger") + " one may be better still");
  }
  return notes;
}

size_t rank_candidates(std::vector<Candidate>& candidates, Score score) {
  for (Candidate& c : candidates) {
    const auto n = static_cast<double>(c.fold_scores.size());
    c.mean = std::accumulate(c.fold_scores.begin(), c.fold_scores.end(), 0.0) / n;
    double squares = 0;
    for (const double each : c.fold_scores) squares += (each - c.mean) * (each - c.mean);
    c.deviation = std::sqrt(squares / n);
  }
  // Means are compared exactly, as scikit-learn does: a difference in the last bit is not a tie.
  const auto better = [score](const Candidate& a, const Candidate& b) {
    const bool sound = std::isfinite(a.relative_gap);
    if (sound != std::isfinite(b.relative_gap)) return sound;
    return score == Score::kLogLoss ? a.mean < b.mean : a.mean > b.mean;
  };
  for (Candidate& c : candidates) {
    c.rank = 1 + static_cast<int>(std::count_if(candidates.begin(), candidates.end(),
                                                [&](const Candidate& other) { return better(other, c); }));
  }
  const auto best = std::find_if(candidates.begin(), candidates.end(), [](const Candidate& c) { return c.rank == 1; });
  return static_cast<size_t>(best - candidates.begin());
}

}  // namespace vgg16
