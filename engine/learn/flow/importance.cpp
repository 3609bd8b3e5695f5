#include "learn/flow/importance.h"

#include <cmath>

#include "vgg16/error.h"
#include "vgg16/layer.h"

namespace vgg16 {

Importance importance_by_place(std::span<const float> columns, const Recipe& recipe) {
  Importance importance;
  int64_t channels = 0;
  try {
    const size_t layer = layer_index(recipe.layer);
    channels = feature_columns(layer, Pool::kAvg);
    if (std::ssize(columns) != feature_columns(layer, pool_from_name(recipe.pool))) return {};
  } catch (const Error&) {
    return {};  // not one of this program's recipes
  }
  const int64_t positions = std::ssize(columns) / channels;
  importance.side = static_cast<int>(std::lround(std::sqrt(static_cast<double>(positions))));
  importance.positions.resize(static_cast<size_t>(positions));
  importance.channels.resize(static_cast<size_t>(channels));
  for (size_t i = 0; i < columns.size(); ++i) {
    importance.positions[i / importance.channels.size()] += static_cast<double>(columns[i]);
    importance.channels[i % importance.channels.size()] += static_cast<double>(columns[i]);
  }
  return importance;
}

}  // namespace vgg16
