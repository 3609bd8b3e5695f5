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

// Caffe's names, and the indices of torchvision's vgg16().features, whose ReLUs are modules of their own.
TEST(LayerTest, NamesOfOtherPrograms) {
  constexpr std::array<std::array<std::string_view, 3>, 18> kNames = {{{"block1_conv1", "conv1_1", "features.1"},
                                                                       {"block1_conv2", "conv1_2", "features.3"},
                                                                       {"block1_pool", "pool1", "features.4"},
                                                                       {"block2_conv1", "conv2_1", "features.6"},
                                                                       {"block2_conv2", "conv2_2", "features.8"},
                                                                       {"block2_pool", "pool2", "features.9"},
                                                                       {"block3_conv1", "conv3_1", "features.11"},
                                                                       {"block3_conv2", "conv3_2", "features.13"},
                                                                       {"block3_conv3", "conv3_3", "features.15"},
                                                                       {"block3_pool", "pool3", "features.16"},
                                                                       {"block4_conv1", "conv4_1", "features.18"},
                                                                       {"block4_conv2", "conv4_2", "features.20"},
                                                                       {"block4_conv3", "conv4_3", "features.22"},
                                                                       {"block4_pool", "pool4", "features.23"},
                                                                       {"block5_conv1", "conv5_1", "features.25"},
                                                                       {"block5_conv2", "conv5_2", "features.27"},
                                                                       {"block5_conv3", "conv5_3", "features.29"},
                                                                       {"block5_pool", "pool5", "features.30"}}};
  for (const auto& names : kNames) {
    for (const std::string_view name : names) EXPECT_EQ(layer_name_from(name), names[0]);
  }
  // Before the ReLU, without one, of another form.
  for (const std::string_view name : {"features.0", "features.28", "features.31", "features.", "conv1_3", "pool6"}) {
    EXPECT_THROW(static_cast<void>(layer_name_from(name)), Error) << name;
  }
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
