// vgg16_call_times MODEL: microseconds of a call that classifies one row of features, in C++ and through vgg16.h, as
// one line of JSON: medians of blocks of calls, which alternate. bench/call_overhead.py runs it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <vector>

#include "vgg16.h"
#include "vgg16/classifier.h"

namespace {

constexpr int kBlocks = 201;
constexpr int kCalls = 1000;  // in a block

template <class Call>
double microseconds(Call call) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kCalls; ++i) call();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count() / kCalls;
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + kBlocks / 2);
  return values[kBlocks / 2];
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::fputs("usage: vgg16_call_times MODEL\n", stderr);
    return 2;
  }
  const vgg16::Classifier model = vgg16::Classifier::load(argv[1]);
  vgg16_model* handle = nullptr;
  if (vgg16_model_load(argv[1], &handle) != VGG16_OK) {
    std::fprintf(stderr, "vgg16_call_times: %s\n", vgg16_last_error());
    return 1;
  }
  const std::vector<float> row(static_cast<size_t>(model.columns), 0.5F);
  std::vector<double> p(model.classes.size());
  std::vector<double> in_cpp;
  std::vector<double> in_c;
  vgg16_status failed = VGG16_OK;
  for (int block = 0; block < kBlocks; ++block) {
    in_cpp.push_back(microseconds([&] { model.predict_probabilities(row, p); }));
    in_c.push_back(microseconds([&] {
      const vgg16_status status = vgg16_model_predict(handle, row.data(), 1, row.size(), p.data(), p.size());
      if (status != VGG16_OK) failed = status;
    }));
  }
  vgg16_model_free(handle);
  if (failed != VGG16_OK) {
    std::fprintf(stderr, "vgg16_call_times: %s\n", vgg16_last_error());
    return 1;
  }
  std::printf("{\"cpp_us\": %.3f, \"c_us\": %.3f}\n", median(in_cpp), median(in_c));
} catch (const std::exception& error) {
  std::fprintf(stderr, "vgg16_call_times: %s\n", error.what());
  return 1;
}
