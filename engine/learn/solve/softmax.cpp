#include "learn/solve/softmax.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/sparse_products.h"

namespace vgg16 {
namespace {

constexpr int kMaxNewtonSteps = 200;
constexpr int kMaxHalvings = 40;
/// The intercept is at its minimum when no class's residuals sum to more than this share of the sum of all residuals'
/// absolute values.
constexpr double kBalanced = 1e-10;
/// The first step of the intercept is at most this long; the limit doubles with every step that reaches it. Far from
/// the minimum all probabilities may be 0 or 1 and the curvature almost 0; a full Newton step would then overshoot to
/// the other side, where the loss is just as flat.
constexpr double kFirstReach = 8;
/// Up to this number of classes the Hessian is computed and factorised, which takes rows * classes^2 multiplications; a
/// step of conjugate gradients takes 2 * rows * classes.
constexpr Eigen::Index kFactorizedClasses = 64;
/// Conjugate gradients reduce the residual of a Newton system to this share. So a Newton step reduces the distance of
/// the intercept from its minimum by this factor at best.
constexpr double kStepSolved = 1e-3;
constexpr int kMaxSolverSteps = 500;
/// Numbers of a block of rows: 512 KB, which stay in the L2 cache from one loop over the classes to the next.
constexpr Eigen::Index kCachedNumbers = 64 * 1024;

/// Rows per block of a matrix with so many columns, a multiple of a cache line.
Eigen::Index cached_rows(Eigen::Index columns) {
  constexpr Eigen::Index kLine = 8;
  return std::max(kLine, kCachedNumbers / columns / kLine * kLine);
}

/// The Hessian with respect to the intercept, for few classes, made invertible.
Eigen::MatrixXd class_curvature(const Eigen::MatrixXd& residual, const std::vector<int>& labels,
                                const std::vector<double>& weights) {
  const Eigen::ArrayXd weight = row_weights(labels, weights);
  Eigen::MatrixXd p = probabilities_of(residual, labels, weight);
  const Eigen::Index k = p.cols();
  if (k == 1) {
    return Eigen::MatrixXd::Constant(1, 1, (weight * p.array().col(0) * (1.0 - p.array().col(0))).sum() + 1e-300);
  }
  p.array().colwise() *= weight.sqrt();
  Eigen::MatrixXd curvature = -(p.transpose() * p);
  curvature.diagonal().setZero();
  // The sum of p (1 - p) as p times the other classes' probabilities: 1 - p would lose its digits where p is almost 1.
  const Eigen::VectorXd diagonal = -curvature.rowwise().sum();
  curvature.diagonal() = diagonal;
  // A common shift of all classes has no curvature, so the matrix is singular. Give that direction the mean curvature
  // of the others; the solution for a right side that sums to 0 is not affected.
  curvature.array() += std::max(diagonal.sum(), 1e-300) / static_cast<double>(k * k);
  curvature.diagonal().array() += 1e-14 * diagonal.sum() + 1e-300;
  return curvature;
}

}  // namespace

LogLoss::LogLoss(std::vector<int> labels, int classes, ThreadPool* pool, std::vector<double> weights)
    : labels_(std::move(labels)), classes_(classes), pool_(pool), weights_(std::move(weights)) {
  if (weights_.empty()) weights_.assign(static_cast<size_t>(classes), 1.0);
}

// Probabilities and loss for all rows: with many classes in blocks that fit the cache, otherwise all at once. Losses of
// rows are added in one loop at the end, so that the sum does not depend on the blocks or threads.
double LogLoss::softmax(const Eigen::MatrixXd& scores, const Eigen::VectorXd& intercept, Eigen::MatrixXd& residual) {
  const Eigen::Index n = scores.rows();
  highest_.resize(n);
  others_.resize(n);
  rest_.resize(n);
  own_.resize(n);
  loss_of_.resize(n);
  residual.resize(n, scores.cols());
  const bool in_cache = scores.cols() > kFactorizedClasses;
  const Eigen::Index step = in_cache ? cached_rows(scores.cols()) : n;
  if (in_cache) scratch_.resize(pool_ != nullptr ? static_cast<size_t>(pool_->size()) : 1);
  const auto block = [&](int64_t i, int member) {
    softmax_rows(scores, intercept, i * step, std::min(step, n - i * step),
                 in_cache ? &scratch_[static_cast<size_t>(member)] : nullptr, residual);
  };
  const int64_t blocks = (n + step - 1) / step;
  if (pool_ != nullptr && blocks > 1) {
    pool_->for_each(blocks, block);
  } else {
    for (int64_t i = 0; i < blocks; ++i) block(i, 0);
  }
  double loss = 0;
  for (Eigen::Index i = 0; i < n; ++i) loss += loss_of_[i];
  return loss;
}

void LogLoss::softmax_rows(const Eigen::MatrixXd& scores, const Eigen::VectorXd& intercept, Eigen::Index first,
                           Eigen::Index count, Eigen::MatrixXd* scratch, Eigen::MatrixXd& residual) {
  const Eigen::Index k = scores.cols();
  // With many classes the block is copied to `scratch`. In `scores`, which is column-major, every class is on another
  // memory page, and thousands of pages exceed the processor's TLB.
  Eigen::MatrixXd& at = scratch != nullptr ? *scratch : residual;
  const Eigen::Index at_first = scratch != nullptr ? 0 : first;
  if (scratch != nullptr) *scratch = scores.middleRows(first, count);
  const Eigen::MatrixXd& from = scratch != nullptr ? *scratch : scores;
  const auto score = [&](Eigen::Index c) { return from.col(c).segment(at_first, count).array(); };
  const auto out = [&](Eigen::Index c) { return at.col(c).segment(at_first, count).array(); };
  auto highest = highest_.segment(first, count);
  auto others = others_.segment(first, count);
  auto rest_of = rest_.segment(first, count);
  // Subtracting the row's highest score before exp() avoids overflow; the highest class then contributes exactly 1.
  highest = score(0) + intercept[0];
  for (Eigen::Index c = 1; c < k; ++c) highest = highest.max(score(c) + intercept[c]);
  others.setZero();
  for (Eigen::Index c = 0; c < k; ++c) {
    if (scratch != nullptr) {
      best_sparse_products().add_exponentials(&at(0, c), highest.data(), intercept[c], count, &at(0, c), others.data());
    } else {
      out(c) = (score(c) + intercept[c] - highest).exp();
      others += out(c);
    }
  }
  // The sum over the other classes than the row's own is computed by itself: if the row's own probability is almost 1,
  // 1 - p would have no significant digits.
  for (Eigen::Index i = first; i < first + count; ++i) {
    own_[i] = std::exchange(at(at_first + i - first, labels_[static_cast<size_t>(i)]), 0.0);
  }
  rest_of.setZero();
  for (Eigen::Index c = 0; c < k; ++c) rest_of += out(c);
  for (Eigen::Index i = first; i < first + count; ++i) {
    const int own = labels_[static_cast<size_t>(i)];
    double rest = rest_[i];
    // The row's own class has the highest score: log(1 + rest) keeps its digits when rest is tiny.
    if (own_[i] == 1.0) {
      loss_of_[i] = std::log1p(rest);
    } else {
      rest = others_[i] - own_[i];
      loss_of_[i] = std::log(others_[i]) + highest_[i] - scores(i, own) - intercept[own];
    }
    const double weight = weights_[static_cast<size_t>(own)];
    loss_of_[i] *= weight;
    others_[i] = weight / (rest + own_[i]);
    at(at_first + i - first, own) = -rest;
  }
  for (Eigen::Index c = 0; c < k; ++c) residual.col(c).segment(first, count).array() = out(c) * others;
}

// Two classes: the residual is the wrong class's probability, with a minus sign for rows of the second class; it keeps
// its digits when it is tiny.
double LogLoss::sigmoid(const Eigen::MatrixXd& scores, const Eigen::VectorXd& intercept, Eigen::MatrixXd& residual) {
  const Eigen::Index n = scores.rows();
  residual.resize(n, 1);
  double loss = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    // m: the score of the wrong class minus that of the right one; the wrong class's probability is 1 / (1 + exp(-m)).
    const double z = scores(i, 0) + intercept[0];
    const bool second = labels_[static_cast<size_t>(i)] == 1;
    const double m = second ? -z : z;
    const double e = std::exp(-std::abs(m));
    const double weight = weights_[second ? 1 : 0];
    const double wrong = weight * ((m > 0 ? 1.0 : e) / (1.0 + e));
    loss += weight * (std::max(m, 0.0) + std::log1p(e));
    residual(i, 0) = second ? -wrong : wrong;
  }
  return loss;
}

