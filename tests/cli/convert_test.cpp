#include "cli_test.h"
#include "vgg16/weights.h"
#include "weights_files.h"

namespace vgg16 {
namespace {

using testing::HasSubstr;

class ConvertCommand : public CliTest {};

TEST_F(ConvertCommand, GoesBetweenHalfAndFullPrecision) {
  const Outcome full = run({"convert", default_weights(), "full.safetensors", "--dtype", "f32"});
  EXPECT_EQ(full.status, 0) << full.err;
  EXPECT_EQ(full.err, "");
  EXPECT_THAT(full.out, testing::StartsWith("full.safetensors: 26 tensors, f32, weights digest "));
  const Outcome half = run({"convert", "full.safetensors", "half.safetensors", "--json"});
  EXPECT_EQ(half.status, 0) << half.err;
  const auto document = json_line(half.out);
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["output"], "half.safetensors");
  EXPECT_EQ(document["dtype"], "f16");
  EXPECT_EQ(document["weights_sha256"], Weights::load(default_weights())->sha256());
  EXPECT_TRUE(bytes("half.safetensors") == read_bytes(default_weights()));
}

TEST_F(ConvertCommand, MakesTheDefaultWeightsFromKerasFile) {
  const fs::path keras =
      fs::path(VGG16_SOURCE_DIR) / ".." / "shared" / "weights" / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5";
  if (!fs::exists(keras)) GTEST_SKIP() << "no Keras weights beside the source";
  EXPECT_EQ(run({"convert", keras, "half.safetensors"}).status, 0);
  EXPECT_TRUE(bytes("half.safetensors") == read_bytes(default_weights()));
}

TEST_F(ConvertCommand, LeavesNoFileBehindWhereItFails) {
  expect_failure(1, "missing.h5: no such file", {"convert", "missing.h5", "a.safetensors"});
  write_test_file(path("page.h5"), "<html></html>");
  expect_failure(4, "page.h5 is an HTML page", {"convert", "page.h5", "a.safetensors"});
  write_test_file(path("hdf5.h5"), "\x89HDF\r\n\x1A\n and no more");
  expect_failure(4, "hdf5.h5", {"convert", "hdf5.h5", "a.safetensors"});
  write_wrong_shape_weights(path("shape.safetensors"));
  expect_failure(4, "block1_conv1/kernel in shape.safetensors: shape (3, 3, 64, 3), expected (3, 3, 3, 64)",
                 {"convert", "shape.safetensors", "a.safetensors"});
  write_test_file(path("there"), "something of value");
  expect_failure(1, "there already exists; add --overwrite to replace it", {"convert", default_weights(), "there"});
  expect_failure(2, "shape.safetensors is both input and output",
                 {"convert", "shape.safetensors", "shape.safetensors", "--overwrite"});
  expect_failure(1, "a.safetensors", {"convert", default_weights(), "a.safetensors"}, {.file_size_limit = 1'000'000});
  EXPECT_EQ(run({"convert", default_weights(), "there", "--overwrite"}).status, 0);
  EXPECT_TRUE(bytes("there") == read_bytes(default_weights()));
}

}  // namespace
}  // namespace vgg16
