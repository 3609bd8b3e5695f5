// Classifying pictures with a trained model.
//
//   vgg16::Predictor predictor(vgg16::Classifier::load("animals.model"), vgg16::Weights::load("vgg16.safetensors"));
//   std::vector<double> p(predictor.model().classes.size());
//   const vgg16::Picture pixels{frame, vgg16::PictureFormat::kBgr, 480, 640};
//   predictor.predict({&pixels, 1}, p.data());
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vgg16/classifier.h"
#include "vgg16/extractor.h"
#include "vgg16/tensor.h"
#include "vgg16/weights.h"

#pragma GCC visibility push(default)
namespace vgg16 {

struct PredictorOptions {
  ExtractorOptions network = {};  ///< its layer and pool are not used: the model's are
  /// Called with one line if the model does not record how its features were made. May be empty.
  std::function<void(const std::string& line)> warning = {};
};

/// Called with results in input order, from the thread that called predict_files. Each may be empty. An exception from
/// one of them ends the call.
struct PredictCallbacks {
  /// Picture or row `index`: a probability for each of the model's classes, summing to 1; valid during the call only.
  std::function<void(int64_t index, std::span<const double> probabilities)> predicted;
  std::function<void(int64_t index, const std::string& reason)> skipped;  ///< it could not be used
  std::function<void(const ExtractTimes& so_far)> batch;                  ///< of pictures: all of a batch were reported
};

/// Classifies rows that were computed before, by this program or any other; labels are not needed. A row with a number
/// that is not finite is reported through callbacks.skipped. Throws Error{kRefused} if the rows have another length
/// than the model's, or if both record a recipe and these differ; and what table.read_rows throws.
void predict_rows(const Classifier& model, const FeatureTable& table, const PredictCallbacks& callbacks);

/// From a picture to an answer: a model and the network that computes its features, which must be the network that it
/// was trained on: the probabilities of other features would mean nothing. Construct once, then call often. One thread
/// at a time. After the first call, predict() with pixels allocates nothing, as Extractor.
class Predictor {
 public:
  /// Throws Error{kRefused}, naming the model, if it was trained with other weights or another preprocessing, or if its
  /// layer or pool is unknown or gives another number of columns; and what Extractor throws. What the model does not
  /// record is taken to be as in the scripts that this program replaces: these weights, block5_pool, no pooling.
  Predictor(Classifier model, std::shared_ptr<const Weights> weights, const PredictorOptions& options = {});

  [[nodiscard]] const Classifier& model() const { return model_; }
  /// For features of the same network, of the model's layer or an earlier one, and to cancel().
  [[nodiscard]] Extractor& extractor() { return extractor_; }
  [[nodiscard]] const Extractor& extractor() const { return extractor_; }

  /// Probabilities (n, K) float64, row-major, of the model's K classes for n pictures of 224 x 224, any n; blocks.
  /// Keeps memory for the features of one batch. Throws what Extractor::extract throws, and Error{kRefused} if a score
  /// is not finite; then the probabilities may be written in part, and the predictor is as before.
  void predict(ImagesIn images, double* probabilities);

  /// The same for pictures of any size and format (image.h).
  void predict(std::span<const Picture> pictures, double* probabilities);

  /// Reads, decodes and resizes `paths` on other threads while the network runs; memory does not depend on their
  /// number. A picture that cannot be read or decoded is reported through callbacks.skipped and the run goes on.
  /// Throws as predict().
  void predict_files(std::span<const std::filesystem::path> paths, const PredictCallbacks& callbacks);

 private:
  void probabilities_of(std::span<const float> row, double* probabilities) const;
  template <class Extract>
  void predict_in_batches(size_t n, double* probabilities, Extract extract);

  Classifier model_;
  Extractor extractor_;
  size_t batch_size_;
  std::vector<float> rows_;  ///< of one batch
};

}  // namespace vgg16
#pragma GCC visibility pop
