#include "learn/flow/forest_file.h"

#include <cmath>
#include <cstring>
#include <span>
#include <type_traits>

#include "vgg16/error.h"
#include "vocabulary/finite.h"
#include "vocabulary/shape_text.h"

namespace vgg16 {
namespace {

/// How far a leaf's shares, each rounded to a float, may sum to something else than 1.
constexpr double kRounding = 1e-5;

template <class T>
TensorView view_of(const std::vector<T>& values) {
  return {std::is_same_v<T, float> ? "F32" : "U32", {std::ssize(values)}, std::as_bytes(std::span(values))};
}

/// Reads and checks one forest.
class Reader {
 public:
  Reader(const SafetensorsView& file, const std::string& name) : file_(file), name_(name) {}

  [[noreturn]] void refuse(const std::string& what) const { throw Error(ErrorCode::kRefused, name_ + ": " + what); }
  void check(bool good, const char* tensor, size_t i, const char* what) const {
    if (!good) refuse(std::string(tensor) + ": value " + std::to_string(i) + " " + what + "; the file is damaged");
  }

  /// A tensor of one dimension. If `size` is given, it must have as many values.
  template <class T>
  [[nodiscard]] std::vector<T> values(const char* tensor, size_t size = 0) const {
    const auto found = file_.tensors.find(tensor);
    if (found == file_.tensors.end()) {
      refuse(std::string("no tensor `") + tensor + "`; expected a model made by vgg16 train");
    }
    const TensorView& view = found->second;
    const std::string dtype = std::is_same_v<T, float> ? "F32" : "U32";
    if (view.dtype != dtype || view.shape.size() != 1 || view.shape[0] == 0 ||
        (size > 0 && std::cmp_not_equal(view.shape[0], size))) {
      refuse(std::string(tensor) + ": " + view.dtype + " " + shape_text(view.shape) + ", expected " + dtype + " (" +
             (size > 0 ? std::to_string(size) : "N") + ")");
    }
    std::vector<T> values(view.bytes.size() / sizeof(T));
    std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
    if constexpr (std::is_same_v<T, float>) {
      if (!all_finite(values)) refuse(std::string(tensor) + ": a value is not finite; the file is damaged");
    }
    return values;
  }

  void check_trees(const Forest& forest, size_t leaves) const {
    const size_t nodes = forest.nodes.size();
    for (size_t t = 0; t < forest.roots.size(); ++t) {
      check(t == 0 ? forest.roots[0] == 0 : forest.roots[t] > forest.roots[t - 1], "roots", t,
            "is not ascending from 0");
      check(forest.roots[t] < nodes, "roots", t, "is not a node");
    }
    std::vector<bool> reached(nodes);
    for (size_t t = 0; t < forest.roots.size(); ++t) {
      const size_t begin = forest.roots[t];
      const size_t end = t + 1 < forest.roots.size() ? forest.roots[t + 1] : nodes;
      reached[begin] = true;
      // Children come after their parents, so a node that no earlier one leads to is never reached.
      for (size_t i = begin; i < end; ++i) {
        const Forest::Node& node = forest.nodes[i];
        check(reached[i], "child", i, "belongs to a node that no other leads to");
        if (node.child == 0) {
          check(node.column < leaves, "column", i, "is not a leaf's number");
          continue;
        }
        check(node.column < forest.importance.size(), "column", i, "is not a column of the rows");
        check(node.child > i && size_t{node.child} + 1 < end, "child", i, "is not a later node of the tree");
        for (const size_t child : {size_t{node.child}, size_t{node.child} + 1}) {
          check(!reached[child], "child", i, "is a node that another one leads to");
          reached[child] = true;
        }
      }
    }
  }

  void check_leaves(const Forest& forest, size_t classes) const {
    check(forest.first_vote.front() == 0, "first_vote", 0, "is not 0");
    for (size_t i = 1; i < forest.first_vote.size(); ++i) {
      check(forest.first_vote[i] > forest.first_vote[i - 1], "first_vote", i, "is not ascending");
    }
    const size_t last = forest.first_vote.size() - 1;
    check(forest.first_vote[last] == forest.votes.size(), "first_vote", last, "is not the number of votes");
    for (uint32_t number = 0; number < last; ++number) {
      double sum = 0;
      const size_t first = forest.first_vote[number];
      const std::span<const Forest::Vote> leaf = forest.leaf(number);
      for (size_t i = 0; i < leaf.size(); ++i) {
        check(leaf[i].label < classes, "vote_label", first + i, "is not a class");
        check(i == 0 || leaf[i].label > leaf[i - 1].label, "vote_label", first + i, "is not ascending in its leaf");
        check(leaf[i].share > 0, "vote_share", first + i, "is not above 0");
        sum += static_cast<double>(leaf[i].share);
      }
      check(std::abs(sum - 1) <= kRounding, "vote_share", first, "begins a leaf whose shares do not sum to 1");
    }
  }

 private:
  const SafetensorsView& file_;
  const std::string& name_;
};

}  // namespace

ForestTensors::ForestTensors(const Forest& forest) {
  for (const Forest::Node& node : forest.nodes) {
    column_.push_back(node.column);
    threshold_.push_back(node.threshold);
    child_.push_back(node.child);
  }
  for (const Forest::Vote& vote : forest.votes) {
    vote_label_.push_back(vote.label);
    vote_share_.push_back(vote.share);
  }
  views_ = {{"roots", view_of(forest.roots)},           {"column", view_of(column_)},
            {"threshold", view_of(threshold_)},         {"child", view_of(child_)},
            {"first_vote", view_of(forest.first_vote)}, {"vote_label", view_of(vote_label_)},
            {"vote_share", view_of(vote_share_)},       {"importance", view_of(forest.importance)}};
}

Forest read_forest(const SafetensorsView& file, size_t classes, const std::string& name) {
  const Reader reader(file, name);
  if (file.tensors.size() != 8) {
    reader.refuse(std::to_string(file.tensors.size()) + " tensors, expected the 8 of a forest");
  }
  Forest forest;
  forest.importance = reader.values<float>("importance");
  forest.roots = reader.values<uint32_t>("roots");
  const auto column = reader.values<uint32_t>("column");
  const auto threshold = reader.values<float>("threshold", column.size());
  const auto child = reader.values<uint32_t>("child", column.size());
  for (size_t i = 0; i < column.size(); ++i) forest.nodes.push_back({column[i], threshold[i], child[i]});
  forest.first_vote = reader.values<uint32_t>("first_vote");
  const auto label = reader.values<uint32_t>("vote_label");
  const auto share = reader.values<float>("vote_share", label.size());
  for (size_t i = 0; i < label.size(); ++i) forest.votes.push_back({label[i], share[i]});
  reader.check_leaves(forest, classes);
  reader.check_trees(forest, forest.first_vote.size() - 1);
  return forest;
}

}  // namespace vgg16
