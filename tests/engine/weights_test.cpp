#include "vgg16/weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <random>
#include <vector>

#include "support/python.h"
#include "support/temp_dir.h"
#include "vgg16/error.h"
#include "weights/sha256.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;

const fs::path kDefault = fs::path(VGG16_SOURCE_DIR) / "weights" / "vgg16-f16.safetensors";
const fs::path kKeras =
    fs::path(VGG16_SOURCE_DIR) / ".." / "shared" / "weights" / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5";
constexpr const char* kKerasDigest = "d9a27cc1fc7f975ef8cff49180e794ccd7c4bc868ebb49740803b3bbaa8dbefd";

std::string read_text(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::string refusal(const fs::path& path, ErrorCode expected = ErrorCode::kRefused) {
  try {
    static_cast<void>(Weights::load(path));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), expected) << error.what();
    return error.what();
  }
  return "accepted";
}

// Lengths below `size`: VGG16_TEST_CUTS of them, 2,000 by default or all; the first and last 500 always.
std::vector<size_t> cuts_of(size_t size) {
  const char* wanted = std::getenv("VGG16_TEST_CUTS");
  const bool all = wanted != nullptr && std::string_view(wanted) == "all";
  const size_t count = all ? size : wanted != nullptr ? std::stoul(wanted) : 2'000;
  std::vector<size_t> lengths;
  std::mt19937_64 random(3);
  for (size_t i = 0; i < std::min(count, size); ++i) {
    lengths.push_back(all || i < 500 ? i : i < 1'000 ? size - 1 - (i - 500) : random() % size);
  }
  std::sort(lengths.rbegin(), lengths.rend());  // a file can then be cut again and again
  return lengths;
}

TEST(Sha256Test, MatchesTheStandardsExamples) {  // FIPS 180-4's example messages
  const auto digest = [](const std::string& text, size_t step) {
    Sha256 sha;
    const auto bytes = std::as_bytes(std::span(text));
    for (size_t at = 0; at < bytes.size(); at += step) sha.update(bytes.subspan(at, std::min(step, bytes.size() - at)));
    return sha.hex_digest();
  };
  EXPECT_EQ(digest("", 1), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digest("abc", 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const std::string two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  for (const size_t step : {size_t{1}, size_t{7}, size_t{56}}) {
    EXPECT_EQ(digest(two_blocks, step), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  }
  for (const size_t step : {size_t{63}, size_t{64}, size_t{1000}}) {
    EXPECT_EQ(digest(std::string(1'000'000, 'a'), step),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  }
}

TEST(WeightsTest, DefaultFileIsWhatItsDigestSays) {
  const auto weights = Weights::load(kDefault);
  EXPECT_EQ(weights->type(), WeightsType::kF16);
  EXPECT_EQ(weights->sha256() + "\n", read_text(kDefault.parent_path() / "vgg16-f16.digest"));
}

TEST(WeightsTest, KerasFileIsReadAndConverted) {
  if (!fs::exists(kKeras)) GTEST_SKIP() << "no Keras weights beside the tree";
  const TempDir folder;
  const auto keras = Weights::load(kKeras);
  EXPECT_EQ(keras->type(), WeightsType::kF32);
  EXPECT_EQ(keras->sha256(), kKerasDigest);
  keras->save(folder / "f32", WeightsType::kF32, {});
  EXPECT_EQ(Weights::load(folder / "f32")->sha256(), kKerasDigest);
  keras->save(folder / "f16", WeightsType::kF16, {});
  EXPECT_EQ(read_text(folder / "f16"), read_text(kDefault)) << "the committed file is this conversion, byte for byte";
}

TEST(WeightsTest, SyntheticOnesAreReproducibleAndDiffer) {
  EXPECT_EQ(Weights::synthetic(7)->sha256(), Weights::synthetic(7)->sha256());
  EXPECT_NE(Weights::synthetic(7)->sha256(), Weights::synthetic(8)->sha256());
}

TEST(WeightsTest, SavesWholeOrNotAtAllAndNeverOverUnasked) {
  const TempDir folder;
  const auto weights = Weights::synthetic(1);
  weights->save(folder / "w", WeightsType::kF32, {});
  EXPECT_EQ(Weights::load(folder / "w")->sha256(), weights->sha256());
  try {
    weights->save(folder / "w", WeightsType::kF16, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kExists);
  }
  weights->save(folder / "w", WeightsType::kF16, {.overwrite = true});
  EXPECT_EQ(Weights::load(folder / "w")->type(), WeightsType::kF16);
  EXPECT_THROW(weights->save(folder / "none" / "w", WeightsType::kF16, {}), Error);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1)
      << "no temporary file stays";
}

TEST(WeightsTest, AFileCutShortWhileInUseDoesNoHarm) {
  const TempDir folder;
  Weights::synthetic(1)->save(folder / "w", WeightsType::kF16, {});
  const auto weights = Weights::load(folder / "w");
  fs::resize_file(folder / "w", 100);
  std::vector<float> bias(512);
  weights->copy_bias(12, bias.data());
  EXPECT_NE(bias.back(), 0);
}

TEST(WeightsTest, RefusesWhatIsNotWeights) {
  const TempDir folder;
  const auto write = [&](const std::string& text) {
    write_test_file(folder / "w", std::as_bytes(std::span(text)));
    return folder / "w";
  };
  const std::string name = (folder / "w").string();
  EXPECT_EQ(refusal(folder / "missing", ErrorCode::kNotFound), (folder / "missing").string() + ": no such file");
  EXPECT_EQ(refusal(folder.path()), folder.path().string() + ": a folder; expected a file");
  EXPECT_EQ(refusal(write("")), name + ": empty file");
  EXPECT_EQ(refusal(write("<!DOCTYPE html>")),
            name + " is an HTML page; expected an HDF5 (.h5) or safetensors file; download it again");
  EXPECT_EQ(
      refusal(write("version https://git-lfs.github.com/spec/v1\n")),
      name +
          " is a Git LFS pointer, not the file itself; expected an HDF5 (.h5) or safetensors file; run git lfs pull");
  EXPECT_EQ(refusal(write("\x1F\x8B\x08 gz")),
            name + " is a gzip archive; expected an HDF5 (.h5) or safetensors file; unpack it first");
  EXPECT_EQ(refusal(write("\x80\x04\x95 pickle")),
            name +
                " is a Python pickle; expected an HDF5 (.h5) or safetensors file; it is not opened, because that runs "
                "code; save what it holds in that form");
  EXPECT_NE(refusal(write("\x89HDF\r\n\x1A\n damaged")), "accepted");

  std::string whole = read_text(kDefault);
  const auto shape = whole.find("[3,3,256,512]");
  ASSERT_NE(shape, std::string::npos);
  std::string other = whole;
  other.replace(shape, 13, "[3,3,512,256]");
  EXPECT_EQ(refusal(write(other)),
            "block4_conv1/kernel in " + name + ": shape (3, 3, 512, 256), expected (3, 3, 256, 512)");
  other = whole;
  other.replace(other.find("block2_conv1/bias"), 17, "block2_conv1/bios");
  EXPECT_EQ(refusal(write(other)), "block2_conv1/bias in " + name + ": missing; are these VGG16's weights?");
  other = whole;
  other[other.size() - 1] = '\x7C', other[other.size() - 2] = '\0';  // the last bias becomes infinite
  EXPECT_EQ(refusal(write(other)), "block5_conv3/bias in " + name + ": 1 values are not finite");
  EXPECT_NE(refusal(write(whole.substr(0, whole.size() - 1))), "accepted");
}

TEST(WeightsTest, SafetensorsCutAnywhereAreRefused) {
  const std::string whole = read_text(kDefault);
  const std::span bytes = std::as_bytes(std::span(whole));
  for (const size_t length : cuts_of(whole.size())) {
    ASSERT_THROW(static_cast<void>(Weights::from_safetensors(bytes.first(length), "w", "")), Error) << length;
  }
}

class WeightsOfPython : public PythonTest {
 protected:
  void SetUp() override { need_python("h5py, numpy"); }
};

TEST_F(WeightsOfPython, HostileHdf5FilesAreRefused) {
  const TempDir folder;
  ASSERT_EQ(run_script("make_weights.py", quoted(folder.path())), 0);
  const auto check = [&](const char* file, const std::string& part) {
    EXPECT_NE(refusal(folder / file).find(part), std::string::npos) << file << ": " << refusal(folder / file);
  };
  for (const char* good : {"keras1.h5", "keras2.h5", "whole_model.h5"}) {
    EXPECT_EQ(Weights::load(folder / good)->sha256(), Weights::load(folder / "keras1.h5")->sha256()) << good;
  }
  for (const size_t length : cuts_of(fs::file_size(folder / "keras2.h5"))) {
    fs::resize_file(folder / "keras2.h5", length);
    ASSERT_THROW(static_cast<void>(Weights::load(folder / "keras2.h5")), Error) << length;
  }
  check("external_link.h5", "refers to another place or file by a link: refused");
  check("soft_link.h5", "refers to another place or file by a link: refused");
  check("external_storage.h5", "keeps its data in another file");
  check("virtual.h5", "is a virtual dataset, which reads other files");
  check("huge.h5", "expected (3, 3, 3, 64)");
  check("transposed.h5", "shape (64, 3, 3, 3), expected (3, 3, 3, 64)");
  check("float64.h5", "expected float32 values");
  check("integers.h5", "expected float32 values");
  check("missing.h5", "block3_conv2 in ");
  check("not_finite.h5", "12 values are not finite");
  check("compressed.h5", "has far less data than its shape needs");
  check("three_arrays.h5", "has more arrays than a kernel and a bias");
}

}  // namespace
}  // namespace vgg16
