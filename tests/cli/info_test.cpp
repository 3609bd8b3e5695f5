#include <sys/stat.h>

#include "cli_test.h"
#include "vgg16/classifier.h"
#include "vgg16/weights.h"
#include "weights_files.h"

namespace vgg16 {
namespace {

using testing::HasSubstr;
using testing::IsSupersetOf;

class InfoCommand : public CliTest {};

TEST_F(InfoCommand, DescribesTheBuild) {
  const Outcome text = run({"info"});
  EXPECT_EQ(text.status, 0);
  EXPECT_EQ(text.err, "");
  EXPECT_THAT(text.out, HasSubstr("version: " VGG16_TEST_VERSION "\n"));
  EXPECT_THAT(text.out, HasSubstr("University of Oxford; licence CC BY 4.0"));
  const auto document = json_line(run({"info", "--json"}).out);
  EXPECT_THAT(keys(document), IsSupersetOf({"schema", "version", "backends", "instruction_sets", "processors",
                                            "processors_allowed", "hdf5"}));
  EXPECT_EQ(document["schema"], 1);
  const bool bf16 = document["precisions"] == Words{"f32", "bf16"};
  const bool intel = read_bytes("/proc/cpuinfo").find("GenuineIntel") != std::string::npos;
  const bool amx = bf16 && document["instruction_set_of"]["bf16"] == "amx";
  EXPECT_EQ(document["slow_precisions"], bf16 && intel && !amx ? Words{"bf16"} : Words{});
  EXPECT_EQ(document["instruction_set_of"]["f32"], document["instruction_sets"][0]);
  // The tests run with CUDA_VISIBLE_DEVICES=-1: the program sees no GPU.
  EXPECT_EQ(document["cuda_devices"].size(), 0U);
  EXPECT_NE(document["no_cuda_device"].get<std::string>(), "");
}

TEST_F(InfoCommand, DescribesFeaturesAndModels) {
  make_pictures("pets", {"cats", "d\xC3\xB6gs"}, 4);
  write_test_file(path("pets/cats/x.jpg"), "no picture");
  EXPECT_EQ(run(quick_extract("pets", "pets.h5", {"--max-skipped", "1"})).status, 0);
  EXPECT_EQ(run({"train", "-d", "pets.h5", "-m", "pets.model", "--folds", "2"}).status, 0);
  const auto features = json_line(run({"info", "pets.h5", "--json"}).out);
  EXPECT_EQ(features["kind"], "features");
  EXPECT_EQ(features["rows"], 8);
  EXPECT_EQ(features["columns"], 64);
  EXPECT_EQ(features["classes"]["d\xC3\xB6gs"], 4);
  EXPECT_EQ(features["layer"], "block1_pool");
  EXPECT_EQ(features["skipped"].size(), 1U);
  EXPECT_THAT(run({"info", "pets.h5"}).out, HasSubstr("\nclasses: {\"cats\":4,\"d\xC3\xB6gs\":4}\n"));
  const auto model = json_line(run({"info", "pets.model", "--json"}).out);
  EXPECT_EQ(model["kind"], "model");
  EXPECT_EQ(model["classes"].size(), 2U);
  EXPECT_EQ(model["weights_sha256"], features["weights_sha256"]);
}

TEST_F(InfoCommand, DescribesAModelOfManyRows) {
  Classifier model;
  model.classes = {"cats", "dogs"};
  model.columns = 2;
  model.coef = {1, 2};
  model.intercept = {3};
  model.c = 1;
  model.metadata["held_out_rows"] = std::string(200'000, '7');
  model.save(path("large.model"), {});
  EXPECT_THAT(run({"info", "large.model"}).out, testing::StartsWith("kind: model\n"));
}

TEST_F(InfoCommand, DescribesWeights) {
  const auto document = json_line(run({"info", default_weights(), "--json"}).out);
  EXPECT_EQ(document["kind"], "weights");
  EXPECT_EQ(document["dtype"], "f16");
  EXPECT_EQ(document["parameters"], 14'714'688);
  EXPECT_EQ(document["weights_sha256"], Weights::load(default_weights())->sha256());
}

TEST_F(InfoCommand, RefusesEverythingElse) {
  expect_failure(1, "missing: no such file", {"info", "missing"});
  write_test_file(path("text"), "hello, hello, hello");
  expect_failure(4, "text", {"info", "text"});
  write_test_file(path("empty"), "");
  expect_failure(4, "empty: empty file", {"info", "empty"});
  expect_failure(4, ".: a folder; expected a file", {"info", "."});
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  expect_failure(4, "fifo: not a regular file", {"info", "fifo"});
  write_test_file(path("cut.h5"), "\x89HDF\r\n\x1A\n and no more");
  expect_failure(4, "cut.h5", {"info", "cut.h5"});
}

}  // namespace
}  // namespace vgg16
