// What the opaque types of the C interface are.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "vgg16.h"
#include "vgg16/classifier.h"
#include "vgg16/predictor.h"

struct vgg16_weights {
  std::shared_ptr<const vgg16::Weights> weights;
};

struct vgg16_model {
  vgg16::Classifier model;
};

/// One of the two is there: a predictor if it has a model.
struct vgg16_engine {
  std::shared_ptr<const vgg16::Weights> weights;
  std::optional<vgg16::Predictor> predictor = {};
  std::optional<vgg16::Extractor> features = {};
  std::vector<vgg16::Picture> pictures = {};  ///< of one call, as are the probabilities; the memory is used again
  std::vector<double> probabilities = {};

  vgg16::Extractor& extractor() { return predictor ? predictor->extractor() : *features; }
  const vgg16::Extractor& extractor() const { return predictor ? predictor->extractor() : *features; }
};
