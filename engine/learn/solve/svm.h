// Linear SVMs with squared hinge loss in the dual form, one class against the rest: liblinear's L2-regularised
// L2-loss SVM, scikit-learn's LinearSVC.
//
// For each column of scores, minimises 1/2 |w|^2 + 1/2 b^2 + C * sum of s_i max(0, 1 - y_i f_i)^2 with f = X w + b. The
// intercept is the weight of a column of ones, so everything depends on the inner products of the rows plus 1, and on
// them only: w = X' a, b = sum of a.
//
// Newton's method on the rows inside the margin ("active"): Keerthi and DeCoste, JMLR 6, 2005; in the dual form
// Chapelle, Neural Computation 19, 2007, section 3. There a solves (K_aa + 1 / (2 C s)) a = y on the active rows and is
// 0 on others.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <variant>
#include <vector>

#include "kernels/parallel.h"
#include "kernels/sparse_products.h"
#include "learn/matrix/gram.h"
#include "learn/solve/dual_path.h"
#include "learn/solve/row_space.h"
#include "learn/solve/squared_hinge.h"

namespace vgg16 {

/// The fits of all classes on the same rows for increasing C, by a factor of 60 at most, if need be with fits of low
/// accuracy in between; each starts from the last one. The certificate has
/// the sum of the classes' objectives and the largest of their relative gaps. A class's gap is the difference between
/// its objective and the dual objective at a feasible point, hence a bound on the distance from its optimum.
class SvmPath : public DualPath {
 public:
  /// `k` has the inner products plus 1, not centred; `rows` are those that are fitted, `labels` and `weights` (one per
  /// class; empty: all 1) theirs. The work on different classes is divided among the threads of `pool`, which must be
  /// nullptr if the caller itself runs on one of a pool's threads; results have the same bits in both cases. k,
  /// products and the pool must outlive this.
  SvmPath(const GramMatrix& k, std::vector<Segment> rows, std::vector<int> labels, int classes,
          std::vector<double> weights, const SparseProducts& products, ThreadPool* pool);

  /// Before the first fit: lets a fit at `c` start at `a` (rows, columns of scores), coefficients that are near its
  /// own.
  void start(double c, Eigen::MatrixXd a);
  [[nodiscard]] FitCertificate advance(double c, const FitOptions& options) override;
  [[nodiscard]] Eigen::MatrixXd scores_of(const std::vector<Segment>& rows) const override;
  [[nodiscard]] Eigen::MatrixXd coefficients() const override { return a_; }
  [[nodiscard]] Eigen::VectorXd intercept(const Eigen::VectorXd& /*w_times_mean*/) const override {
    return a_.colwise().sum().transpose();
  }

 private:
  /// How far one class is.
  struct Progress {
    double objective = 0;
    double gap = 0;        ///< objective - dual objective
    double tightness = 1;  ///< factor on what the linear systems may leave; smaller after a step that did not help
    bool careful = false;  ///< float32 does not suffice, see kSlow
    bool done = false;
    bool stuck = false;
  };

  /// The linear system of a class's Newton step.
  struct System {
    Eigen::Index column = 0;
    Eigen::VectorXd step;  ///< of all rows' coefficients
    Eigen::ArrayXd left;   ///< the residual on the active rows
    Eigen::ArrayXd direction;
    double first = 0;   ///< squared norm of the residual before the first product
    double square = 0;  ///< and now
    double enough = 0;  ///< of the gap that the residual would leave
    int products = 0;   ///< with K_aa
  };
  /// Systems with the same active rows.
  struct Group {
    bool careful = false;
    std::vector<Eigen::Index> active;
    std::vector<System> systems;
  };
  /// Room for K_aa.
  using Scratch = std::variant<std::vector<float>, std::vector<double>>;

  void extrapolate(double c);
  FitCertificate fit(double c, const FitOptions& options);
  void measure(Eigen::Index column, double c, Progress& progress) const;
  [[nodiscard]] std::vector<Eigen::Index> active_rows(Eigen::Index column, double c, bool careful) const;
  [[nodiscard]] std::vector<Group> systems(const std::vector<Eigen::Index>& columns, double c, double wanted_gap,
                                           const std::vector<Progress>& progress) const;
  template <class T>
  void solve_group(double c, Group& group, Scratch& scratch) const;
  void solve(double c, std::vector<Group>& groups);
  void take(const Group& group, const System& system, double c, const Eigen::VectorXd& df, Progress& progress);
  [[nodiscard]] double squared_gradient_norm(double c) const;

  const GramMatrix& k_;
  const SparseProducts& products_;
  ThreadPool* pool_;
  RowSpaceOperator rows_;
  std::vector<int64_t> position_;  ///< of each row in k
  std::vector<int> labels_;
  Eigen::ArrayXd weight_;  ///< of each row
  SquaredHinge hinge_;
  Eigen::MatrixXd a_;             ///< (rows, columns of scores)
  Eigen::MatrixXd scores_;        ///< K a, which includes the intercept
  Eigen::ArrayXd diagonal_;       ///< of K
  double size_;                   ///< its mean
  std::vector<Scratch> scratch_;  ///< per member of the pool
  double last_c_ = 0;
  double before_c_ = 0;  ///< that of the fit before the last one, with its solution
  Eigen::MatrixXd before_a_;
  Eigen::MatrixXd before_scores_;
};

}  // namespace vgg16
