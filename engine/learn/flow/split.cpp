#include "learn/flow/split.h"

#include <algorithm>
#include <cstddef>
#include <random>
#include <utility>

namespace vgg16 {

// The scripts compute int(rows * (1 - test_size)) in Python, whose floats are doubles: the same rounding here.
int64_t tail_split(int64_t rows, double test_size) {
  return static_cast<int64_t>(static_cast<double>(rows) * (1.0 - test_size));
}

std::vector<int> stratified_folds(std::span<const int64_t> labels, int folds) {
  const int64_t highest = labels.empty() ? -1 : *std::max_element(labels.begin(), labels.end());
  std::vector<int64_t> code_of(static_cast<size_t>(highest + 1), -1);
  std::vector<int64_t> count;  // by code: classes in order of first appearance
  for (const int64_t label : labels) {
    int64_t& code = code_of[static_cast<size_t>(label)];
    if (code < 0) {
      code = static_cast<int64_t>(count.size());
      count.push_back(0);
    }
    ++count[static_cast<size_t>(code)];
  }

  // Deal the sorted classes to the folds, position p to fold p mod folds; each class occupies consecutive positions.
  std::vector<std::vector<int64_t>> places(count.size(), std::vector<int64_t>(static_cast<size_t>(folds), 0));
  size_t position = 0;
  for (size_t c = 0; c < count.size(); ++c) {
    for (int64_t i = 0; i < count[c]; ++i) ++places[c][position++ % static_cast<size_t>(folds)];
  }

  std::vector<int> fold_of_row;
  fold_of_row.reserve(labels.size());
  std::vector<size_t> fold_now(count.size(), 0);
  for (const int64_t label : labels) {
    const auto c = static_cast<size_t>(code_of[static_cast<size_t>(label)]);
    while (places[c][fold_now[c]] == 0) ++fold_now[c];
    --places[c][fold_now[c]];
    fold_of_row.push_back(static_cast<int>(fold_now[c]));
  }
  return fold_of_row;
}

// A partial Fisher-Yates shuffle per class: the first take[c] rows of each class are held out.
std::vector<bool> stratified_split(std::span<const int64_t> labels, double test_size, uint64_t seed) {
  const auto n = static_cast<int64_t>(labels.size());
  const int64_t held_out = n - tail_split(n, test_size);
  const int64_t highest = labels.empty() ? -1 : *std::max_element(labels.begin(), labels.end());
  std::vector<std::vector<size_t>> rows_of(static_cast<size_t>(highest + 1));
  for (size_t r = 0; r < labels.size(); ++r) rows_of[static_cast<size_t>(labels[r])].push_back(r);

  // Shares are computed in integers, count * held_out / n, so that remainders are exact.
  std::vector<int64_t> take;
  std::vector<size_t> by_remainder;
  int64_t missing = held_out;
  for (size_t c = 0; c < rows_of.size(); ++c) {
    take.push_back(static_cast<int64_t>(rows_of[c].size()) * held_out / n);
    missing -= take.back();
    by_remainder.push_back(c);
  }
  const auto remainder = [&](size_t c) { return static_cast<int64_t>(rows_of[c].size()) * held_out % n; };
  std::stable_sort(by_remainder.begin(), by_remainder.end(),
                   [&](size_t a, size_t b) { return remainder(a) > remainder(b); });
  for (int64_t i = 0; i < missing; ++i) ++take[by_remainder[static_cast<size_t>(i)]];

  std::mt19937_64 random(seed);
  std::vector<bool> is_held_out(labels.size(), false);
  for (size_t c = 0; c < rows_of.size(); ++c) {
    std::vector<size_t>& rows = rows_of[c];
    for (size_t i = 0; i < static_cast<size_t>(take[c]); ++i) {
      // The remainder of a 64-bit random number is biased by less than rows / 2^64, which does not matter.
      std::swap(rows[i], rows[i + static_cast<size_t>(random() % (rows.size() - i))]);
      is_held_out[rows[i]] = true;
    }
  }
  return is_held_out;
}

}  // namespace vgg16
