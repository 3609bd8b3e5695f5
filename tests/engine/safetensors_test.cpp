#include "safetensors/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "support/expect_error.h"
#include "support/feature_rows.h"
#include "support/file_calls.h"
#include "support/temp_dir.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

std::vector<std::byte> file_with(const std::string& header, size_t data_bytes) {
  const uint64_t length = header.size();
  std::vector<std::byte> bytes(8 + header.size() + data_bytes);
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  return bytes;
}

std::string refusal(const std::vector<std::byte>& bytes) {
  try {
    static_cast<void>(parse_safetensors(bytes, "x"));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kRefused);
    return error.what();
  }
  return "accepted";
}

TEST(Safetensors, RoundTripsTensorsAndMetadata) {
  const TempDir folder;
  const std::vector<float> a = {1, 2, 3, 4, 5, 6};
  const std::vector<double> b = {7};
  const std::vector<TensorToWrite> tensors = {{"a", "F32", {2, 3}, std::as_bytes(std::span(a))},
                                              {"b", "F64", {}, std::as_bytes(std::span(b))},
                                              {"none", "F16", {0, 4}, {}}};
  write_safetensors(folder / "f", tensors, {{"k", "caf\xC3\xA9"}, {"bad", "\xFF"}}, false);
  std::ifstream stream(folder / "f", std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  const std::span bytes(reinterpret_cast<const std::byte*>(text.data()), text.size());
  const SafetensorsView view = parse_safetensors(bytes, "f");
  ASSERT_EQ(view.tensors.size(), 3U);
  EXPECT_EQ(view.tensors.at("a").shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(std::memcmp(view.tensors.at("a").bytes.data(), a.data(), 24), 0);
  EXPECT_EQ(view.tensors.at("b").dtype, "F64");
  EXPECT_TRUE(view.tensors.at("b").shape.empty());
  EXPECT_EQ(view.tensors.at("none").bytes.size(), 0U);
  EXPECT_EQ(view.metadata.at("k"), "caf\xC3\xA9");
  EXPECT_EQ(view.metadata.at("bad"), "\xEF\xBF\xBD");
  EXPECT_EQ((text.size() - 24 - 8) % 8, 0U) << "tensors start at a multiple of 8";

  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THROW(static_cast<void>(parse_safetensors(bytes.first(length), "cut")), Error) << length;
  }
  EXPECT_THROW(write_safetensors(folder / "f", tensors, {}, false), Error);
  write_safetensors(folder / "f", tensors, {}, true);
}

TEST(Safetensors, AFileThatAppearsMeanwhileIsNotOverwritten) {
  for (const bool overwrite : {false, true}) {
    const TempDir folder;
    file_calls::watch(folder.path());
    file_calls::before_opening("f.", [&] { write_test_file(folder / "f", "something of value"); });
    const auto write = [&] { write_safetensors(folder / "f", {}, {}, overwrite); };
    if (overwrite) {
      write();
      EXPECT_EQ(names_in(folder.path()), "f");
    } else {
      expect_error(ErrorCode::kExists,
                   "f was created by another program in the meantime; the new file stays in " + folder.path().string(),
                   write);
    }
    file_calls::release();
    EXPECT_EQ(read_bytes(folder / "f") == "something of value", !overwrite);
  }
}

TEST(Safetensors, RefusesEveryDeviationWithASentenceOfItsOwn) {
  const auto entry = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return "{\"a\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
  };
  EXPECT_EQ(refusal(file_with(entry("F32", "[1]", "[0,4]"), 4)), "accepted");
  EXPECT_EQ(refusal({}), "x: too short for a safetensors file");
  auto huge = file_with("{}", 0);
  std::memset(huge.data(), 0xFF, 8);
  EXPECT_EQ(refusal(huge), "x: not a safetensors file, or cut short: its header would take 18446744073709551615 bytes");
  EXPECT_EQ(refusal(file_with("[1]", 0)), "x: not a safetensors file: the header is not a JSON object");
  EXPECT_EQ(refusal(file_with("{\"a\":", 0)), "x: the header is not JSON");
  EXPECT_EQ(refusal(file_with(entry("F32", "[1]", "[0,4]") + '\0', 4)), "x: the header is not JSON");
  EXPECT_EQ(refusal(file_with(entry("I8", "[4]", "[0,4]"), 4)), "x: a: type I8, expected F16, F32, F64 or U32");
  EXPECT_EQ(refusal(file_with(entry("F32", "[-1]", "[0,4]"), 4)),
            "x: a: a dimension is not a whole number of 0 or more");
  EXPECT_EQ(refusal(file_with(entry("F32", "[1.5]", "[0,4]"), 4)),
            "x: a: a dimension is not a whole number of 0 or more");
  EXPECT_EQ(refusal(file_with(entry("F32", "[4294967296,4294967296]", "[0,4]"), 4)), "x: a: the shape is too large");
  EXPECT_EQ(refusal(file_with(entry("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4)), "x: a: more than 8 dimensions");
  EXPECT_EQ(refusal(file_with(entry("F32", "[2]", "[0,4]"), 4)), "x: a: 4 bytes of data, its shape needs 8");
  EXPECT_EQ(refusal(file_with(entry("F32", "[1]", "[0,8]"), 4)), "x: a: its data lies outside the file");
  EXPECT_EQ(refusal(file_with(entry("F32", "[1]", "[4,0]"), 4)), "x: a: its data lies outside the file");
  EXPECT_EQ(refusal(file_with(entry("F32", "[1]", "[0]"), 4)), "x: a: data_offsets must be two whole numbers");
  EXPECT_EQ(refusal(file_with(entry("F32", "[1]", "[4,8]"), 8)), "x: a hole between two tensors");
  EXPECT_EQ(refusal(file_with(entry("F32", "[1]", "[0,4]"), 5)), "x: bytes after the last tensor");
  EXPECT_EQ(refusal(file_with("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                              "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
                              4)),
            "x: two tensors overlap");
  EXPECT_EQ(refusal(file_with("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                              "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
                              4)),
            "x: the header names \"a\" twice");
  EXPECT_EQ(refusal(file_with("{\"a\":3}", 0)), "x: a: expected dtype, shape and data_offsets");
  EXPECT_EQ(refusal(file_with("{\"__metadata__\":{\"k\":1}}", 0)), "x: __metadata__ \"k\" is not a string");
  EXPECT_EQ(refusal(file_with("{\"a\":" + std::string(100'000, '['), 0)), "x: the header is nested too deeply");
  std::string many = "{";
  for (int i = 0; i < 600; ++i) {
    many += (i > 0 ? "," : "") + ("\"t" + std::to_string(i)) +
            "\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}";
  }
  EXPECT_EQ(refusal(file_with(many + "}", 0)), "x: more than 512 tensors");
  // The parse ends where there is too much, whatever comes then: here, what is no JSON.
  const auto endless = [](const std::string& start, const std::string& item) {
    std::string header = start;
    for (int i = 0; i < 40'000; ++i) header += item + std::to_string(i) + (item == "\"" ? "\":0," : ",");
    return header;
  };
  EXPECT_EQ(refusal(file_with(endless("{", "\""), 0)), "x: the header has more values than 512 tensors need");
  EXPECT_EQ(refusal(file_with(endless("{\"__metadata__\":{", "\""), 0)),
            "x: the header has more values than 512 tensors need");
  EXPECT_EQ(refusal(file_with(endless("{\"a\":[", ""), 0)), "x: the header has more values than 512 tensors need");
}

}  // namespace
}  // namespace vgg16
