#include "learn/softmax.h"

#include <Eigen/Cholesky>
#include <cmath>
#include <utility>

namespace vgg16 {
namespace {

constexpr int kMaxNewtonSteps = 200;
constexpr int kMaxHalvings = 40;
/// The intercept is at its minimum when the residuals of every class cancel to this share of their size.
constexpr double kBalanced = 1e-10;
/// A step of the intercept is at most this long at first. Far from the minimum every row may be certain, the curvature
/// is nothing, and Newton's step would leap past the minimum into the flat land on its other side.
constexpr double kFirstReach = 8;

}  // namespace

LogLoss::LogLoss(std::vector<int> labels, int classes) : labels_(std::move(labels)), classes_(classes) {}

double LogLoss::softmax(const Eigen::MatrixXd& scores, const Eigen::VectorXd& intercept, Eigen::MatrixXd& residual) {
  const Eigen::Index n = scores.rows();
  const Eigen::Index k = scores.cols();
  highest_ = scores.col(0).array() + intercept[0];
  for (Eigen::Index c = 1; c < k; ++c) highest_ = highest_.max(scores.col(c).array() + intercept[c]);
  residual.resize(n, k);
  for (Eigen::Index c = 0; c < k; ++c) {
    residual.col(c).array() = (scores.col(c).array() + intercept[c] - highest_).exp();
  }
  // The sum over the classes that are not the row's own, apart: where a row is all but certain, 1 - P of its own class
  // would keep no digits.
  double loss = 0;
  others_ = Eigen::ArrayXd::Zero(n);
  for (Eigen::Index c = 0; c < k; ++c) others_ += residual.col(c).array();
  for (Eigen::Index i = 0; i < n; ++i) {
    const int own = labels_[static_cast<size_t>(i)];
    const double e_own = residual(i, own);
    double rest = 0;
    if (e_own == 1.0) {
      for (Eigen::Index c = 0; c < k; ++c) rest += c == own ? 0.0 : residual(i, c);
      loss += std::log1p(rest);
    } else {
      rest = others_[i] - e_own;
      loss += std::log(others_[i]) + highest_[i] - scores(i, own) - intercept[own];
    }
    const double total = rest + e_own;
    others_[i] = 1.0 / total;
    residual(i, own) = -rest;
  }
  for (Eigen::Index c = 0; c < k; ++c) residual.col(c).array() *= others_;
  return loss;
}

double LogLoss::sigmoid(const Eigen::MatrixXd& scores, const Eigen::VectorXd& intercept, Eigen::MatrixXd& residual) {
  const Eigen::Index n = scores.rows();
  residual.resize(n, 1);
  double loss = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    // m: by how much the wrong class leads; its probability is 1 / (1 + exp(-m)).
    const double z = scores(i, 0) + intercept[0];
    const bool second = labels_[static_cast<size_t>(i)] == 1;
    const double m = second ? -z : z;
    const double e = std::exp(-std::abs(m));
    const double wrong = (m > 0 ? 1.0 : e) / (1.0 + e);
    loss += std::max(m, 0.0) + std::log1p(e);
    residual(i, 0) = second ? -wrong : wrong;
  }
  return loss;
}

Eigen::VectorXd LogLoss::newton_step(const Eigen::MatrixXd& residual, const Eigen::VectorXd& gradient) {
  const Eigen::Index k = residual.cols();
  probability_ = residual;
  for (Eigen::Index i = 0; i < residual.rows(); ++i) {
    const int own = labels_[static_cast<size_t>(i)];
    if (k > 1) {
      probability_(i, own) += 1.0;
    } else if (own == 1) {
      probability_(i, 0) += 1.0;
    }
  }
  return -class_curvature(probability_).ldlt().solve(gradient);
}

Eigen::MatrixXd class_curvature(const Eigen::MatrixXd& p) {
  const Eigen::Index k = p.cols();
  if (k == 1) return Eigen::MatrixXd::Constant(1, 1, (p.array() * (1.0 - p.array())).sum() + 1e-300);
  Eigen::MatrixXd curvature = -(p.transpose() * p);
  curvature.diagonal().setZero();
  // p (1 - p) is p times the others' sum: without the cancellation that near certainty would bring.
  const Eigen::VectorXd diagonal = -curvature.rowwise().sum();
  curvature.diagonal() = diagonal;
  // A common shift has no curvature: give that one direction the mean curvature of the others.
  curvature.array() += std::max(diagonal.sum(), 1e-300) / static_cast<double>(k * k);
  curvature.diagonal().array() += 1e-14 * diagonal.sum() + 1e-300;
  return curvature;
}

double LogLoss::evaluate(const Eigen::MatrixXd& scores, Eigen::VectorXd& intercept, Eigen::MatrixXd& residual) {
  const auto loss_at = [&](const Eigen::VectorXd& b, Eigen::MatrixXd& r) {
    return classes_ == 2 ? sigmoid(scores, b, r) : softmax(scores, b, r);
  };
  double loss = loss_at(intercept, residual);
  double reach = kFirstReach;
  for (int step = 0; step < kMaxNewtonSteps; ++step) {
    const Eigen::VectorXd gradient = residual.colwise().sum();
    // What is left of the sum costs the objective its square over the curvature: a part in 1e20.
    const double size = residual.cwiseAbs().sum();
    if (!(gradient.cwiseAbs().maxCoeff() > kBalanced * size)) break;
    Eigen::VectorXd direction = newton_step(residual, gradient);
    if (classes_ > 2) direction.array() -= direction.mean();
    if (!(gradient.dot(direction) < 0)) direction = -gradient;
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
      // At the bottom the loss no longer tells two points apart, but the gradient does.
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

Eigen::MatrixXd probabilities(const Eigen::MatrixXd& scores) {
  const Eigen::Index n = scores.rows();
  if (scores.cols() == 1) {
    Eigen::MatrixXd p(n, 2);
    for (Eigen::Index i = 0; i < n; ++i) {
      const double e = std::exp(-std::abs(scores(i, 0)));
      const double sure = 1.0 / (1.0 + e);
      p(i, 1) = scores(i, 0) > 0 ? sure : e / (1.0 + e);
      p(i, 0) = scores(i, 0) > 0 ? e / (1.0 + e) : sure;
    }
    return p;
  }
  Eigen::MatrixXd p = (scores.colwise() - scores.rowwise().maxCoeff()).array().exp();
  const Eigen::VectorXd total = p.rowwise().sum();
  for (Eigen::Index c = 0; c < p.cols(); ++c) p.col(c).array() /= total.array();
  return p;
}

}  // namespace vgg16
