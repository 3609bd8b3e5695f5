#include "learn/search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "learn/metrics.h"

namespace vgg16 {

Progress RouteInput::stage(const char* name) const {
  if (!progress) return {};
  return [this, name](int64_t done, int64_t total) { progress(name, done, total); };
}

bool failed(const FitCertificate& fit) {
  return !std::isfinite(fit.objective) || !std::isfinite(fit.gradient_norm) || !std::isfinite(fit.relative_gap);
}

std::vector<Candidate> make_candidates(const std::vector<double>& c,
                                       const std::vector<std::vector<FoldResult>>& results) {
  std::vector<Candidate> candidates;
  for (size_t i = 0; i < c.size(); ++i) {
    Candidate candidate;
    candidate.c = c[i];
    for (const FoldResult& result : results[i]) {
      candidate.fold_scores.push_back(result.score);
      candidate.log_loss += result.log_loss / static_cast<double>(results[i].size());
      candidate.iterations += result.certificate.iterations;
      candidate.relative_gap = failed(result.certificate)
                                   ? std::numeric_limits<double>::infinity()
                                   : std::max(candidate.relative_gap, result.certificate.relative_gap);
      candidate.seconds += result.certificate.seconds;
    }
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

}  // namespace vgg16
