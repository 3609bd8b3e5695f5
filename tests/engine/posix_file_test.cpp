#include "files/posix_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <vector>

#include "support/temp_dir.h"

namespace vgg16 {
namespace {

TEST(PosixFile, HolesTakeNothingAndDataTakesItsSize) {
  const TempDir folder;
  constexpr int64_t kBytes = int64_t{64} << 20;
  constexpr int64_t kDataBytes = int64_t{1} << 20;
  const std::vector<std::byte> data(kDataBytes, std::byte{1});
  const PosixFile file(folder / "x", O_RDWR | O_CREAT);
  EXPECT_EQ(file.allocated_bytes(), 0);
  file.truncate(kBytes);
  if (file.allocated_bytes() == kBytes) GTEST_SKIP() << "a file system that does not tell of holes";
  EXPECT_LT(file.allocated_bytes(), kDataBytes / 8);
  for (int64_t parts = 1; parts <= 3; ++parts) {
    file.write_at(kBytes / 4 * parts, data);
    EXPECT_GE(file.allocated_bytes(), parts * kDataBytes);
    EXPECT_LT(file.allocated_bytes(), parts * (kDataBytes + kDataBytes / 8));
  }
  for (int64_t at = 0; at < kBytes; at += kDataBytes) file.write_at(at, data);
  EXPECT_GE(file.allocated_bytes(), kBytes);
}

}  // namespace
}  // namespace vgg16
