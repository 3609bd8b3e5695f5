#include "print_comparison.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "print.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

using Json = nlohmann::ordered_json;

/// Positions, and channels, that are listed as text.
constexpr size_t kListed = 5;
/// Channels that are listed in JSON.
constexpr size_t kListedInJson = 50;

/// The indices of the largest shares, the largest first.
std::vector<size_t> largest(const std::vector<double>& shares, size_t most) {
  std::vector<size_t> order(shares.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t i, size_t j) { return shares[i] > shares[j]; });
  order.resize(std::min(order.size(), most));
  return order;
}

std::string percent(double share) { return fixed(100 * share, 1) + " %"; }

}  // namespace

std::string logistic_text(const Report& report) {
  if (!report.logistic) return "";
  const double own = report.candidates[report.best].mean;
  const double its = report.logistic->mean;
  if (!(report.score == Score::kLogLoss ? its < own : its > own)) return "";
  return "logistic regression is better: " + std::string(score_name(report.score)) + " " + fixed(its, 4) +
         " in the same folds, at C = " + shortest(report.logistic->c) + "\n";
}

Json logistic_json(const Report& report) {
  if (!report.logistic) return nullptr;
  const Candidate& logistic = *report.logistic;
  return {{"c", logistic.c},
          {"mean", logistic.mean},
          {"std", logistic.deviation},
          {"scores", logistic.fold_scores},
          {"log_loss", logistic.log_loss}};
}

std::string forest_text(const Report& report) {
  std::string text = "out-of-bag accuracy " + fixed(report.out_of_bag_accuracy, 4) + ", of " +
                     std::to_string(report.out_of_bag_rows) + " rows by the trees that were not grown from them\n";
  const Importance& importance = report.importance;
  if (importance.channels.empty()) return text;
  text += "share of what the splits took off the impurity, ";
  if (importance.side > 1) {
    text += "by position (row, column of " + std::to_string(importance.side) + " x " + std::to_string(importance.side) +
            ", from 0):";
    for (const size_t i : largest(importance.positions, kListed)) {
      const auto side = static_cast<size_t>(importance.side);
      text += " (" + std::to_string(i / side) + ", " + std::to_string(i % side) + ") " +
              percent(importance.positions[i]) + ";";
    }
    text.back() = '\n';
    text += "  and ";
  }
  text += "by channel:";
  for (const size_t i : largest(importance.channels, kListed)) {
    text += " " + std::to_string(i) + " " + percent(importance.channels[i]) + ";";
  }
  text.back() = '\n';
  return text;
}

Json forest_json(const Report& report) {
  const Importance& importance = report.importance;
  Json positions = Json::array();
  for (size_t row = 0; row < static_cast<size_t>(importance.side); ++row) {
    const auto begin = importance.positions.begin() + static_cast<std::ptrdiff_t>(row) * importance.side;
    positions.push_back(std::vector<double>(begin, begin + importance.side));
  }
  Json channels = Json::array();
  for (const size_t i : largest(importance.channels, kListedInJson)) {
    channels.push_back({{"channel", i}, {"share", importance.channels[i]}});
  }
  return {{"out_of_bag_accuracy", report.out_of_bag_accuracy},
          {"out_of_bag_rows", report.out_of_bag_rows},
          {"importance", {{"positions", positions}, {"channels", channels}}}};
}

}  // namespace vgg16
