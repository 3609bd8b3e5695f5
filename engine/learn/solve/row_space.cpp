#include "learn/solve/row_space.h"

#include <algorithm>
#include <utility>

namespace vgg16 {
namespace {

/// Rows of a product that are one job for a thread.
constexpr int64_t kProductRows = 64;

}  // namespace

int64_t total_count(const std::vector<Segment>& segments) {
  int64_t count = 0;
  for (const Segment& s : segments) count += s.count;
  return count;
}

RowSpaceOperator::RowSpaceOperator(const GramMatrix& k, std::vector<Segment> rows, const SparseProducts& products,
                                   ThreadPool* pool)
    : k_(&k), segments_(std::move(rows)), products_(&products), pool_(pool), n_(total_count(segments_)) {
  // K times the constant vector 1/n: the mean of K's rows (K is symmetric), which shift() needs for every v.
  Eigen::MatrixXd mean;
  multiply(Eigen::MatrixXd::Constant(n_, 1, 1.0 / static_cast<double>(n_)), segments_, mean);
  centred_mean_ = mean.transpose().array() - mean.mean();
}

template <class Body>
void RowSpaceOperator::share(int64_t count, const Body& body) const {
  if (pool_ != nullptr) {
    pool_->for_each(count, body);
  } else {
    for (int64_t i = 0; i < count; ++i) body(i, 0);
  }
}

// K[rows, segments] v. Jobs are blocks of rows, so each result is summed by one thread in the order of the segments.
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
  share(static_cast<int64_t>(tasks.size()), [&](int64_t i, int /*member*/) {
    const Task& t = tasks[static_cast<size_t>(i)];
    int64_t v_row = 0;
    for (const Segment& s : segments_) {
      products_->matrix_times_vectors(k_->row(t.k_row) + s.first, k_->n, t.count, s.count, v.data() + v_row, v.rows(),
                                      v.cols(), out.data() + t.out_row, out.rows());
      v_row += s.count;
    }
  });
}

void RowSpaceOperator::apply(const Eigen::MatrixXd& v, Eigen::MatrixXd& out) const {
  const Eigen::MatrixXd centred = v.rowwise() - v.colwise().mean();
  multiply(centred, segments_, out);
  out.rowwise() -= out.colwise().mean().eval();
}

Eigen::VectorXd RowSpaceOperator::diagonal() const {
  Eigen::VectorXd out(n_);
  int64_t at = 0;
  for (const Segment& s : segments_) {
    for (int64_t i = s.first; i < s.first + s.count; ++i) out[at++] = k_->at(i, i);
  }
  return out;
}

// Rounded to float32: half the memory, and products twice as fast, which Newton's inner iterations are made of.
Eigen::MatrixXf RowSpaceOperator::submatrix(const std::vector<Eigen::Index>& chosen) const {
  std::vector<int64_t> position;
  position.reserve(chosen.size());
  size_t next = 0;
  int64_t at = 0;
  for (const Segment& s : segments_) {
    for (; next < chosen.size() && chosen[next] < at + s.count; ++next) position.push_back(s.first + chosen[next] - at);
    at += s.count;
  }
  const auto m = static_cast<Eigen::Index>(chosen.size());
  Eigen::MatrixXf out(m, m);
  share(m, [&](int64_t i, int /*member*/) {
    const double* row = k_->row(position[static_cast<size_t>(i)]);
    for (Eigen::Index j = 0; j < m; ++j) out(j, i) = static_cast<float>(row[position[static_cast<size_t>(j)]]);
  });
  return out;
}

void RowSpaceOperator::multiply_chosen(const Eigen::MatrixXf& m, const Eigen::MatrixXf& v, Eigen::MatrixXf& out) const {
  out = Eigen::MatrixXf::Zero(v.rows(), v.cols());
  const int64_t tasks = (m.rows() + kProductRows - 1) / kProductRows;
  share(tasks, [&](int64_t i, int /*member*/) {
    const int64_t first = i * kProductRows;
    const int64_t count = std::min<int64_t>(kProductRows, m.rows() - first);
    products_->matrix_times_vectors_f32(m.data() + first * m.rows(), m.rows(), count, m.rows(), v.data(), v.rows(),
                                        v.cols(), out.data() + first, out.rows());
  });
}

Eigen::RowVectorXd RowSpaceOperator::shift(const Eigen::MatrixXd& v) const { return centred_mean_ * v; }

Eigen::MatrixXd RowSpaceOperator::apply_to_others(const Eigen::MatrixXd& v, const std::vector<Segment>& other) const {
  const Eigen::MatrixXd centred = v.rowwise() - v.colwise().mean();
  Eigen::MatrixXd out;
  multiply(centred, other, out);
  out.rowwise() -= shift(v);
  return out;
}

}  // namespace vgg16
