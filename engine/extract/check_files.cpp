#include "extract/check_files.h"

#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>

#include "vgg16/error.h"
#include "vgg16/feature_table.h"
#include "vgg16/image.h"

namespace vgg16 {
namespace {

// Calls work(i) for each i below `count`. The threads mostly wait for the disk. If the system starts fewer than
// `threads`, the work takes longer but is still done.
void in_threads(size_t count, int threads, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next = 0;
  std::mutex failure_mutex;
  std::exception_ptr failure;
  // Each thread takes the next one that is free; the first exception makes the others stop.
  const auto run = [&] {
    try {
      for (size_t i = next++; i < count; i = next++) work(i);
    } catch (...) {
      const std::scoped_lock lock(failure_mutex);
      failure = std::current_exception();
      next = count;
    }
  };
  {
    std::vector<std::jthread> helpers;
    try {
      while (static_cast<int>(helpers.size()) + 1 < threads && helpers.size() + 1 < count) helpers.emplace_back(run);
    } catch (const std::system_error&) {
    }
    run();
  }
  if (failure) std::rethrow_exception(failure);
}

CheckedPicture check_picture(const std::filesystem::path& path) {
  const Result<std::vector<std::byte>> bytes = read_picture(path);
  if (!bytes) return {.reason = bytes.reason()};
  const Result<Image> kind = inspect_image(bytes.value());
  if (!kind) return {.reason = kind.reason()};
  const FileContent content = content_of(bytes.value());
  return {.size_bytes = content.size_bytes, .crc32 = content.crc32, .reason = {}};
}

std::string reason_for(std::string_view format) {
  if (format == "JPEG") return "a JPEG whose name does not end in .jpg; rename it to use it";
  if (format == "PNG") return "a PNG whose name does not end in .png; rename it to use it";
  return std::string(format) + " is not supported";
}

}  // namespace

std::vector<CheckedPicture> check_pictures(const std::filesystem::path& folder, std::span<const std::string> paths,
                                           int threads) {
  std::vector<CheckedPicture> results(paths.size());
  in_threads(paths.size(), threads, [&](size_t i) { results[i] = check_picture(folder / paths[i]); });
  return results;
}

std::vector<SkippedPicture> find_pictures_by_content(const std::filesystem::path& folder,
                                                     std::span<const std::string> paths, int threads) {
  std::vector<std::string_view> formats(paths.size());
  in_threads(paths.size(), threads, [&](size_t i) { formats[i] = picture_format_of_file(folder / paths[i]); });
  std::vector<SkippedPicture> found;
  for (size_t i = 0; i < paths.size(); ++i) {
    if (!formats[i].empty()) found.push_back({paths[i], reason_for(formats[i])});
  }
  return found;
}

}  // namespace vgg16
