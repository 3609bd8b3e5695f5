#include "hdf5/h5_chunks.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <array>
#include <fstream>
#include <iterator>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string>

#include "support/temp_dir.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

constexpr int64_t kRows = 20;
constexpr int64_t kColumns = 12;
constexpr int64_t kChunks = 12;                // 4 of 6 rows by 3 of 5 columns
constexpr int64_t kBandBytes = 3 * 6 * 5 * 4;  // those of one first index
constexpr int64_t kRowBytes = kColumns * 4;

// Numbers 0, 1, 2, ... as float32, in chunks that fit neither rows nor columns.
void write_chunked(const std::filesystem::path& path) {
  const auto checked = [](hid_t id) {
    if (id < 0) throw std::runtime_error("HDF5 refused a test's file");
    return id;
  };
  std::vector<float> values(kRows * kColumns);
  std::iota(values.begin(), values.end(), 0.0F);
  const hid_t file = checked(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  const hid_t space = checked(H5Screate_simple(2, std::array<hsize_t, 2>{kRows, kColumns}.data(), nullptr));
  const hid_t layout = checked(H5Pcreate(H5P_DATASET_CREATE));
  checked(H5Pset_chunk(layout, 2, std::array<hsize_t, 2>{6, 5}.data()));
  checked(H5Pset_deflate(layout, 4));
  const hid_t set = checked(H5Dcreate2(file, "x", H5T_IEEE_F32LE, space, H5P_DEFAULT, layout, H5P_DEFAULT));
  checked(H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
  H5Dclose(set);
  H5Pclose(layout);
  H5Sclose(space);
  checked(H5Fclose(file));
}

// How many chunks are unpacked where `rows` at a time are read, from the first to the last.
int64_t unpacked(const std::filesystem::path& path, int64_t cache_bytes, int64_t rows) {
  const H5File file(PosixFile(path, O_RDONLY));
  const H5Dataset x = file.dataset(file.object(file.links(file.object(file.root())).at("x").address), "x");
  H5Chunks chunks(file, x, cache_bytes);
  std::vector<float> values(kRows * kColumns);
  const auto bytes = std::as_writable_bytes(std::span(values));
  for (int64_t first = 0; first < kRows; first += rows) {
    const int64_t count = std::min(rows, kRows - first);
    chunks.read(first, count,
                bytes.subspan(static_cast<size_t>(first * kRowBytes), static_cast<size_t>(count * kRowBytes)));
  }
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(values[i], static_cast<float>(i));
  return chunks.unpacked_count();
}

TEST(H5Chunks, ReadingInOrderUnpacksEachOnceWhereOneBandFits) {
  const TempDir folder;
  write_chunked(folder / "x.h5");
  for (const int64_t rows : {1, 4, 6, 7, 20}) {
    for (const int64_t cache_bytes : {kBandBytes, 2 * kBandBytes - 1, 100 * kBandBytes}) {
      EXPECT_EQ(unpacked(folder / "x.h5", cache_bytes, rows), kChunks) << rows << " rows, " << cache_bytes << " bytes";
    }
  }
}

TEST(H5Chunks, ReadingInOrderUnpacksEachOnceForEachPartWhereNoBandFits) {
  const TempDir folder;
  write_chunked(folder / "x.h5");
  EXPECT_EQ(unpacked(folder / "x.h5", 0, 20), kChunks);
  EXPECT_EQ(unpacked(folder / "x.h5", 0, 10), 15);  // rows 6 to 11 are in both parts
  EXPECT_EQ(unpacked(folder / "x.h5", 0, 1), 3 * kRows);
}

TEST(H5Chunks, WhatWasForgottenIsUnpackedAgain) {
  const TempDir folder;
  write_chunked(folder / "x.h5");
  const H5File file(PosixFile(folder / "x.h5", O_RDONLY));
  H5Chunks chunks(file, file.dataset(file.object(file.links(file.object(file.root())).at("x").address), "x"));
  std::vector<float> values(kRows * kColumns);
  for (int64_t times = 1; times <= 2; ++times) {
    chunks.read(0, kRows, std::as_writable_bytes(std::span(values)));
    chunks.read(0, kRows, std::as_writable_bytes(std::span(values)));
    EXPECT_EQ(chunks.unpacked_count(), times * kChunks);
    EXPECT_EQ(values.back(), static_cast<float>(values.size() - 1));
    chunks.forget();
  }
}

// A node of the tree of chunks at `level` with `entries` entries, all of which lead to `child`.
std::string tree_node(char level, uint16_t entries, uint64_t child) {
  const auto little = [](auto number) { return std::string(reinterpret_cast<const char*>(&number), sizeof(number)); };
  std::string node = std::string("TREE\1") + level + little(entries) + std::string(16, '\0');
  for (int i = 0; i < entries; ++i) node += std::string(32, '\0') + little(child);
  return node;
}

TEST(H5Chunks, ManyReferencesToOneNodeComeToAnEndWhateverTheHoles) {
  const TempDir folder;
  write_chunked(folder / "x.h5");
  std::ifstream written(folder / "x.h5", std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(written), {});
  const uint64_t tree = bytes.find("TREE\1");
  const std::string address(reinterpret_cast<const char*>(&tree), sizeof(tree));
  uint64_t child = bytes.size();
  bytes += tree_node(0, 0, 0);
  for (const char level : {'\1', '\2'}) {
    const uint64_t at = bytes.size();
    bytes += tree_node(level, 1000, child);
    child = at;
  }
  bytes.replace(bytes.find(address), address.size(), reinterpret_cast<const char*>(&child), sizeof(child));
  write_test_file(folder / "x.h5", bytes);
  std::filesystem::resize_file(folder / "x.h5", uintmax_t{1} << 30);
  const H5File file(PosixFile(folder / "x.h5", O_RDONLY));
  const H5Dataset x = file.dataset(file.object(file.links(file.object(file.root())).at("x").address), "x");
  try {
    const H5Chunks chunks(file, x);
    FAIL() << "listed";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("its structures refer to one another in a cycle"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace vgg16
