// Fits of the same rows at growing C, each to a proven distance from its optimum.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "learn/row_space.h"
#include "learn/softmax.h"
#include "vgg16/classifier.h"

namespace vgg16 {

struct FitOptions {
  double relative_gap = 1e-6;
  int max_iterations = 200;
};

/// Walks along the regularization path. Its first step is a penalty so strong that it alone decides; each further one
/// weakens it tenfold at most, and starts where the path leads to. Every step is then a few products away from the one
/// before, where a cold start at a large C would be hundreds.
class RegularizationPath {
 public:
  /// `k` and `loss` must outlive it.
  RegularizationPath(const RowSpaceOperator& k, LogLoss& loss) : k_(k), loss_(loss) {}

  /// The fit at `c`, which is not below that of the call before. What lies between the two is fitted roughly.
  [[nodiscard]] FitCertificate advance(double c, const FitOptions& options);

  /// The model of the last fit.
  [[nodiscard]] const RowSpacePoint& at() const { return passed_.back().at; }

 private:
  struct Passed {
    double log_c = 0;
    RowSpacePoint at;
  };

  FitCertificate fit(double c, const FitOptions& options);
  [[nodiscard]] std::vector<RowSpacePoint> starts(double log_c) const;

  const RowSpaceOperator& k_;
  LogLoss& loss_;
  std::vector<Passed> passed_;  ///< the last two
};

}  // namespace vgg16