ClassCurvature::ClassCurvature(const Eigen::MatrixXd& residual, const std::vector<int>& labels,
                               const std::vector<double>& weights)
    : residual_(residual), labels_(labels), weights_(weights) {
  const Eigen::Index k = residual.cols();
  if (k <= kFactorizedClasses) {
    factors_ = class_curvature(residual, labels, weights).ldlt();
    return;
  }
  gradient_ = residual.colwise().sum();
  // The sum of s p (1 - p) with r = s p, or s (p - 1) for the row's own class: |r| - r^2 / s in both cases.
  const Eigen::MatrixXd scaled = residual.array().colwise() / row_weights(labels, weights).sqrt();
  diagonal_ = residual.cwiseAbs().colwise().sum() - scaled.colwise().squaredNorm();
}

/// The Hessian times v. With S P = R + S Y, diag(P' S 1) - P' S P = diag(R' 1) - R' P - Y' R: every term is small where
/// R is small, so nothing cancels.
Eigen::VectorXd ClassCurvature::times(const Eigen::VectorXd& v) const {
  Eigen::VectorXd out = gradient_.cwiseProduct(v);
  Eigen::VectorXd image = residual_ * v;
  for (Eigen::Index i = 0; i < image.size(); ++i) {
    const int own = labels_[static_cast<size_t>(i)];
    out[own] -= image[i];
    image[i] = image[i] / weights_[static_cast<size_t>(own)] + v[own];
  }
  out.noalias() -= residual_.transpose() * image;
  return out;
}

