// The tensors of a forest in a model file.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "safetensors/safetensors.h"
#include "vgg16/forest.h"

namespace vgg16 {

/// A forest as tensors with one dimension, those of Forest by their names, each field of its structures a tensor of its
/// own:
///
///   roots                       U32 (trees)
///   column, threshold, child    U32, F32, U32 (nodes); of a leaf, column is its number, threshold and child are 0
///   first_vote                  U32 (leaves + 1)
///   vote_label, vote_share      U32, F32 (votes)
///   importance                  F32 (columns)
///
/// Owns the arrays that the views point to. `forest` must outlive it.
class ForestTensors {
 public:
  explicit ForestTensors(const Forest& forest);
  ForestTensors(const ForestTensors&) = delete;

  [[nodiscard]] const std::map<std::string, TensorView, std::less<>>& views() const { return views_; }

 private:
  std::vector<uint32_t> column_;
  std::vector<float> threshold_;
  std::vector<uint32_t> child_;
  std::vector<uint32_t> vote_label_;
  std::vector<float> vote_share_;
  std::map<std::string, TensorView, std::less<>> views_;
};

/// Reads the tensors of `file`, which must be these alone, and checks everything that a prediction relies on: indices
/// in range, every node but a tree's first the child of exactly one earlier node of its tree, thresholds and shares
/// finite, the shares of a leaf a distribution over the classes. Messages call the file `name`, which must be escaped.
/// Throws Error{kRefused}.
[[nodiscard]] Forest read_forest(const SafetensorsView& file, size_t classes, const std::string& name);

}  // namespace vgg16
