// The n-th allocation fails, for every n: the result is an error, never a crash, and the next run completes the file.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <new>

#include "support/feature_rows.h"
#include "support/temp_dir.h"
#include "vgg16/error.h"
#include "vgg16/feature_file.h"

namespace {

std::atomic<int64_t> requests_left = -1;  // negative: never fail

void* request(size_t size) {
  if (requests_left >= 0 && requests_left-- == 0) throw std::bad_alloc();
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(size_t size) { return request(size); }
void* operator new[](size_t size) { return request(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  try {
    return request(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

// fsync is replaced by a function that does nothing: no test cuts the power, and real syncs are slow.
extern "C" {
int fsync(int /*descriptor*/) { return 0; }
int fdatasync(int /*descriptor*/) { return 0; }
}

namespace vgg16 {
namespace {

// Fails request after request of `job` until it gets through; `mend` runs after each.
void fail_every_request(const char* name, const std::function<void()>& job, const std::function<void()>& mend) {
  int64_t at = 0;
  for (bool failed = true; failed; ++at) {
    requests_left = at;
    try {
      job();
    } catch (const std::bad_alloc&) {
    } catch (const Error&) {
    }
    failed = requests_left < 0;
    requests_left = -1;
    mend();
    if (testing::Test::HasFatalFailure()) FAIL() << name << ", request " << at;
  }
  std::printf("  %s: %lld requests\n", name, static_cast<long long>(at - 1));
}

TEST(FeatureMemory, AnyFailingRequestIsAnErrorAndTheNextRunMendsIt) {
  const TempDir folder;
  const FeatureFilePlan plan = test_plan(6, 20);
  write_test_file_of(folder / "expected.h5", plan);
  const std::string expected = read_bytes(folder / "expected.h5");
  const auto path = folder / "a.h5";
  const FeatureWriteOptions options = {.resume = true, .rows_per_commit = 2};

  fail_every_request(
      "write", [&] { write_test_file_of(path, plan, options); },
      [&] {
        write_test_file_of(path, plan, options);
        ASSERT_TRUE(read_bytes(path) == expected);
        std::filesystem::remove(path);
      });

  write_test_file_of(path, plan);
  std::vector<float> row(20);
  fail_every_request(
      "read", [&] { open_feature_file(path).read_rows(2, 1, row.data()); },
      [&] {
        open_feature_file(path).read_rows(3, 1, row.data());
        ASSERT_EQ(row, test_row(3, 20));
      });

  const std::vector<std::filesystem::path> parts = {folder / "1.h5", folder / "2.h5"};
  for (int64_t index = 1; index <= 2; ++index) {
    write_test_file_of(parts[static_cast<size_t>(index - 1)], shard_plan(plan, {index, 2}));
  }
  const auto merged = folder / "merged.h5";
  fail_every_request(
      "merge", [&] { merge_feature_files(parts, merged, /*overwrite=*/false); },
      [&] {
        if (!std::filesystem::exists(merged)) merge_feature_files(parts, merged, /*overwrite=*/false);
        ASSERT_TRUE(read_bytes(merged) == expected);
        std::filesystem::remove(merged);
      });
}

}  // namespace
}  // namespace vgg16
