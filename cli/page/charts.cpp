#include "charts.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "vgg16/error.h"

namespace vgg16::page {
namespace {

// In SVG's units, which are pixels at the size that a chart has on a phone.
constexpr double kWidth = 420;
constexpr double kHeight = 280;
constexpr double kLeft = 50;
constexpr double kRight = 16;
constexpr double kTop = 34;
constexpr double kBottom = 46;

/// From data to pixels.
struct Axis {
  double low = 0;
  double high = 1;
  double first_pixel = 0;
  double last_pixel = 1;

  [[nodiscard]] double at(double value) const {
    return first_pixel + (value - low) / (high - low) * (last_pixel - first_pixel);
  }
};

Axis across(double low, double high) { return {low, high, kLeft, kWidth - kRight}; }
Axis upwards(double low, double high) { return {low, high, kHeight - kBottom, kTop}; }

std::string pixels(double value) { return digits(value, 1); }

Html line(std::string_view kind, double x1, double y1, double x2, double y2) {
  return void_element(
      "line",
      {{"class", std::string(kind)}, {"x1", pixels(x1)}, {"y1", pixels(y1)}, {"x2", pixels(x2)}, {"y2", pixels(y2)}});
}

Html dot(std::string_view kind, double x, double y, double radius) {
  return void_element("circle",
                      {{"class", std::string(kind)}, {"cx", pixels(x)}, {"cy", pixels(y)}, {"r", pixels(radius)}});
}

// `anchor`: start, middle or end, the part of the words that is at (x, y).
Html label(double x, double y, std::string_view anchor, std::string_view words, std::string_view kind = "") {
  return element(
      "text", {{"x", pixels(x)}, {"y", pixels(y)}, {"text-anchor", std::string(anchor)}, {"class", std::string(kind)}},
      text(words));
}

Html chart(const std::string& description, const Html& content) {
  return element("svg",
                 {{"class", "chart"},
                  {"viewBox", "0 0 " + digits(kWidth, 0) + " " + digits(kHeight, 0)},
                  {"role", "img"},
                  {"aria-label", description}},
                 content);
}

/// A distance between ticks of 1, 2 or 5 times a power of ten, for about five of them.
double tick_step(double range) {
  const double rough = range / 5.5;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) return factor * power;
  }
  return 10 * power;
}

/// Lines across the chart and their numbers.
Html horizontal_ticks(const Axis& y) {
  const double step = tick_step(y.high - y.low);
  const int places = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
  Html ticks;
  for (double value = std::ceil(y.low / step - 1e-9) * step + 0.0; value <= y.high + step * 1e-9; value += step) {
    ticks += line("grid", kLeft, y.at(value), kWidth - kRight, y.at(value));
    ticks += label(kLeft - 8, y.at(value) + 4, "end", digits(value, places));
  }
  return ticks;
}

Html axis_titles(std::string_view x, std::string_view y) {
  return label((kLeft + kWidth - kRight) / 2, kHeight - 8, "middle", x) + label(4, 16, "start", y);
}

/// Where candidates stand on the axis: by the logarithm of C, sizes of forests one after another.
std::vector<double> positions(const Report& report) {
  std::vector<double> x;
  for (const Candidate& c : report.candidates) {
    x.push_back(c.trees > 0 ? static_cast<double>(x.size()) : std::log10(c.c));
  }
  return x;
}

/// The numbers below the axis: powers of ten, not more than fit, or the sizes of forests.
Html candidate_ticks(const Report& report, const Axis& axis) {
  constexpr int64_t kMostTicks = 8;
  const double bottom = kHeight - kBottom + 18;
  const bool forest = report.candidates[report.best].trees > 0;
  const auto first = static_cast<int64_t>(std::ceil(axis.low - 1e-9));
  const auto last = static_cast<int64_t>(std::floor(axis.high + 1e-9));
  const int64_t step = (last - first) / kMostTicks + 1;
  Html ticks;
  for (int64_t i = first; i <= last; i += step) {
    const Candidate& size = report.candidates[forest ? static_cast<size_t>(i) : 0];
    const std::string words = forest ? std::to_string(size.trees) + "/" + std::to_string(size.min_leaf)
                                     : shortest(std::pow(10, static_cast<double>(i)));
    ticks += label(axis.at(static_cast<double>(i)), bottom, "middle", words);
  }
  if (ticks.empty()) {  // no power of ten is among the values of C
    const auto by_c = [](const Candidate& a, const Candidate& b) { return a.c < b.c; };
    const auto [least, most] = std::minmax_element(report.candidates.begin(), report.candidates.end(), by_c);
    for (const double c : {least->c, most->c}) ticks += label(axis.at(std::log10(c)), bottom, "middle", shortest(c));
  }
  return ticks;
}

}  // namespace

