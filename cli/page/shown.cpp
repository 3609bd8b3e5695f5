#include "shown.h"

#include <algorithm>
#include <map>
#include <utility>

namespace vgg16::page {
namespace {

// Mistakes come with their neighbours, four pictures each. What these leave of kMaxPictures is for right answers.
constexpr size_t kMaxMistakes = 60;
constexpr size_t kMaxSurest = 7;
constexpr size_t kMaxPairs = 16;  // of each kind
constexpr size_t kMaxSuspects = 24;
constexpr int64_t kMaxRightPerClass = 6;

// All predictions by cell, in the order in which they should be shown.
std::vector<Cell> all_cells(const Report& report) {
  std::map<std::pair<int64_t, int64_t>, Cell> cells;
  for (const HeldOutPrediction& p : report.predictions) {
    Cell& cell = cells[{p.label, p.predicted}];
    cell.label = p.label;
    cell.predicted = p.predicted;
    ++cell.rows;
    cell.shown.push_back(&p);
  }
  std::vector<Cell> ordered;
  for (auto& [place, cell] : cells) {
    const bool right = cell.label == cell.predicted;
    std::stable_sort(cell.shown.begin(), cell.shown.end(), [&](const HeldOutPrediction* a, const HeldOutPrediction* b) {
      return right ? a->probability < b->probability : a->probability > b->probability;
    });
    ordered.push_back(std::move(cell));
  }
  return ordered;
}

// So that every cell shows something, each cell's first comes before any cell's second.
void limit_in_turns(std::vector<Cell>& cells, size_t most) {
  std::vector<size_t> taken(cells.size());
  bool more = true;
  for (size_t turn = 0, total = 0; more && total < most; ++turn) {
    more = false;
    for (size_t i = 0; i < cells.size() && total < most; ++i) {
      if (cells[i].shown.size() <= turn) continue;
      ++taken[i];
      ++total;
      more = true;
    }
  }
  for (size_t i = 0; i < cells.size(); ++i) cells[i].shown.resize(taken[i]);
}

template <class T>
std::vector<const T*> first_of(const std::vector<T>& all, size_t most) {
  std::vector<const T*> first;
  for (const T& each : all) {
    if (first.size() < most) first.push_back(&each);
  }
  return first;
}

}  // namespace

std::string mistake_id(const HeldOutPrediction& prediction) { return "mistake-" + std::to_string(prediction.row); }

Shown choose_shown(const Training& training) {
  const Report& report = training.report();
  Shown shown;
  for (Cell& cell : all_cells(report)) {
    (cell.label == cell.predicted ? shown.right : shown.mistakes).push_back(std::move(cell));
  }
  std::stable_sort(shown.mistakes.begin(), shown.mistakes.end(),
                   [](const Cell& a, const Cell& b) { return a.rows > b.rows; });
  for (const Cell& cell : shown.mistakes) {
    shown.surest.insert(shown.surest.end(), cell.shown.begin(), cell.shown.end());
  }
  std::stable_sort(
      shown.surest.begin(), shown.surest.end(),
      [](const HeldOutPrediction* a, const HeldOutPrediction* b) { return a->probability > b->probability; });
  if (shown.surest.size() > kMaxSurest) shown.surest.resize(kMaxSurest);
  limit_in_turns(shown.mistakes, kMaxMistakes);
  shown.duplicates = first_of(report.duplicates, kMaxPairs);
  shown.look_alikes = first_of(report.look_alikes, kMaxPairs);
  shown.suspects = first_of(report.suspects, kMaxSuspects);

  std::vector<PictureOf>& pictures = shown.pictures;
  for (const Cell& cell : shown.mistakes) {
    for (const HeldOutPrediction* p : cell.shown) {
      pictures.emplace_back(&training.held_out, p->row);
      for (const Neighbour& near : p->nearest) pictures.emplace_back(&training.table, near.row);
    }
  }
  for (const HeldOutPrediction* p : shown.surest) pictures.emplace_back(&training.held_out, p->row);
  for (const auto* pairs : {&shown.duplicates, &shown.look_alikes}) {
    for (const DuplicatePair* pair : *pairs) {
      pictures.emplace_back(&training.held_out, pair->held_out_row);
      pictures.emplace_back(&training.table, pair->training_row);
    }
  }
  for (const SuspectLabel* s : shown.suspects) {
    pictures.emplace_back(s->held_out ? &training.held_out : &training.table, s->row);
  }
  const int64_t left = kMaxPictures - std::ssize(pictures);
  const int64_t classes = std::max<int64_t>(std::ssize(shown.right), 1);
  limit_in_turns(shown.right, static_cast<size_t>(std::min(left, kMaxRightPerClass * classes)));
  for (const Cell& cell : shown.right) {
    for (const HeldOutPrediction* p : cell.shown) pictures.emplace_back(&training.held_out, p->row);
  }
  return shown;
}

}  // namespace vgg16::page