Eigen::VectorXd ClassCurvature::solve(const Eigen::VectorXd& right, double share) const {
  if (residual_.cols() <= kFactorizedClasses) return factors_.solve(right);
  // The diagonal as preconditioner; the tiny terms keep classes without curvature finite.
  const Eigen::VectorXd scale = (diagonal_.array() + 1e-14 * diagonal_.sum() + 1e-300).inverse();
  Eigen::VectorXd x = Eigen::VectorXd::Zero(right.size());
  Eigen::VectorXd left = right;
  Eigen::VectorXd scaled = scale.cwiseProduct(left);
  Eigen::VectorXd direction = scaled;
  double square = left.dot(scaled);
  const double wanted = share * share * square;
  for (int i = 0; i < kMaxSolverSteps && square > wanted; ++i) {
    const Eigen::VectorXd image = times(direction);
    const double energy = direction.dot(image);
    if (!(energy > 0)) break;
    const double step = square / energy;
    x += step * direction;
    left -= step * image;
    scaled = scale.cwiseProduct(left);
    const double next = left.dot(scaled);
    direction = scaled + next / square * direction;
    square = next;
  }
  return x;
}

double LogLoss::evaluate(const Eigen::MatrixXd& scores, Eigen::VectorXd& intercept, Eigen::MatrixXd& residual,
                         double unsettled) {
  const auto loss_at = [&](const Eigen::VectorXd& b, Eigen::MatrixXd& r) {
    return columns() == 1 ? sigmoid(scores, b, r) : softmax(scores, b, r);
  };
  double loss = loss_at(intercept, residual);
  double reach = kFirstReach;
  for (int step = 0; step < kMaxNewtonSteps; ++step) {
    const Eigen::VectorXd gradient = residual.colwise().sum();
    // The excess of the loss over its minimum is about the square of this sum over the curvature, a share of about
    // 1e-20.
    const double size = residual.cwiseAbs().sum();
    if (!(gradient.cwiseAbs().maxCoeff() > kBalanced * size)) break;
    Eigen::VectorXd direction = -ClassCurvature(residual, labels_, weights_).solve(gradient, kStepSolved);
    // Removes the common shift, which changes no probability but would let the intercept drift.
    if (classes_ > 2) direction.array() -= direction.mean();
    // A full Newton step lowers the loss by about half of |gradient' direction|.
    if (classes_ > kFactorizedClasses && std::abs(gradient.dot(direction)) <= unsettled) break;
    if (!(gradient.dot(direction) < 0)) direction = -gradient;
    // The intercept that changes most.
    const double length = direction.cwiseAbs().maxCoeff();
    if (length > reach) {
      direction *= reach / length;
      reach *= 2;
    }
    const double slope = gradient.dot(direction);
    double t = 1.0;
    double trial_loss = loss;
    bool accepted = false;
    for (int i = 0; i < kMaxHalvings && !accepted; ++i, t *= 0.5) {
      candidate_ = intercept + t * direction;
      trial_loss = loss_at(candidate_, trial_);
      accepted = trial_loss <= loss + 1e-4 * t * slope;
      // Near the minimum the loss is equal within rounding at both points; then a smaller gradient decides.
      if (!accepted && trial_loss <= loss * (1 + 1e-13)) {
        accepted = trial_.colwise().sum().cwiseAbs().maxCoeff() < gradient.cwiseAbs().maxCoeff();
      }
    }
    if (!accepted) break;
    intercept = candidate_;
    residual.swap(trial_);
    loss = trial_loss;
  }
  return loss;
}

