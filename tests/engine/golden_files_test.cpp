// The golden files are those that make_golden.py wrote: the pictures' CRC-32 and the rows' sums are those in
// golden.json.
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/golden.h"

namespace vgg16 {
namespace {

const std::filesystem::path kGolden = std::filesystem::path(VGG16_SOURCE_DIR) / "tests" / "golden";

nlohmann::json golden_json() { return nlohmann::json::parse(std::ifstream(kGolden / "golden.json")); }

TEST(GoldenFiles, PicturesAgreeWithTheScriptsByteForByte) {
  const auto golden = golden_json();
  for (const auto& entry : golden["pictures"]) {
    const auto pixels = golden_picture(entry["name"].get<std::string>());
    EXPECT_EQ(crc32_z(0, pixels.data(), pixels.size()), entry["crc32"].get<uint32_t>()) << entry["name"];
  }
}

TEST(GoldenFiles, RowsAgreeWithTheirOwnSums) {
  const auto golden = golden_json();
  EXPECT_EQ(golden["pictures"].size(), 2U);
  for (const auto& entry : golden["pictures"]) {
    const auto& last = entry["layers"].back();
    ASSERT_EQ(entry["layers"].size(), 18U);
    EXPECT_EQ(last["name"], "block5_pool");
    const auto row = read_npy(kGolden / (entry["name"].get<std::string>() + ".npy"));
    ASSERT_EQ(row.size(), 25088U);
    double sum = 0;
    for (const float value : row) {
      sum += static_cast<double>(value);
    }
    EXPECT_NEAR(sum, last["sum"].get<double>(), 1e-6 * sum);
    EXPECT_FLOAT_EQ(*std::max_element(row.begin(), row.end()), last["max"].get<float>());
    for (size_t i = 0; i < last["excerpt"].size(); ++i) {
      EXPECT_EQ(row[i * 1000003 % row.size()], last["excerpt"][i].get<float>()) << i;
    }
  }
}

}  // namespace
}  // namespace vgg16
