#include "learn/row_space.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace vgg16 {
namespace {

/// Rows of one product that a thread takes at a time.
constexpr int64_t kProductRows = 64;

}  // namespace

int64_t total_count(const std::vector<Segment>& segments) {
  int64_t count = 0;
  for (const Segment& s : segments) count += s.count;
  return count;
}

RowSpaceOperator::RowSpaceOperator(const GramMatrix& k, std::vector<Segment> rows, const Products& products,
                                   ThreadPool* pool)
    : k_(&k), segments_(std::move(rows)), products_(&products), pool_(pool), n_(total_count(segments_)) {}

void RowSpaceOperator::multiply(const Eigen::MatrixXd& v, const std::vector<Segment>& rows,
                                Eigen::MatrixXd& out) const {
  struct Task {
    int64_t k_row;
    int64_t out_row;
    int64_t count;
  };
  std::vector<Task> tasks;
  int64_t out_row = 0;
  for (const Segment& s : rows) {
    for (int64_t r = 0; r < s.count; r += kProductRows) {
      const int64_t count = std::min(kProductRows, s.count - r);
      tasks.push_back({s.first + r, out_row, count});
      out_row += count;
    }
  }
  out = Eigen::MatrixXd::Zero(out_row, v.cols());
  const auto run = [&](int64_t i, int /*member*/) {
    const Task& t = tasks[static_cast<size_t>(i)];
    int64_t v_row = 0;
    for (const Segment& s : segments_) {
      products_->matrix_times_vectors(k_->row(t.k_row) + s.first, k_->n, t.count, s.count, v.data() + v_row, v.rows(),
                                      v.cols(), out.data() + t.out_row, out.rows());
      v_row += s.count;
    }
  };
  const auto count = static_cast<int64_t>(tasks.size());
  if (pool_ != nullptr) {
    pool_->for_each(count, run);
  } else {
    for (int64_t i = 0; i < count; ++i) run(i, 0);
  }
}

void RowSpaceOperator::apply(const Eigen::MatrixXd& v, Eigen::MatrixXd& out) const {
  const Eigen::MatrixXd centred = v.rowwise() - v.colwise().mean();
  multiply(centred, segments_, out);
  out.rowwise() -= out.colwise().mean().eval();
}

Eigen::RowVectorXd RowSpaceOperator::shift(const Eigen::MatrixXd& v) const {
  const Eigen::MatrixXd centred = v.rowwise() - v.colwise().mean();
  Eigen::MatrixXd out;
  multiply(centred, segments_, out);
  return out.colwise().mean();
}

Eigen::MatrixXd RowSpaceOperator::apply_to_others(const Eigen::MatrixXd& v, const std::vector<Segment>& other) const {
  const Eigen::MatrixXd centred = v.rowwise() - v.colwise().mean();
  Eigen::MatrixXd out;
  multiply(centred, other, out);
  out.rowwise() -= shift(v);
  return out;
}

RowSpaceProblem::RowSpaceProblem(const RowSpaceOperator& k, LogLoss& loss, double c, double relative_gap)
    : k_(&k), loss_(&loss), c_(c), relative_gap_(relative_gap), intercept_(Eigen::VectorXd::Zero(loss.columns())) {}

RowSpaceProblem::Vector RowSpaceProblem::zero() const {
  const Eigen::MatrixXd none = Eigen::MatrixXd::Zero(k_->rows(), loss_->columns());
  return {none, none};
}

double RowSpaceProblem::evaluate(const Vector& x, Vector& gradient) {
  const double loss = loss_->evaluate(x.ka, intercept_, residual_);
  gradient.a = x.a + c_ * residual_;
  return 0.5 * x.a.cwiseProduct(x.ka).sum() + c_ * loss;
}

double RowSpaceProblem::slope(const Vector& /*x*/, const Vector& gradient, const Vector& direction) {
  return gradient.a.cwiseProduct(direction.ka).sum();
}

void RowSpaceProblem::complete_gradient(Vector& gradient) { k_->apply(gradient.a, gradient.ka); }

double RowSpaceProblem::dot(const Vector& u, const Vector& v) { return u.a.cwiseProduct(v.ka).sum(); }

void RowSpaceProblem::add_scaled(double t, const Vector& from, Vector& to) {
  to.a += t * from.a;
  to.ka += t * from.ka;
}

void RowSpaceProblem::scale(double t, Vector& v) {
  v.a *= t;
  v.ka *= t;
}

double RowSpaceProblem::relative_gap(double objective, double squared_gradient_norm) {
  const double gap = 0.5 * std::max(squared_gradient_norm, 0.0);
  const double least = objective - gap;  // the optimum is at least this
  if (gap == 0) return 0;
  return least > 0 ? gap / least : std::numeric_limits<double>::infinity();
}

bool RowSpaceProblem::converged(double objective, double squared_gradient_norm) const {
  return relative_gap(objective, squared_gradient_norm) <= relative_gap_;
}

}  // namespace vgg16
