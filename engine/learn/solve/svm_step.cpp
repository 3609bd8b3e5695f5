// Newton's steps of the dual SVM: which rows are active, and the linear systems on them.
#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

#include "learn/matrix/rows.h"
#include "learn/solve/svm.h"

namespace vgg16 {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;

/// A linear system is solved until its residual would leave this share of the class's gap, or of the gap wanted, if the
/// set of active rows stayed as it is.
constexpr double kForcing = 1e-3;
constexpr double kShareOfWanted = 0.1;
/// A careful system, in float64 and for the rows inside the margin, also leaves at most this share of the loss: with a
/// large C the active rows are short of the margin by very little, and a larger error would make about half of them
/// inactive at random.
constexpr double kShareOfLoss = 1e-5;
constexpr int kMaxSolverSteps = 1000;

}  // namespace

/// The rows that are active in a class: those whose coefficient would be positive (times y) at the optimum over it
/// alone. After an exact step, or with a small C, these are the rows inside the margin; while a step is not exact, it
/// depends less on small errors. A careful step takes the rows inside the margin.
std::vector<Index> SvmPath::active_rows(Index column, double c, bool careful) const {
  std::vector<Index> active;
  for (Index i = 0; i < a_.rows(); ++i) {
    const double y = hinge_.sign(labels_[static_cast<size_t>(i)], column);
    const double ridge = 0.5 / (c * weight_[i]);
    const double alone = a_(i, column) + (y - scores_(i, column) - ridge * a_(i, column)) / (diagonal_[i] + ridge);
    if (careful ? y * scores_(i, column) < 1 : y * alone > 0) active.push_back(i);
  }
  return active;
}

/// Newton's steps: (K_aa + 1 / (2 C s)) (a + step) = y on the active rows, and a + step = 0 on the others. Solved by
/// conjugate gradients, with products in T; all systems of a group advance together, so that each product serves all of
/// them. If the active rows stayed the same, a residual r would leave a gap of C * sum(s r^2), which decides when a
/// solution is good enough.
template <class T>
void SvmPath::solve_group(double c, Group& group, Scratch& scratch) const {
  const auto n = std::ssize(group.active);
  // A copy, contiguous, so that products stay in the cache. Divided by size_, so that float32 has the range.
  if (!std::holds_alternative<std::vector<T>>(scratch)) scratch = std::vector<T>();
  auto& k = std::get<std::vector<T>>(scratch);
  if (static_cast<int64_t>(k.size()) < n * n) {
    k = {};  // before the larger block is taken
    k.resize(static_cast<size_t>(n * n));
  }
  std::vector<int64_t> position;
  for (const Index i : group.active) position.push_back(position_[static_cast<size_t>(i)]);
  const double scale = 1 / size_;  // not 0: the column of ones counts
  for (Index j = 0; j < n; ++j) {
    const double* from = k_.row(position[static_cast<size_t>(j)]);
    T* to = k.data() + j * n;
    for (Index i = 0; i < n; ++i) to[i] = static_cast<T>(scale * from[position[static_cast<size_t>(i)]]);
  }
  const ArrayXd cs = c * weight_(group.active);
  std::vector<System*> going;
  for (System& s : group.systems) {
    s.step = -a_.col(s.column);
    s.step(group.active).setZero();
    s.left.resize(n);
    for (Index j = 0; j < n; ++j) {
      const Index i = group.active[static_cast<size_t>(j)];
      s.left[j] =
          hinge_.sign(labels_[static_cast<size_t>(i)], s.column) - scores_(i, s.column) - 0.5 / cs[j] * a_(i, s.column);
    }
    for (Index i = 0; i < a_.rows(); ++i) {
      if (s.step[i] == 0) continue;
      const double* row = k_.row(position_[static_cast<size_t>(i)]);
      for (Index j = 0; j < n; ++j) s.left[j] -= s.step[i] * row[position[static_cast<size_t>(j)]];
    }
    s.direction = s.left;
    s.square = s.left.matrix().squaredNorm();
    s.first = s.square;
    going.push_back(&s);
  }
  Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic> v(n, std::ssize(going));
  Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic> kv;
  for (int i = 0; i < kMaxSolverSteps; ++i) {
    std::erase_if(going, [&](const System* s) { return !((cs * s->left.square()).sum() > s->enough); });
    if (going.empty()) return;
    v.resize(Eigen::NoChange, std::ssize(going));
    for (size_t j = 0; j < going.size(); ++j) v.col(static_cast<Index>(j)) = going[j]->direction.matrix().cast<T>();
    kv.setZero(n, v.cols());
    if constexpr (std::is_same_v<T, float>) {
      products_.matrix_times_vectors_f32(k.data(), n, n, n, v.data(), n, v.cols(), kv.data(), n);
    } else {
      products_.matrix_times_vectors(k.data(), n, n, n, v.data(), n, v.cols(), kv.data(), n);
    }
    for (size_t j = 0; j < going.size(); ++j) {
      System& s = *going[j];
      const ArrayXd image =
          size_ * kv.col(static_cast<Index>(j)).array().template cast<double>() + 0.5 * s.direction / cs;
      ++s.products;
      const double energy = (s.direction * image).sum();
      if (!(energy > 0)) {
        s.enough = std::numeric_limits<double>::infinity();
        continue;
      }
      const double length = s.square / energy;
      s.step(group.active) += (length * s.direction).matrix();
      s.left -= length * image;
      const double next = s.left.matrix().squaredNorm();
      s.direction = s.left + next / s.square * s.direction;
      s.square = next;
    }
  }
}

/// The systems of some classes, in groups that have the same active rows.
std::vector<SvmPath::Group> SvmPath::systems(const std::vector<Index>& columns, double c, double wanted_gap,
                                             const std::vector<Progress>& progress) const {
  std::vector<Group> groups;
  for (const Index column : columns) {
    const Progress& p = progress[static_cast<size_t>(column)];
    std::vector<Index> active = active_rows(column, c, p.careful);
    System s;
    s.column = column;
    s.enough = std::max(kShareOfWanted * wanted_gap * p.objective, kForcing * std::min(p.gap, p.objective));
    if (p.careful) {
      // The loss at the solution is sum(a^2 / (4 C s)), of which the present coefficients give an estimate.
      const double loss = (a_.col(column)(active).array().square() / (4 * c * weight_(active))).sum();
      if (loss > 0) s.enough = std::min(s.enough, kShareOfLoss * loss);
      s.enough *= p.tightness;
    }
    const auto same = std::find_if(groups.begin(), groups.end(),
                                   [&](const Group& g) { return g.careful == p.careful && g.active == active; });
    if (same != groups.end()) {
      same->systems.push_back(std::move(s));
    } else {
      groups.push_back({p.careful, std::move(active), {std::move(s)}});
    }
  }
  return groups;
}

void SvmPath::solve(double c, std::vector<Group>& groups) {
  const auto body = [&](int64_t i, int member) {
    Group& group = groups[static_cast<size_t>(i)];
    Scratch& scratch = scratch_[static_cast<size_t>(member)];
    if (group.careful) {
      solve_group<double>(c, group, scratch);
    } else {
      solve_group<float>(c, group, scratch);
    }
  };
  if (pool_ != nullptr) {
    for_each_checked(*pool_, std::ssize(groups), body);
  } else {
    for (int64_t i = 0; i < std::ssize(groups); ++i) body(i, 0);
  }
}

}  // namespace vgg16
