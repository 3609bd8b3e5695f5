#include "learn/solve/squared_hinge.h"

#include <cmath>

namespace vgg16 {

// The derivative is increasing, and linear between the points at which rows become active or inactive, so Newton's
// method ends after a few steps; bisection takes over if it leaves the bracket.
double SquaredHinge::step_length(std::span<const int> labels, Eigen::Index column,
                                 const Eigen::Ref<const Eigen::ArrayXd>& c, const Eigen::Ref<const Eigen::VectorXd>& f,
                                 const Eigen::Ref<const Eigen::VectorXd>& df, double slope, double bend) const {
  constexpr int kMaxSteps = 60;
  const auto derivative = [&](double t, double& second) {
    double first = slope + t * bend;
    second = bend;
    for (Eigen::Index i = 0; i < df.size(); ++i) {
      const double y = sign(labels[static_cast<size_t>(i)], column);
      const double m = 1.0 - y * (f[i] + t * df[i]);
      if (!(m > 0)) continue;
      const double c2 = 2 * c[i];
      first -= c2 * m * y * df[i];
      second += c2 * df[i] * df[i];
    }
    return first;
  };
  double second = 0;
  const double least = 1e-12 * std::abs(derivative(0, second));
  double low = 0;
  double high = 1;
  double t = 1;
  // A full step is taken if the minimum is there or beyond.
  for (int i = 0; i < kMaxSteps; ++i) {
    const double first = derivative(t, second);
    if (std::abs(first) <= least || (t == 1 && first < 0)) break;
    (first > 0 ? high : low) = t;
    t -= first / second;
    if (!(t > low && t < high)) t = 0.5 * (low + high);
  }
  return t;
}

}  // namespace vgg16
