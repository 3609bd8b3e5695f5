#include "learn/solve/lbfgs.h"

#include <numeric>

namespace vgg16 {
namespace {

/// A problem with the Euclidean inner product, whose vectors have no images to complete.
struct PlainProblem {
  using Vector = std::vector<double>;
  const PlainObjective* objective;
  double tolerance;

  double evaluate(const Vector& x, Vector& gradient) { return (*objective)(x, gradient); }
  double slope(const Vector& /*x*/, const Vector& gradient, const Vector& direction) {
    return dot(gradient, direction);
  }
  void complete_gradient(Vector& /*gradient*/) {}
  void complete_direction(Vector& /*direction*/) {}
  double dot(const Vector& a, const Vector& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }
  void add_scaled(double t, const Vector& from, Vector& to) {
    for (size_t i = 0; i < to.size(); ++i) to[i] += t * from[i];
  }
  void scale(double t, Vector& v) {
    for (double& value : v) value *= t;
  }
  bool converged(double /*value*/, double squared_norm) { return squared_norm <= tolerance * tolerance; }
};

}  // namespace

std::string_view stop_reason_name(StopReason reason) {
  switch (reason) {
    case StopReason::kConverged:
      return "converged";
    case StopReason::kNoProgress:
      return "no further progress";
    case StopReason::kMaxIterations:
      return "out of iterations";
  }
  return "unknown";
}

Minimum<std::vector<double>> minimize_lbfgs(const PlainObjective& objective, std::vector<double> start,
                                            const LbfgsOptions& options) {
  PlainProblem problem{&objective, options.gradient_tolerance};
  return minimize_lbfgs(problem, std::move(start), options);
}

}  // namespace vgg16
