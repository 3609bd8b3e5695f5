#include "path_list.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "support/expect_error.h"
#include "support/pictures.h"
#include "support/temp_dir.h"

namespace vgg16 {
namespace {

using std::string_literals::operator""s;
using testing::ElementsAre;
using testing::IsEmpty;

// A pipe whose other end reads a list.
class ListPipe {
 public:
  ListPipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  }
  ~ListPipe() {
    ::close(ends_[0]);
    if (ends_[1] >= 0) ::close(ends_[1]);
  }
  ListPipe(const ListPipe&) = delete;
  ListPipe& operator=(const ListPipe&) = delete;

  [[nodiscard]] int fd() const { return ends_[0]; }
  // At most what fits into a pipe, so that nobody needs to read at the same time.
  void write(std::string_view text) const {
    if (::write(ends_[1], text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      throw std::runtime_error("a pipe took less");
  }
  void end() { ::close(std::exchange(ends_[1], -1)); }

 private:
  std::array<int, 2> ends_ = {};
};

using Paths = std::vector<std::filesystem::path>;
constexpr size_t kMost = 100;

Paths paths_in(const std::string& text, Separator separator = Separator::kFirst) {
  ListPipe pipe;
  pipe.write(text);
  pipe.end();
  PathList list(pipe.fd(), separator);
  const Paths paths = list.next(kMost);
  EXPECT_THAT(list.next(kMost), IsEmpty());
  return paths;
}

TEST(PathList, TheFirstLineEndOrNulSeparates) {
  EXPECT_THAT(paths_in("a.jpg\nb c.jpg\n d.jpg"), ElementsAre("a.jpg", "b c.jpg", " d.jpg"));
  EXPECT_THAT(paths_in("a.jpg\0b c.jpg\0with\nline.jpg\0"s), ElementsAre("a.jpg", "b c.jpg", "with\nline.jpg"));
  EXPECT_THAT(paths_in("a.jpg"), ElementsAre("a.jpg"));
  EXPECT_THAT(paths_in(""), IsEmpty());
  EXPECT_EQ(paths_in(std::string(5000, 'a') + "\0b"s).size(), 2U);
  EXPECT_THAT(paths_in("a\nb\0c\n"s), ElementsAre("a", "b\0c"s));
}

TEST(PathList, AnEmptyPathIsOne) {
  for (const std::string& two : {"\n\n"s, "\0\0"s, "\r\n\n"s}) EXPECT_THAT(paths_in(two), ElementsAre("", ""));
  EXPECT_THAT(paths_in("a\n\nb\n"), ElementsAre("a", "", "b"));
}

TEST(PathList, GivesWhatIsThereAndWaitsForTheRest) {
  ListPipe pipe;
  PathList list(pipe.fd(), Separator::kFirst);
  pipe.write("a\nb\nc");
  EXPECT_THAT(list.next(kMost), ElementsAre("a", "b"));
  pipe.write("d\ne\nf\n");
  EXPECT_THAT(list.next(2), ElementsAre("cd", "e"));
  EXPECT_THAT(list.next(2), ElementsAre("f"));
  pipe.write("\n");
  EXPECT_THAT(list.next(kMost), ElementsAre(""));
  pipe.write("g");
  pipe.end();
  EXPECT_THAT(list.next(kMost), ElementsAre("g"));
  EXPECT_THAT(list.next(kMost), IsEmpty());
}

TEST(PathList, CutsAPathThatIsTooLongAndFindsTheNext) {
  const std::string pipeful(60'000, 'a');
  ListPipe pipe;
  PathList list(pipe.fd(), Separator::kFirst);
  pipe.write(pipeful + "\nb\n");
  EXPECT_THAT(list.next(kMost), ElementsAre(std::string(8192, 'a'), "b"));
  // In pieces, written while they are read.
  std::thread writer([&] {
    for (int i = 0; i < 5; ++i) pipe.write(pipeful);
    pipe.write("\nc\n");
    pipe.end();
  });
  Paths paths;
  for (Paths some = list.next(kMost); !some.empty(); some = list.next(kMost)) {
    paths.insert(paths.end(), some.begin(), some.end());
  }
  writer.join();
  EXPECT_THAT(paths, ElementsAre(std::string(8192, 'a'), "c"));
}

TEST(PathList, NulSeparatesWhereItIsSaidSo) {
  EXPECT_THAT(paths_in("with\nline.jpg\0b\r\0"s, Separator::kNul), ElementsAre("with\nline.jpg", "b\r"));
  EXPECT_THAT(paths_in("a\nb\n", Separator::kNul), ElementsAre("a\nb\n"));
}

TEST(PathList, TakesOffWhatEditorsAndOtherSystemsAdd) {
  EXPECT_THAT(paths_in("a.jpg\r\nb c.jpg\r\n\r\nd.jpg"), ElementsAre("a.jpg", "b c.jpg", "", "d.jpg"));
  EXPECT_THAT(paths_in("\xEF\xBB\xBF"
                       "a.jpg\r\n\xEF\xBB\xBF"
                       "b.jpg"),
              ElementsAre("a.jpg",
                          "\xEF\xBB\xBF"
                          "b.jpg"));
}

TEST(PathList, KeepsNamesThatAreThere) {
  const TempDir folder;
  const std::string name = (folder / "a.jpg\r").native();
  EXPECT_THAT(paths_in(name + "\n"), ElementsAre((folder / "a.jpg").native()));
  std::filesystem::create_symlink("nowhere", name);
  EXPECT_THAT(paths_in(name + "\n"), ElementsAre(name));
}

TEST(PathList, RefusesUtf16) {
  for (const std::string& list : {"\xFF\xFE"
                                  "a\0.\0"s,
                                  "\xFE\xFF"
                                  "\0a\0."s}) {
    expect_error(ErrorCode::kRefused, "is text in UTF-16", [&] { static_cast<void>(paths_in(list)); });
  }
}

TEST(PathList, RefusesAPicture) {
  const auto refused = [](const std::string& format, const std::string& bytes) {
    expect_error(ErrorCode::kRefused,
                 "standard input holds a picture (" + format +
                     "), expected a list of paths, such as a line with the path of this one",
                 [&] { static_cast<void>(paths_in(bytes)); });
  };
  for (const auto& [format, start] : other_formats()) refused(format, start);
  const FileBytes jpeg = small_jpeg();
  refused("JPEG", {reinterpret_cast<const char*>(jpeg.data()), jpeg.size()});
}

}  // namespace
}  // namespace vgg16
