#include "learn/matrix/gram.h"

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <new>
#include <string>

#include "vgg16/error.h"

namespace vgg16 {
namespace {

/// Number of tiles that are multiplied with the same dense panel, so that the cost of filling the panel is spread over
/// many rows. Panel and results (a strip of 512 x 64 doubles, 256 KB) stay in the L2 cache.
constexpr int64_t kGroupTiles = 4;
constexpr int64_t kGroupRows = kGroupTiles * kTileRows;
static_assert(kTileRows % kPanelRows == 0, "a panel's rows lie in one tile");

using Panel = std::vector<Lanes<double>>;

/// Expands rows of a sparse block: lane l of the panel becomes row first + l; lanes without a row are zero.
void fill_panel(const SparseBlock& block, int64_t first, Panel& panel) {
  std::fill(panel.begin(), panel.end(), Lanes<double>{});
  const int64_t count = std::min(kPanelRows, block.rows - first);
  for (int64_t l = 0; l < count; ++l) {
    for (uint32_t i = block.start[first + l]; i < block.start[first + l + 1]; ++i) {
      panel[block.column[i]].at[l] = block.value[i];
    }
  }
}

struct Scratch {
  Panel panel{static_cast<size_t>(kBlockColumns)};
  Panel strip{static_cast<size_t>(kGroupRows)};
};

/// Computes the part of the matrix with the rows of one group and the columns of one panel, on and below the diagonal,
/// and writes it and its mirror image. The mirror image is written 8 numbers, a cache line, at a time: consecutive rows
/// of the strip are adjacent there, while consecutive columns are a whole row of the matrix apart.
void fill_strip(const SparseRows& x, int64_t train_rows, const SparseProducts& products, int64_t group, int64_t panel,
                Scratch& scratch, GramMatrix& k) {
  const int64_t panel_first = panel * kPanelRows;
  // Rows above the panel's own tile are the mirror image of another job, so this job begins at that tile.
  const int64_t panel_tile = panel_first / kTileRows;
  const int64_t first_tile = std::max(group * kGroupTiles, panel_tile);
  // A panel of held-out rows needs no products with other held-out rows, which are all rows after it.
  const int64_t asked_tiles = panel_first < train_rows ? x.tiles() : panel_tile + 1;
  const int64_t end_tile = std::min((group + 1) * kGroupTiles, asked_tiles);
  if (first_tile >= end_tile) return;
  std::fill(scratch.strip.begin(), scratch.strip.end(), Lanes<double>{});
  // Column blocks outside: the dense panel of one block stays in the L1 cache for all tiles of the group.
  for (int64_t b = 0; b < x.blocks(); ++b) {
    fill_panel(x.block(panel_tile, b), panel_first % kTileRows, scratch.panel);
    for (int64_t t = first_tile; t < end_tile; ++t) {
      products.sparse_times_panel(x.block(t, b), scratch.panel.data(),
                                  scratch.strip.data() + (t - first_tile) * kTileRows);
    }
  }
  const int64_t first_row = first_tile * kTileRows;
  const int64_t end_row = std::min(end_tile * kTileRows, x.rows());
  constexpr int64_t kLine = 8;
  const auto row_of_strip = [&](int64_t i) { return scratch.strip[static_cast<size_t>(i - first_row)].at; };
  const int64_t panel_end = std::min(panel_first + kPanelRows, x.rows());
  for (int64_t line = std::max(first_row, panel_first); line < end_row; line += kLine) {
    const int64_t line_end = std::min(line + kLine, end_row);
    for (int64_t i = line; i < line_end; ++i) {
      // Up to and including the diagonal; the part above it is written below, mirrored.
      std::copy_n(row_of_strip(i), std::min(panel_end, i + 1) - panel_first, k.value.data() + i * k.n + panel_first);
    }
    for (int64_t j = panel_first; j < panel_end; ++j) {
      for (int64_t i = std::max(line, j); i < line_end; ++i) {
        k.value[static_cast<size_t>(j * k.n + i)] = row_of_strip(i)[j - panel_first];
      }
    }
  }
}

}  // namespace

GramMatrix gram_matrix(const SparseRows& x, int64_t train_rows, const SparseProducts& products, ThreadPool& pool,
                       const StageProgress& progress) {
  GramMatrix k;
  k.n = x.rows();
  try {
    k.value.resize(static_cast<size_t>(k.n * k.n));
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kMemory, "the inner products of " + std::to_string(k.n) + " rows need " +
                                        std::to_string(8 * k.n * k.n / 1'000'000) +
                                        " MB of memory, more than the system provides; train on fewer rows");
  }
  // One job per group of rows and panel of columns that is at least partly on or below the diagonal: results do not
  // overlap, so threads need no locks, and there are many more jobs than threads.
  struct Task {
    int64_t group;
    int64_t panel;
  };
  std::vector<Task> tasks;
  const int64_t groups = (x.tiles() + kGroupTiles - 1) / kGroupTiles;
  for (int64_t g = 0; g < groups; ++g) {
    const int64_t end_row = std::min((g + 1) * kGroupRows, x.rows());
    for (int64_t p = 0; p * kPanelRows < end_row; ++p) tasks.push_back({g, p});
  }
  std::vector<Scratch> scratch(static_cast<size_t>(pool.size()));
  std::mutex mutex;
  int64_t done = 0;
  pool.for_each(static_cast<int64_t>(tasks.size()), [&](int64_t i, int member) {
    const Task& task = tasks[static_cast<size_t>(i)];
    fill_strip(x, train_rows, products, task.group, task.panel, scratch[static_cast<size_t>(member)], k);
    if (!progress) return;
    const std::lock_guard lock(mutex);
    progress(++done, static_cast<int64_t>(tasks.size()));
  });
  k.squared_length.reserve(static_cast<size_t>(k.n));
  for (int64_t i = 0; i < k.n; ++i) k.squared_length.push_back(k.at(i, i));
  return k;
}

void centre(GramMatrix& k, int64_t train_rows, ThreadPool& pool) {
  // With m_i the mean of <x_i, x_j> over the training rows j, and m the mean of m_i over the training rows i:
  // <x_i - mean, x_j - mean> = <x_i, x_j> - m_i - m_j + m.
  std::vector<double> mean(static_cast<size_t>(k.n));
  const auto n_train = static_cast<double>(train_rows);
  pool.for_each(k.n, [&](int64_t i, int /*member*/) {
    double sum = 0;
    for (int64_t j = 0; j < train_rows; ++j) sum += k.at(i, j);
    mean[static_cast<size_t>(i)] = sum / n_train;
  });
  double grand = 0;
  for (int64_t i = 0; i < train_rows; ++i) grand += mean[static_cast<size_t>(i)];
  grand /= n_train;
  pool.for_each(k.n, [&](int64_t i, int /*member*/) {
    double* row = k.value.data() + i * k.n;
    const double own = mean[static_cast<size_t>(i)];
    for (int64_t j = 0; j < k.n; ++j) row[j] -= (own + mean[static_cast<size_t>(j)]) - grand;
  });
}

}  // namespace vgg16
