#include "learn/flow/search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <utility>

#include "learn/flow/metrics.h"

namespace vgg16 {
namespace {

/// The minimum time between two reports of steps.
constexpr std::chrono::milliseconds kStepReports(100);

}  // namespace

StageProgress RouteInput::stage(const char* name) const {
  if (!progress) return {};
  return [this, name](int64_t done, int64_t total) { progress(name, done, total); };
}

bool failed(const FitCertificate& fit) {
  return !std::isfinite(fit.objective) || !std::isfinite(fit.gradient_norm) || !std::isfinite(fit.relative_gap);
}

FitProgress::FitProgress(const TrainProgress& progress, int64_t total) : progress_(progress), total_(total) {}

void FitProgress::fit_done() {
  const std::lock_guard lock(mutex_);
  ++done_;
  if (progress_) progress_("fits", done_, total_);
}

// Steps come from many threads, thousands per second: most of them are dropped here.
void FitProgress::step(int steps, double relative_gap) {
  if (!progress_) return;
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < kStepReports) return;
  last_ = now;
  std::array<char, 80> text{};
  if (std::isfinite(relative_gap)) {
    std::snprintf(text.data(), text.size(), "fits, step %d, %.1e from the optimum", steps, relative_gap);
  } else {
    std::snprintf(text.data(), text.size(), "fits, step %d", steps);
  }
  progress_(text.data(), done_, total_);
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
