#include "extract/shuffle.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace vgg16 {
namespace {

std::vector<int> shuffled(int n, uint64_t seed) {
  std::vector<int> items(static_cast<size_t>(n));
  std::iota(items.begin(), items.end(), 0);
  python_shuffle(std::span(items), seed);
  return items;
}

// FNV-1a over the numbers, for orders too long to write down.
uint32_t digest(const std::vector<int>& items) {
  uint32_t state = 2166136261U;
  for (const int item : items) state = (state ^ static_cast<uint32_t>(item)) * 16777619U;
  return state;
}

// Every constant here was printed by CPython 3.11: x = list(range(n)); random.Random(seed).shuffle(x).
struct Case {
  uint64_t seed;
  std::vector<int> two;
  std::vector<int> ten;
  uint32_t thousand;
};
const Case kCases[] = {
    {0U, {0, 1}, {7, 8, 1, 5, 3, 4, 2, 0, 9, 6}, 299954777U},
    {1U, {1, 0}, {6, 8, 9, 7, 5, 3, 0, 4, 1, 2}, 2963573719U},
    {42U, {1, 0}, {7, 3, 2, 8, 5, 6, 9, 4, 0, 1}, 1874602221U},
    {4294967296ULL, {1, 0}, {8, 9, 3, 2, 4, 7, 0, 6, 5, 1}, 3366525325U},
    {18446744073709551615ULL, {1, 0}, {2, 6, 7, 9, 8, 1, 4, 5, 3, 0}, 1209770723U},
};

TEST(PythonShuffle, GivesPythonsOrder) {
  for (const Case& expected : kCases) {
    EXPECT_EQ(shuffled(0, expected.seed), std::vector<int>());
    EXPECT_EQ(shuffled(1, expected.seed), std::vector<int>{0});
    EXPECT_EQ(shuffled(2, expected.seed), expected.two) << expected.seed;
    EXPECT_EQ(shuffled(10, expected.seed), expected.ten) << expected.seed;
    EXPECT_EQ(digest(shuffled(1000, expected.seed)), expected.thousand) << expected.seed;
  }
}

// random.Random(7)._randbelow(n) for each n in turn: one word, one word cut short, and two.
TEST(PythonRandom, DrawsBelowAnyBound) {
  PythonRandom random(7);
  const std::vector<std::pair<uint64_t, uint64_t>> expected = {{1, 0},
                                                               {2, 0},
                                                               {3, 1},
                                                               {1ULL << 31U, 207388624},
                                                               {(1ULL << 31U) + 1, 311111475},
                                                               {1ULL << 32U, 404285457},
                                                               {(1ULL << 32U) + 1, 2503055453},
                                                               {1'000'000'000'000, 557957930388},
                                                               {1ULL << 63U, 691672907343361484},
                                                               {~0ULL, 7999350999753991002}};
  for (const auto& [bound, value] : expected) EXPECT_EQ(random.below(bound), value) << bound;
}

}  // namespace
}  // namespace vgg16
