#include "bench/peaks.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "kernels/memory.h"
#include "kernels/parallel.h"

namespace vgg16 {
namespace {

constexpr int kRepetitions = 7;

template <class Work>
double best_rate(ThreadPool& pool, const Work& work) {  // work(thread) returns what it did, in units
  double best = 0;
  for (int i = 0; i < kRepetitions; ++i) {
    std::vector<double> done(static_cast<size_t>(pool.size()));
    const auto start = std::chrono::steady_clock::now();
    pool.run([&](int thread) { done[static_cast<size_t>(thread)] = work(thread); });
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::max(best, std::accumulate(done.begin(), done.end(), 0.0) / seconds);
  }
  return best;
}

MultiplyAddLoop loop_of(std::string_view instruction_set) {
#ifdef __x86_64__
  if (instruction_set == "amx") return multiply_adds_amx;
  if (instruction_set == "avx512") return multiply_adds_avx512;
  if (instruction_set == "avx2") return multiply_adds_avx2;
#endif
  static_cast<void>(instruction_set);
  return multiply_adds_portable;
}

double read_all(const FloatArray& array) {
  // Eight sums, so that the additions do not wait for one another.
  float sums[8] = {};
  for (int64_t i = 0; i < array.count(); i += 8) {
    for (int j = 0; j < 8; ++j) sums[j] += array.data()[i + j];
  }
  volatile float used = std::accumulate(sums, sums + 8, 0.0F);
  static_cast<void>(used);
  return static_cast<double>(array.count()) * sizeof(float);
}

}  // namespace

const Peaks& machine_peaks(std::string_view instruction_set, int threads) {
  static std::map<std::pair<std::string, int>, Peaks> measured;
  const auto [entry, is_new] = measured.try_emplace({std::string(instruction_set), threads});
  if (!is_new) return entry->second;
  ThreadPool pool(threads);
  const MultiplyAddLoop loop = loop_of(instruction_set);
  entry->second.gflops = best_rate(pool, [&](int) { return loop(4'000'000); }) / 1e9;
  constexpr int64_t kFloats = int64_t{64} << 20;
  std::vector<FloatArray> arrays;
  for (int i = 0; i < threads; ++i) {
    arrays.emplace_back(kFloats);
    std::fill_n(arrays.back().data(), kFloats, 1.0F);
  }
  entry->second.memory_gb_per_s =
      best_rate(pool, [&](int thread) { return read_all(arrays[static_cast<size_t>(thread)]); }) / 1e9;
  return entry->second;
}

}  // namespace vgg16