Eigen::ArrayXd row_weights(const std::vector<int>& labels, const std::vector<double>& weights) {
  Eigen::ArrayXd weight = Eigen::ArrayXd::Ones(std::ssize(labels));
  for (Eigen::Index i = 0; i < weight.size() && !weights.empty(); ++i) {
    weight[i] = weights[static_cast<size_t>(labels[static_cast<size_t>(i)])];
  }
  return weight;
}

Eigen::MatrixXd probabilities_of(const Eigen::MatrixXd& residual, const std::vector<int>& labels,
                                 const Eigen::ArrayXd& weight) {
  Eigen::MatrixXd p = residual.array().colwise() / weight;
  for (Eigen::Index i = 0; i < p.rows(); ++i) {
    const int own = labels[static_cast<size_t>(i)];
    if (p.cols() > 1) {
      p(i, own) += 1.0;
    } else if (own == 1) {
      p(i, 0) += 1.0;
    }
  }
  return p;
}

// Without 1 - p, so that both probabilities of two classes keep their digits.
void probabilities_of_row(size_t columns, std::span<double> row) {
  if (columns == 1) {
    const double score = row[0];
    const double e = std::exp(-std::abs(score));
    const double sure = 1.0 / (1.0 + e);
    row[1] = score > 0 ? sure : e / (1.0 + e);
    row[0] = score > 0 ? e / (1.0 + e) : sure;
    return;
  }
  const double highest = *std::max_element(row.begin(), row.end());
  double total = 0;
  for (double& score : row) total += score = std::exp(score - highest);
  for (double& p : row) p /= total;
}

Eigen::MatrixXd probabilities(const Eigen::MatrixXd& scores) {
  const Eigen::Index n = scores.rows();
  if (scores.cols() == 1) {
    Eigen::MatrixXd p(n, 2);
    for (Eigen::Index i = 0; i < n; ++i) {
      double row[2] = {scores(i, 0), 0};
      probabilities_of_row(1, row);
      p.row(i) << row[0], row[1];
    }
    return p;
  }
  Eigen::MatrixXd p = (scores.colwise() - scores.rowwise().maxCoeff()).array().exp();
  const Eigen::VectorXd total = p.rowwise().sum();
  for (Eigen::Index c = 0; c < p.cols(); ++c) p.col(c).array() /= total.array();
  return p;
}

}  // namespace vgg16
