#include "vgg16/layer.h"

#include <gtest/gtest.h>

#include "vgg16/error.h"

namespace vgg16 {
namespace {

TEST(LayerTest, NamesAndIndicesAgree) {
  for (size_t i = 0; i < 18; ++i) EXPECT_EQ(layer_index(layer_name(i)), i);
  EXPECT_EQ(layer_index("block1_conv1"), 0U);
  EXPECT_EQ(layer_index("block5_pool"), 17U);
}

TEST(LayerTest, CountsColumns) {
  EXPECT_EQ(feature_columns(17, Pool::kNone), 25088);
  EXPECT_EQ(feature_columns(17, Pool::kAvg), 512);
  EXPECT_EQ(feature_columns(17, Pool::k2x2), 2048);
  EXPECT_EQ(feature_columns(layer_index("block1_conv2"), Pool::kNone), 224 * 224 * 64);
  EXPECT_EQ(feature_columns(layer_index("block3_pool"), Pool::kMax), 256);
}

TEST(LayerTest, SuggestsTheNearestName) {
  const auto message = [](std::string_view name) {
    try {
      static_cast<void>(layer_index(name));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(message("block5_pol"),
            "no layer is called \"block5_pol\"; did you mean block5_pool? (block1_conv1 to block5_pool)");
  EXPECT_EQ(message("fc7"), "no layer is called \"fc7\" (block1_conv1 to block5_pool)");
  EXPECT_EQ(message("a\nb"), "no layer is called \"a\\x0ab\" (block1_conv1 to block5_pool)");
}

TEST(LayerTest, PoolNamesGoBothWays) {
  for (const std::string_view name : kPoolNames) EXPECT_EQ(pool_name(pool_from_name(name)), name);
  EXPECT_THROW(static_cast<void>(pool_from_name("mean")), Error);
}

}  // namespace
}  // namespace vgg16
