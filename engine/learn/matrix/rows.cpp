#include "learn/matrix/rows.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <exception>
#include <mutex>
#include <string>

#include "vgg16/error.h"
#include "vocabulary/finite.h"

namespace vgg16 {
namespace {

constexpr int64_t kNone = -1;

/// First column of the row that is not finite, or kNone.
int64_t first_not_finite(const float* row, int64_t columns) {
  if (all_finite({row, static_cast<size_t>(columns)})) return kNone;
  return std::find_if(row, row + columns, [](float x) { return !std::isfinite(x); }) - row;
}

}  // namespace

void require_finite(const FeatureTable& table, int64_t row, const float* values) {
  const int64_t column = first_not_finite(values, table.columns);
  if (column == kNone) return;
  const auto r = static_cast<size_t>(row);
  const std::string picture = r < table.paths.size() ? " (" + printable(table.paths[r]) + ")" : "";
  throw Error(ErrorCode::kRefused, printable(table.name) + ": row " + std::to_string(row) + picture + ": column " +
                                       std::to_string(column) + " is " + std::to_string(values[column]) +
                                       ", expected a finite number; extract the features again");
}

namespace {

// Two passes over the numbers: the first counts, so that the arrays are allocated once with their exact size.
void compress(const float* dense, int64_t rows, int64_t columns, SparseTile& tile) {
  tile.rows = rows;
  const int64_t numbers = rows * columns;
  int64_t nonzeros = 0;
  for (int64_t i = 0; i < numbers; ++i) nonzeros += dense[i] != 0 ? 1 : 0;
  tile.value.resize(static_cast<size_t>(nonzeros + kSpareNumbers));
  tile.column.resize(static_cast<size_t>(nonzeros + kSpareNumbers));
  const int64_t blocks = (columns + kBlockColumns - 1) / kBlockColumns;
  tile.start.clear();
  tile.start.reserve(static_cast<size_t>(blocks * rows + 1));
  // All instruction sets give the same bytes here, so the choice does not matter to results.
  const auto keep_nonzeros = best_sparse_products().keep_nonzeros;
  uint32_t at = 0;
  for (int64_t b = 0; b < blocks; ++b) {
    const int64_t width = std::min(kBlockColumns, columns - b * kBlockColumns);
    for (int64_t r = 0; r < rows; ++r) {
      tile.start.push_back(at);
      const float* from = dense + r * columns + b * kBlockColumns;
      at += static_cast<uint32_t>(keep_nonzeros(from, width, tile.value.data() + at, tile.column.data() + at));
    }
  }
  tile.start.push_back(at);
}

}  // namespace

void read_tile(const OrderedRows& source, int64_t number, std::vector<float>& dense, SparseTile& tile) {
  const FeatureTable& table = *source.table;
  const int64_t first = number * kTileRows;
  const int64_t count = std::min(kTileRows, source.rows() - first);
  dense.resize(static_cast<size_t>(kTileRows * table.columns));
  for (int64_t p = 0; p < count;) {
    int64_t run = 1;  // rows that are adjacent in the file are read with one call
    while (p + run < count && source.order[first + p + run] == source.order[first + p] + run) ++run;
    table.read_rows(source.order[first + p], run, dense.data() + p * table.columns);
    p += run;
  }
  // Checked here, once per number that is read, because a NaN would spread to every sum.
  for (int64_t p = 0; p < count; ++p) {
    require_finite(table, source.order[first + p], dense.data() + p * table.columns);
  }
  compress(dense.data(), count, table.columns, tile);
}

void for_each_checked(ThreadPool& pool, int64_t count, const std::function<void(int64_t index, int member)>& body) {
  std::vector<std::exception_ptr> failure(static_cast<size_t>(count));
  pool.for_each(count, [&](int64_t i, int member) {
    try {
      body(i, member);
    } catch (...) {
      failure[static_cast<size_t>(i)] = std::current_exception();
    }
  });
  for (const std::exception_ptr& f : failure) {
    if (f) std::rethrow_exception(f);
  }
}

SparseRows SparseRows::read(const FeatureTable& table, std::span<const int64_t> order, ThreadPool& pool,
                            const StageProgress& progress) {
  const OrderedRows source{&table, order};
  SparseRows x;
  x.rows_ = source.rows();
  x.columns_ = table.columns;
  x.tiles_.resize(static_cast<size_t>(source.tiles()));
  std::vector<std::vector<float>> dense(static_cast<size_t>(pool.size()));
  std::mutex mutex;
  int64_t done = 0;
  for_each_checked(pool, source.tiles(), [&](int64_t t, int member) {
    SparseTile& tile = x.tiles_[static_cast<size_t>(t)];
    read_tile(source, t, dense[static_cast<size_t>(member)], tile);
    const std::lock_guard lock(mutex);
    done += tile.rows;
    if (progress) progress(done, x.rows_);
  });
  return x;
}

// One job per block of columns; rows are added in ascending order, so the sums are the same for any number of threads.
void weighted_row_sums(const SparseRows& x, const Eigen::MatrixXd& weight, const SparseProducts& products,
                       ThreadPool& pool, double* out) {
  const int64_t rows = weight.rows();
  const int64_t vectors = weight.cols();
  const int64_t groups = (vectors + kEight - 1) / kEight;
  std::vector<EightLanes> lanes(static_cast<size_t>(rows * groups));
  for (int64_t v = 0; v < vectors; ++v) {
    for (int64_t p = 0; p < rows; ++p)
      lanes[static_cast<size_t>(p * groups + v / kEight)].at[v % kEight] = weight(p, v);
  }
  std::vector<std::vector<EightLanes>> sums(static_cast<size_t>(pool.size()));
  pool.for_each(x.blocks(), [&](int64_t b, int member) {
    std::vector<EightLanes>& sum = sums[static_cast<size_t>(member)];
    sum.assign(static_cast<size_t>(kBlockColumns * groups), {});
    for (int64_t t = 0; t * kTileRows < rows; ++t) {
      const SparseBlock block = x.block(t, b);
      products.add_weighted_rows(block, std::min(block.rows, rows - t * kTileRows),
                                 lanes.data() + t * kTileRows * groups, groups, sum.data());
    }
    const int64_t width = std::min(kBlockColumns, x.columns() - b * kBlockColumns);
    for (int64_t v = 0; v < vectors; ++v) {
      double* to = out + v * x.columns() + b * kBlockColumns;
      for (int64_t d = 0; d < width; ++d) to[d] = sum[static_cast<size_t>(d * groups + v / kEight)].at[v % kEight];
    }
  });
}

}  // namespace vgg16
