#include "kernels/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "vgg16/error.h"

namespace vgg16 {
namespace {

TEST(ThreadPoolTest, RunsTheJobOnceOnEveryMember) {
  for (const int size : {1, 2, 3, 8}) {
    ThreadPool pool(size);
    ASSERT_EQ(pool.size(), size);
    for (int round = 0; round < 200; ++round) {
      std::vector<std::atomic<int>> calls(static_cast<size_t>(size));
      pool.run([&](int member) { ++calls[static_cast<size_t>(member)]; });
      for (const auto& count : calls) ASSERT_EQ(count, 1);
    }
  }
}

TEST(ThreadPoolTest, HandsOutEveryIndexOnce) {
  ThreadPool pool(4);
  for (const int64_t count : {0, 1, 3, 4, 5, 1000}) {
    std::vector<std::atomic<int>> seen(static_cast<size_t>(count));
    pool.for_each(count, [&](int64_t i, int member) {
      ASSERT_GE(member, 0);
      ASSERT_LT(member, 4);
      ++seen[static_cast<size_t>(i)];
    });
    for (const auto& times : seen) EXPECT_EQ(times, 1);
  }
}

TEST(ThreadPoolTest, WakesAfterItHasGoneToSleep) {
  ThreadPool pool(2);
  std::atomic<int> calls = 0;
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    pool.run([&](int) { ++calls; });
  }
  EXPECT_EQ(calls, 6);
}

TEST(ThreadPoolTest, ZeroMeansEveryProcessor) { EXPECT_EQ(ThreadPool(0).size(), available_processors()); }

TEST(ThreadPoolTest, RefusesANegativeSize) {
  try {
    ThreadPool pool(-3);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_STREQ(error.what(), "threads must be 0 or more, not -3");
  }
}

}  // namespace
}  // namespace vgg16
