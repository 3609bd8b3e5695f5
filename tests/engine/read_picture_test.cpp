#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include <gtest/gtest.h>

#include "support/another_user.h"
#include "support/pictures.h"
#include "support/temp_dir.h"
#include "vgg16/image.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;

class ReadPicture : public testing::Test {
 protected:
  static std::string reason(const fs::path& path) {
    const auto read = read_picture(path);
    return read ? "read" : read.reason();
  }
  TempDir folder_;
};

TEST_F(ReadPicture, ReadsARegularFileAndThroughLinks) {
  write_test_file(folder_ / "a.jpg", "some bytes");
  fs::create_symlink("a.jpg", folder_ / "link.jpg");
  for (const char* name : {"a.jpg", "link.jpg"}) {
    const auto read = read_picture(folder_ / name);
    ASSERT_TRUE(read) << read.reason();
    EXPECT_EQ(read.value(), file_bytes("some bytes"));
  }
}

TEST_F(ReadPicture, NamesWhatIsNoFile) {
  EXPECT_EQ(reason(folder_ / "missing.jpg"), "no such file");
  EXPECT_EQ(reason(""), "the path is empty");
  write_test_file(folder_ / "empty.jpg", "");
  EXPECT_EQ(reason(folder_ / "empty.jpg"), "empty file");
  EXPECT_EQ(reason(folder_.path()), "is a directory");
  EXPECT_EQ(reason("/dev/null"), "not a regular file");
  write_test_file(folder_ / "a.jpg", "some bytes");
  const std::string_view nul("\0b.jpg", 6);
  EXPECT_EQ(reason((folder_ / "a.jpg").native() + std::string(nul)), "no such file: its name has a NUL byte");
}

TEST_F(ReadPicture, NamesBrokenLinks) {
  fs::create_symlink("nowhere.jpg", folder_ / "dangling.jpg");
  EXPECT_EQ(reason(folder_ / "dangling.jpg"), "link to a missing file");
  fs::create_symlink("b.jpg", folder_ / "a.jpg");
  fs::create_symlink("a.jpg", folder_ / "b.jpg");
  EXPECT_EQ(reason(folder_ / "a.jpg"), "too many levels of symbolic links");
}

TEST_F(ReadPicture, TellsTheFormatByTheFirstBytes) {
  for (const auto& [format, start] : other_formats()) {
    write_test_file(folder_ / "notes.txt", start);
    EXPECT_EQ(picture_format_of_file(folder_ / "notes.txt"), format);
  }
  write_test_file(folder_ / "notes.txt", small_jpeg());
  EXPECT_EQ(picture_format_of_file(folder_ / "notes.txt"), "JPEG");
  fs::permissions(folder_ / "notes.txt", fs::perms::none);
  {
    const AnotherUser user(folder_.path());
    EXPECT_EQ(picture_format_of_file(folder_ / "notes.txt"), "");
  }
  for (const char* text : {"", "B", "BM and other makers of cars", "GIF is a format"}) {
    write_test_file(folder_ / "text.gif", text);
    EXPECT_EQ(picture_format_of_file(folder_ / "text.gif"), "") << text;
  }
  ASSERT_EQ(mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  for (const char* name : {"fifo", ".", "missing"}) EXPECT_EQ(picture_format_of_file(folder_ / name), "") << name;
}

TEST_F(ReadPicture, DoesNotWaitForAFifoOrASocket) {
  ASSERT_EQ(mkfifo((folder_ / "fifo.jpg").c_str(), 0600), 0);
  EXPECT_EQ(reason(folder_ / "fifo.jpg"), "not a regular file");

  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_GE(fd, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string path = folder_ / "socket.jpg";
  ASSERT_LT(path.size(), sizeof(address.sun_path));
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(reason(path), "not a regular file");
  close(fd);
}

TEST_F(ReadPicture, RefusesAFileThatMayNotBeRead) {
  write_test_file(folder_ / "secret.jpg", "bytes");
  ASSERT_EQ(chmod((folder_ / "secret.jpg").c_str(), 0), 0);
  const AnotherUser user(folder_.path());
  EXPECT_EQ(reason(folder_ / "secret.jpg"), "permission denied");
}

TEST_F(ReadPicture, RefusesAFileOverTheLimitBeforeReadingIt) {
  write_test_file(folder_ / "big.jpg", "\xFF\xD8\xFF");
  fs::resize_file(folder_ / "big.jpg", kMaxPictureBytes + 1);  // a hole: takes no disk
  EXPECT_EQ(reason(folder_ / "big.jpg"), "65 MB is over the limit of 64 MB");
  fs::resize_file(folder_ / "big.jpg", kMaxPictureBytes);
  EXPECT_EQ(reason(folder_ / "big.jpg"), "read");
}

TEST_F(ReadPicture, NoticesAFileThatIsShorterThanItSays) {
  // A file in /sys reports a size of one page and contains less: reading it looks like reading a file that shrinks.
  const fs::path shorter = "/sys/kernel/mm/transparent_hugepage/enabled";
  struct stat status = {};
  if (stat(shorter.c_str(), &status) != 0 || status.st_size < 1024) GTEST_SKIP() << "no such file on this system";
  EXPECT_EQ(reason(shorter), "changed while reading");
}

TEST_F(ReadPicture, LeavesNoDescriptorOpen) {
  write_test_file(folder_ / "a.jpg", "bytes");
  const int before = open("/dev/null", O_RDONLY | O_CLOEXEC);
  close(before);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(reason(folder_ / "a.jpg"), "read");
    EXPECT_EQ(reason(folder_.path()), "is a directory");
  }
  const int after = open("/dev/null", O_RDONLY | O_CLOEXEC);
  close(after);
  EXPECT_EQ(before, after);
}

}  // namespace
}  // namespace vgg16
