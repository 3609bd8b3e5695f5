#include "vgg16/layer.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "network/vgg16.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

// Edit distance (Levenshtein), for "did you mean".
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({changed, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row[b.size()];
}

}  // namespace

size_t layer_index(std::string_view name) {
  const auto found = std::find_if(kVgg16.begin(), kVgg16.end(), [&](const LayerSpec& l) { return l.name == name; });
  if (found != kVgg16.end()) return static_cast<size_t>(found - kVgg16.begin());
  const auto nearest = std::min_element(kVgg16.begin(), kVgg16.end(), [&](const LayerSpec& a, const LayerSpec& b) {
    return distance(a.name, name.substr(0, 64)) < distance(b.name, name.substr(0, 64));
  });
  throw Error(ErrorCode::kInvalidArgument, "no layer is called \"" + printable(name) + "\"; did you mean " +
                                               std::string(nearest->name) + "? (block1_conv1 to block5_pool)");
}

std::string_view layer_name(size_t index) {
  require(index < kVgg16.size(), ErrorCode::kInvalidArgument, "layer index " + std::to_string(index) + ": 0 to 17");
  return kVgg16[index].name;
}

int64_t feature_columns(size_t index, Pool pool) {
  static_cast<void>(layer_name(index));
  const Shape4 shape = output_shape(index, 1);
  return pool == Pool::kNone ? shape.count() : shape.c;
}

std::string_view pool_name(Pool pool) { return pool == Pool::kNone ? "none" : pool == Pool::kAvg ? "avg" : "max"; }

Pool pool_from_name(std::string_view name) {
  for (const Pool pool : {Pool::kNone, Pool::kAvg, Pool::kMax}) {
    if (name == pool_name(pool)) return pool;
  }
  throw Error(ErrorCode::kInvalidArgument, "no pooling is called \"" + printable(name) + "\": none, avg or max");
}

}  // namespace vgg16
