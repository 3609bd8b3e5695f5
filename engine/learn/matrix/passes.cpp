#include "learn/matrix/passes.h"

#include <algorithm>
#include <cstddef>

namespace vgg16 {
namespace {

/// Tiles (of 128 rows) whose gradients are summed in float32 before they are added to the float64 sums.
constexpr int64_t kFloatTiles = 4;
/// Tiles that are processed together. The order of summation depends on this constant only, so results have the same
/// bits for any number of threads and whether or not rows are resident.
constexpr int64_t kBatchTiles = 16;
static_assert(kBatchTiles % kFloatTiles == 0);

int64_t panels_for(size_t vectors) { return (static_cast<int64_t>(vectors) + kPanelRows - 1) / kPanelRows; }

}  // namespace

RowPasses::RowPasses(OrderedRows source, const SparseRows* resident, const SparseProducts& products, ThreadPool& pool)
    : source_(source),
      products_(products),
      pool_(pool),
      resident_(resident),
      dense_(static_cast<size_t>(pool.size())) {}

int64_t RowPasses::working_bytes(int64_t rows, int64_t columns, int64_t vectors, int threads) {
  const int64_t padded = panels_for(static_cast<size_t>(vectors)) * kPanelRows;
  const int64_t batch = kTileRows * columns * (4 * threads + 5 * kBatchTiles);
  // Coefficients (float64) or residuals (float32) arranged in lanes; scores (float64) and residuals (float32).
  return batch + padded * (8 * (columns + kBlockColumns) + 4 * rows) + vectors * rows * (8 + 4);
}

// Batches are in order, one at a time; only the work within a batch is divided among threads.
void RowPasses::for_each_batch(const std::function<void(int64_t first, std::span<const SparseTile> tiles)>& use) {
  for (int64_t first = 0; first < source_.tiles(); first += kBatchTiles) {
    const int64_t count = std::min(kBatchTiles, source_.tiles() - first);
    if (resident_ != nullptr) {
      use(first, resident_->all_tiles().subspan(static_cast<size_t>(first), static_cast<size_t>(count)));
      continue;
    }
    batch_.resize(static_cast<size_t>(std::max<int64_t>(count, std::ssize(batch_))));
    for_each_checked(pool_, count, [&](int64_t t, int member) {
      read_tile(source_, first + t, dense_[static_cast<size_t>(member)], batch_[static_cast<size_t>(t)]);
    });
    use(first, std::span(batch_).first(static_cast<size_t>(count)));
  }
}

// X W': every tile of rows times every panel of 64 coefficient vectors, one job per tile. A tile is multiplied with a
// group of vectors in all blocks of columns before the next group, so that its sums stay in the cache.
void RowPasses::scores(const std::vector<const double*>& weights, Eigen::MatrixXd& scores) {
  const int64_t panels = panels_for(weights.size());
  const int64_t blocks = (columns() + kBlockColumns - 1) / kBlockColumns;
  // Coefficients of 64 vectors (group g) in the 64 columns of block b are panel g * blocks + b.
  std::vector<Lanes<double>> panel(static_cast<size_t>(panels * blocks * kBlockColumns));
  pool_.for_each(blocks, [&](int64_t b, int /*member*/) {
    const int64_t width = std::min(kBlockColumns, columns() - b * kBlockColumns);
    for (size_t j = 0; j < weights.size(); ++j) {
      const auto g = static_cast<int64_t>(j) / kPanelRows;
      Lanes<double>* to = panel.data() + (g * blocks + b) * kBlockColumns;
      for (int64_t d = 0; d < width; ++d) to[d].at[j % kPanelRows] = weights[j][b * kBlockColumns + d];
    }
  });
  scores.resize(rows(), static_cast<Eigen::Index>(weights.size()));
  std::vector<std::vector<Lanes<double>>> strips(static_cast<size_t>(pool_.size()));
  for_each_batch([&](int64_t first, std::span<const SparseTile> tiles) {
    pool_.for_each(static_cast<int64_t>(tiles.size()), [&](int64_t t, int member) {
      const SparseTile& tile = tiles[static_cast<size_t>(t)];
      std::vector<Lanes<double>>& strip = strips[static_cast<size_t>(member)];
      for (int64_t g = 0; g < panels; ++g) {
        // Scores of the tile's rows for the 64 vectors of group g, summed over all blocks of columns.
        strip.assign(static_cast<size_t>(kTileRows), {});
        for (int64_t b = 0; b < blocks; ++b) {
          products_.sparse_times_panel(tile.block(b), panel.data() + (g * blocks + b) * kBlockColumns, strip.data());
        }
        const int64_t lanes = std::min(kPanelRows, static_cast<int64_t>(weights.size()) - g * kPanelRows);
        for (int64_t l = 0; l < lanes; ++l) {
          double* to = &scores((first + t) * kTileRows, g * kPanelRows + l);
          for (int64_t r = 0; r < tile.rows; ++r) to[r] = strip[static_cast<size_t>(r)].at[l];
        }
      }
    });
  });
}

// R' X, the transposed product: one job per block of columns and group of vectors, each of which goes through all tiles
// of the batch in order. So every sum belongs to one thread, whatever the number of threads.
void RowPasses::add_gradients(const Eigen::MatrixXf& residuals, const std::vector<double*>& out) {
  const int64_t panels = panels_for(out.size());
  const int64_t blocks = (columns() + kBlockColumns - 1) / kBlockColumns;
  // Residuals of 64 vectors (group g) for the row at position p are Lanes g * rows() + p.
  std::vector<Lanes<float>> rows_of(static_cast<size_t>(panels * rows()));
  pool_.for_each(residuals.cols(), [&](int64_t j, int /*member*/) {
    Lanes<float>* to = rows_of.data() + (j / kPanelRows) * rows();
    for (int64_t p = 0; p < rows(); ++p) to[p].at[j % kPanelRows] = residuals(p, j);
  });
  struct Sums {
    std::vector<Lanes<float>> narrow;
    std::vector<Lanes<double>> wide;
  };
  std::vector<Sums> scratch(static_cast<size_t>(pool_.size()));
  for_each_batch([&](int64_t first, std::span<const SparseTile> tiles) {
    pool_.for_each(blocks * panels, [&](int64_t task, int member) {
      const int64_t b = task / panels;
      const int64_t g = task % panels;
      Sums& sums = scratch[static_cast<size_t>(member)];
      sums.wide.assign(static_cast<size_t>(kBlockColumns), {});
      for (size_t t = 0; t < tiles.size(); ++t) {
        if (t % kFloatTiles == 0) sums.narrow.assign(static_cast<size_t>(kBlockColumns), {});
        const Lanes<float>* rows_here = rows_of.data() + g * rows() + (first + static_cast<int64_t>(t)) * kTileRows;
        products_.sparse_transposed_times_rows(tiles[t].block(b), rows_here, sums.narrow.data());
        // float32 has enough digits for 512 rows of similar size; longer sums would lose too many.
        if (t % kFloatTiles == kFloatTiles - 1 || t + 1 == tiles.size()) {
          for (size_t d = 0; d < sums.wide.size(); ++d) {
            for (int64_t l = 0; l < kPanelRows; ++l) sums.wide[d].at[l] += sums.narrow[d].at[l];
          }
        }
      }
      const int64_t width = std::min(kBlockColumns, columns() - b * kBlockColumns);
      const int64_t lanes = std::min(kPanelRows, static_cast<int64_t>(out.size()) - g * kPanelRows);
      for (int64_t l = 0; l < lanes; ++l) {
        double* to = out[static_cast<size_t>(g * kPanelRows + l)] + b * kBlockColumns;
        for (int64_t d = 0; d < width; ++d) to[d] += sums.wide[static_cast<size_t>(d)].at[l];
      }
    });
  });
}

// As above, in groups of eight vectors.
void RowPasses::add_gradients(const Eigen::MatrixXd& residuals, const std::vector<double*>& out) {
  const auto vectors = static_cast<int64_t>(out.size());
  const int64_t groups = (vectors + kEight - 1) / kEight;
  const int64_t blocks = (columns() + kBlockColumns - 1) / kBlockColumns;
  // Residuals of all vectors for the row at position p are EightLanes p * groups and on.
  std::vector<EightLanes> rows_of(static_cast<size_t>(rows() * groups));
  pool_.for_each(vectors, [&](int64_t j, int /*member*/) {
    EightLanes* to = rows_of.data() + j / kEight;
    for (int64_t p = 0; p < rows(); ++p) to[p * groups].at[j % kEight] = residuals(p, j);
  });
  std::vector<std::vector<EightLanes>> scratch(static_cast<size_t>(pool_.size()));
  for_each_batch([&](int64_t first, std::span<const SparseTile> tiles) {
    pool_.for_each(blocks, [&](int64_t b, int member) {
      std::vector<EightLanes>& sum = scratch[static_cast<size_t>(member)];
      sum.assign(static_cast<size_t>(kBlockColumns * groups), {});
      for (size_t t = 0; t < tiles.size(); ++t) {
        const EightLanes* rows_here = rows_of.data() + (first + static_cast<int64_t>(t)) * kTileRows * groups;
        products_.add_weighted_rows(tiles[t].block(b), tiles[t].rows, rows_here, groups, sum.data());
      }
      const int64_t width = std::min(kBlockColumns, columns() - b * kBlockColumns);
      for (int64_t j = 0; j < vectors; ++j) {
        double* to = out[static_cast<size_t>(j)] + b * kBlockColumns;
        for (int64_t d = 0; d < width; ++d) to[d] += sum[static_cast<size_t>(d * groups + j / kEight)].at[j % kEight];
      }
    });
  });
}

}  // namespace vgg16
