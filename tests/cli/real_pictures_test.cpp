// Real photographs through real weights, against features that PyTorch and Pillow made of them.
#include <hdf5.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

#include "cli_test.h"
#include "vgg16/feature_file.h"

namespace vgg16 {
namespace {

const fs::path kShared = fs::path(VGG16_SOURCE_DIR) / ".." / "shared";

// `features` (n, 25088) and `paths` (n): what the reference script writes beside what every features file has.
struct Expected {
  std::vector<std::string> paths;
  std::vector<float> rows;

  explicit Expected(const fs::path& path) {
    const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t names = H5Dopen2(file, "paths", H5P_DEFAULT);
    const hid_t space = H5Dget_space(names);
    const hid_t text = H5Dget_type(names);
    std::vector<char*> pointers(static_cast<size_t>(H5Sget_simple_extent_npoints(space)));
    if (H5Dread(names, text, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()) < 0) throw std::runtime_error("paths");
    paths.assign(pointers.begin(), pointers.end());
    H5Dvlen_reclaim(text, space, H5P_DEFAULT, pointers.data());
    const hid_t features = H5Dopen2(file, "features", H5P_DEFAULT);
    rows.resize(paths.size() * 25088);
    if (H5Dread(features, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, rows.data()) < 0) {
      throw std::runtime_error("features");
    }
    for (const hid_t set : {names, features}) H5Dclose(set);
    H5Sclose(space);
    H5Tclose(text);
    H5Fclose(file);
  }
};

class RealPictures : public CliTest {
 protected:
  void SetUp() override {
    if (!fs::exists(kShared / "golden/animals24.h5") || !fs::exists(kShared / "data/animals")) {
      GTEST_SKIP() << "no photographs and reference features beside the source";
    }
  }

  // Of the worst picture: its largest difference over its largest value, and the cosine.
  struct Agreement {
    double deviation = 0;
    double cosine = 1;
  };

  Agreement agreement(const Words& more) const {
    const Expected expected(kShared / "golden/animals24.h5");
    for (const std::string& picture : expected.paths) {
      fs::create_directories((folder_ / "animals" / picture).parent_path());
      fs::create_symlink(fs::canonical(kShared / "data/animals" / picture), folder_ / "animals" / picture);
    }
    Words words = {"extract", "-d", "animals", "-o", "animals.h5"};
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_EQ(run(words).status, 0);
    const FeatureTable table = open_feature_file(path("animals.h5"));
    EXPECT_EQ(table.rows, static_cast<int64_t>(expected.paths.size()));
    Agreement worst;
    std::vector<float> row(25088);
    for (size_t i = 0; i < expected.paths.size(); ++i) {
      const auto at = std::find(table.paths.begin(), table.paths.end(), expected.paths[i]);
      table.read_rows(at - table.paths.begin(), 1, row.data());
      double largest = 0, difference = 0, product = 0, ours = 0, theirs = 0;
      for (size_t c = 0; c < row.size(); ++c) {
        const double a = row[c];
        const double b = expected.rows[i * row.size() + c];
        largest = std::max(largest, std::abs(b));
        difference = std::max(difference, std::abs(a - b));
        product += a * b;
        ours += a * a;
        theirs += b * b;
      }
      worst.deviation = std::max(worst.deviation, difference / largest);
      worst.cosine = std::min(worst.cosine, product / std::sqrt(ours * theirs));
    }
    std::printf("%zu pictures: deviation %.2g of the row's largest value, cosine 1 - %.1e\n", expected.paths.size(),
                worst.deviation, 1 - worst.cosine);
    return worst;
  }
};

TEST_F(RealPictures, AgreeWithPyTorchInFullPrecision) {
  const fs::path keras = kShared / "weights/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5";
  if (!fs::exists(keras)) GTEST_SKIP() << "no Keras weights beside the source";
  const Agreement found = agreement({"--weights", fs::canonical(keras)});
  EXPECT_LE(found.deviation, 1e-4);
  EXPECT_GE(found.cosine, 0.999999);
}

TEST_F(RealPictures, AgreeWithPyTorchInHalfPrecision) {
  const Agreement found = agreement({});
  EXPECT_LE(found.deviation, 1e-3);
  EXPECT_GE(found.cosine, 0.99999);
}

// Pairs of photographs that were sorted by eye: the same one in two files, or different ones of alike flowers.
TEST_F(CliTest, TellsTheSamePhotographFromAlikeOnes) {
  const fs::path pictures = kShared / "data/pairs";
  std::ifstream list(pictures / "pairs.csv");
  if (!list) GTEST_SKIP() << "no labelled pairs of photographs beside the source";
  std::set<std::string> same;
  std::set<std::string> alike;
  std::set<std::string> used;
  int n_alike = 0;
  for (std::string line; std::getline(list, line);) {
    std::istringstream fields(line);
    std::array<std::string, 3> field;  // two names, and the kind of pair
    for (std::string& text : field) std::getline(fields, text, ',');
    const auto& [a, b, kind] = field;
    // Few pairs, because a picture takes a tenth of a second.
    const bool wanted = (kind == "same" && same.size() < 4) || (kind == "alike" && n_alike++ % 4 == 0);
    if (!wanted) continue;
    (kind == "same" ? same : alike).insert(a + " " + b);
    used.insert({a, b});
  }
  ASSERT_EQ(same.size(), 4U);
  ASSERT_EQ(alike.size(), 6U);
  size_t n = 0;
  for (const std::string& name : used) {
    const fs::path link = folder_ / "flowers" / (n++ % 2 == 0 ? "even" : "odd") / name;
    fs::create_directories(link.parent_path());
    fs::create_symlink(fs::canonical(pictures / name), link);
  }
  ASSERT_EQ(run({"extract", "-q", "-d", "flowers", "-o", "flowers.h5"}).status, 0);
  const auto report = json_line(
      run({"train", "-q", "-d", "flowers.h5", "--test", "flowers.h5", "-m", "a.model", "--c", "1", "--json"}).out);
  std::set<std::string> found;
  for (const auto& pair : report["duplicates"]) {
    const auto name = [&](const char* row) { return fs::path(pair[row].get<std::string>()).filename().string(); };
    found.insert(name("test") + " " + name("train"));
  }
  for (const std::string& pair : same) EXPECT_TRUE(found.count(pair)) << pair;
  for (const std::string& pair : alike) EXPECT_FALSE(found.count(pair)) << pair;
}

}  // namespace
}  // namespace vgg16