std::string candidate_name(const Candidate& candidate) {
  if (candidate.trees == 0) return "C = " + shortest(candidate.c);
  return count_of(candidate.trees, "tree") + ", at least " + count_of(candidate.min_leaf, "row") + " a leaf";
}

Html search_chart(const Report& report) {
  if (report.candidates.size() < 2) return {};
  const std::vector<double> x = positions(report);
  const auto [left, right] = std::minmax_element(x.begin(), x.end());
  double low = report.candidates[0].mean;
  double high = low;
  for (const Candidate& c : report.candidates) {
    for (const double score : c.fold_scores) {
      low = std::min(low, score);
      high = std::max(high, score);
    }
  }
  const double margin = std::max(0.08 * (high - low), 0.002);
  // Values of C may all be the same.
  const double side = std::clamp(0.03 * (*right - *left), 0.1, 0.5);
  const Axis across_x = across(*left - side, *right + side);
  const Axis up = upwards(low - margin, high + margin);

  std::vector<size_t> order(x.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return x[a] < x[b]; });
  Html folds;
  Html means;
  std::string path;
  for (const size_t i : order) {
    const Candidate& c = report.candidates[i];
    const double at = across_x.at(x[i]);
    for (const double score : c.fold_scores) folds += dot("fold", at, up.at(score), 3.5);
    // Sizes of forests that differ in the leaves are not on one curve.
    const bool begins = path.empty() || (i > 0 && c.min_leaf != report.candidates[i - 1].min_leaf);
    path += (begins ? "M" : "L") + pixels(at) + " " + pixels(up.at(c.mean));
    means += dot("mean", at, up.at(c.mean), 4);
  }
  const Candidate& best = report.candidates[report.best];
  const double best_x = across_x.at(x[report.best]);
  const bool forest = best.trees > 0;
  const std::string score(score_name(report.score));
  // Its words begin, or end, at the line, so that they stay within the chart.
  const bool in_left_half = best_x < (kLeft + kWidth - kRight) / 2;
  const Html chosen = line("chosen", best_x, kTop, best_x, kHeight - kBottom) +
                      label(best_x + (in_left_half ? 6 : -6), kTop + 4, in_left_half ? "start" : "end",
                            candidate_name(best), "strong") +
                      dot("ring", best_x, up.at(best.mean), 7.5);
  return chart("The " + score + " in the cross-validation of each " + (forest ? "size" : "value of C") +
                   ", from the folds and their mean. Chosen: " + candidate_name(best) + ", mean " +
                   digits(best.mean, 4) + ". The table below has all numbers.",
               horizontal_ticks(up) + chosen + candidate_ticks(report, across_x) + folds +
                   void_element("path", {{"class", "curve"}, {"d", path}}) + means +
                   axis_titles(forest ? "trees / rows a leaf" : "C, logarithmic", score));
}

Html calibration_chart(const Report& report) {
  const Axis x = across(0, 1);
  const Axis y = upwards(0, 1);
  Html content = horizontal_ticks(y);
  for (int i = 0; i <= 5; ++i) {
    content += label(x.at(i / 5.0), kHeight - kBottom + 18, "middle", digits(i / 5.0, 1));
  }
  content += line("ideal", x.at(0), y.at(0), x.at(1), y.at(1));
  int64_t most = 1;
  for (const CalibrationBin& bin : report.calibration) most = std::max(most, bin.rows);
  for (const CalibrationBin& bin : report.calibration) {
    if (bin.rows == 0) continue;
    const double at = x.at(bin.mean_probability);
    content += line("interval", at, y.at(bin.accuracy_low), at, y.at(bin.accuracy_high));
    const double share = static_cast<double>(bin.rows) / static_cast<double>(most);
    content += dot("mean", at, y.at(bin.accuracy), 3 + 5 * std::sqrt(share));
  }
  content += axis_titles("probability of the predicted class", "share that is right");
  return chart(
      "How often predictions are right, by the probability that they were given, in ten bins, with 95 % "
      "intervals; on the diagonal line the two agree. The table below has all numbers.",
      content);
}

}  // namespace vgg16::page
