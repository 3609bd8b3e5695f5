#include "kernels/reference.h"

#include <algorithm>
#include <cmath>

namespace vgg16 {

// Seven nested loops over the definition. The one deviation, skipping zeros of x, saves time after a ReLU and changes
// no sum (unless a weight is infinite or NaN).
Reference conv3x3_relu_reference(const double* x, Shape4 shape, const float* w, const float* b, int oc) {
  const auto [n, height, width, ic] = shape;
  Reference y;
  const auto count = static_cast<size_t>(int64_t{n} * height * width * oc);
  y.values.resize(count);
  y.magnitudes.resize(count);
  std::vector<double> sum(static_cast<size_t>(oc));
  std::vector<double> magnitude(static_cast<size_t>(oc));
  size_t at = 0;
  for (int picture = 0; picture < n; ++picture) {
    for (int i = 0; i < height; ++i) {
      for (int j = 0; j < width; ++j) {
        for (size_t o = 0; o < sum.size(); ++o) {
          sum[o] = static_cast<double>(b[o]);
          magnitude[o] = std::fabs(sum[o]);
        }
        for (int kh = 0; kh < 3; ++kh) {
          for (int kw = 0; kw < 3; ++kw) {
            const int row = i + kh - 1;
            const int column = j + kw - 1;
            if (row < 0 || row >= height || column < 0 || column >= width) continue;
            const double* pixel = x + ((int64_t{picture} * height + row) * width + column) * ic;
            for (int c = 0; c < ic; ++c) {
              if (pixel[c] == 0) continue;
              const float* weights = w + (int64_t{kh * 3 + kw} * ic + c) * oc;
              for (size_t o = 0; o < sum.size(); ++o) {
                const double product = pixel[c] * static_cast<double>(weights[o]);
                sum[o] += product;
                magnitude[o] += std::fabs(product);
              }
            }
          }
        }
        for (size_t o = 0; o < sum.size(); ++o, ++at) {
          y.values[at] = sum[o] < 0 ? 0.0 : sum[o];  // false for NaN, which stays NaN
          y.magnitudes[at] = magnitude[o];
        }
      }
    }
  }
  return y;
}

std::vector<double> maxpool2x2_reference(const double* x, Shape4 shape) {
  const auto [n, height, width, channels] = shape;
  std::vector<double> y;
  const auto value = [&](int picture, int i, int j, int c) {
    return x[((int64_t{picture} * height + i) * width + j) * channels + c];
  };
  for (int picture = 0; picture < n; ++picture) {
    for (int i = 0; i < height / 2; ++i) {
      for (int j = 0; j < width / 2; ++j) {
        for (int c = 0; c < channels; ++c) {
          double largest = value(picture, 2 * i, 2 * j, c);
          for (const double other : {value(picture, 2 * i, 2 * j + 1, c), value(picture, 2 * i + 1, 2 * j, c),
                                     value(picture, 2 * i + 1, 2 * j + 1, c)}) {
            if (other > largest || std::isnan(other)) largest = other;
          }
          y.push_back(largest);
        }
      }
    }
  }
  return y;
}

namespace {

// Calls each(x of the window) for every number of the output (n, side, side, c), in its order.
template <class Each>
void for_each_window(const double* x, Shape4 shape, int side, const Each& each) {
  const auto [n, height, width, channels] = shape;
  const auto begin = [&](int i, int size) {
    return static_cast<int>(std::floor(i * static_cast<double>(size) / side));
  };
  const auto end = [&](int i, int size) {
    return static_cast<int>(std::ceil((i + 1) * static_cast<double>(size) / side));
  };
  for (int picture = 0; picture < n; ++picture) {
    for (int i = 0; i < side; ++i) {
      for (int j = 0; j < side; ++j) {
        for (int c = 0; c < channels; ++c) {
          std::vector<double> window;
          for (int row = begin(i, height); row < end(i, height); ++row) {
            for (int column = begin(j, width); column < end(j, width); ++column) {
              window.push_back(x[((int64_t{picture} * height + row) * width + column) * channels + c]);
            }
          }
          each(window);
        }
      }
    }
  }
}

}  // namespace

Reference adaptive_avg_pool_reference(const double* x, Shape4 shape, int side) {
  Reference y;
  for_each_window(x, shape, side, [&](const std::vector<double>& window) {
    double sum = 0;
    double magnitude = 0;
    for (const double value : window) {
      sum += value;
      magnitude += std::fabs(value);
    }
    y.values.push_back(sum / static_cast<double>(window.size()));
    y.magnitudes.push_back(magnitude / static_cast<double>(window.size()));
  });
  return y;
}

std::vector<double> adaptive_max_pool_reference(const double* x, Shape4 shape, int side) {
  std::vector<double> y;
  for_each_window(x, shape, side, [&](const std::vector<double>& window) {
    double largest = window[0];
    for (const double value : window) {
      if (value > largest || std::isnan(value)) largest = value;
    }
    y.push_back(largest);
  });
  return y;
}

std::vector<double> bias_relu_reference(const double* x, Shape4 shape, const float* b) {
  std::vector<double> y;
  for (int64_t i = 0; i < shape.count(); ++i) y.push_back(std::max(x[i] + static_cast<double>(b[i % shape.c]), 0.0));
  return y;
}

std::vector<double> preprocess_reference(const uint8_t* pixels, int64_t count) {
  std::vector<double> y;
  for (int64_t pixel = 0; pixel < count; ++pixel) {
    for (int channel = 0; channel < 3; ++channel) {
      y.push_back(static_cast<double>(static_cast<float>(pixels[pixel * 3 + 2 - channel]) - kMeanBgr[channel]));
    }
  }
  return y;
}

}  // namespace vgg16
