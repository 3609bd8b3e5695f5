// vgg16_cuda_bench: Google Benchmark's flags; --benchmark_filter=conv3x3, --benchmark_format=json and so on. Without a
// device it measures nothing and says why.
#include <cuda_runtime_api.h>

#include <cstdio>

#include "bench/cuda_bench.h"
#include "kernels/conv3x3_cudnn.h"
#include "kernels/cuda_check.h"
#include "support/cuda_device.h"
#include "vgg16/build_info.h"
#include "vgg16/error.h"

namespace {

std::string cudnn_or_reason() {
  try {
    return vgg16::cudnn_version_text();
  } catch (const vgg16::Error& error) {
    return error.what();
  }
}

}  // namespace

int main(int argc, char** argv) try {
  using namespace vgg16;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  if (const std::string reason = no_device_reason(); !reason.empty()) {
    std::fprintf(stderr, "skipped: %s\n", reason.c_str());
    return 0;
  }
  cudaDeviceProp device;
  VGG16_CUDA_CHECK(cudaGetDeviceProperties(&device, 0));
  int driver = 0;
  VGG16_CUDA_CHECK(cudaDriverGetVersion(&driver));
  benchmark::AddCustomContext("version", std::string(build_info().version));
  benchmark::AddCustomContext("device", std::string(device.name) + ", sm_" + std::to_string(device.major) +
                                            std::to_string(device.minor) + ", " +
                                            std::to_string(device.multiProcessorCount) + " multiprocessors");
  benchmark::AddCustomContext("cuda",
                              "runtime " + std::to_string(CUDART_VERSION) + ", driver's " + std::to_string(driver));
  const std::string cudnn = cudnn_or_reason();
  std::fprintf(stderr, "%s, cuDNN: %s\n", device.name, cudnn.c_str());
  benchmark::AddCustomContext("cudnn", cudnn);
  register_cuda_kernels();
  register_cuda_convolutions();
  register_cuda_chunks();
  register_cuda_forward();
  benchmark::RunSpecifiedBenchmarks();
  release_cuda_forward();
  benchmark::Shutdown();
} catch (const std::exception& error) {
  std::fprintf(stderr, "vgg16_cuda_bench: %s\n", error.what());
  return 1;
}
