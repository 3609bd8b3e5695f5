#include "backend/make_backend.h"

#include "backend/cpu_backend.h"
#include "vgg16/build_info.h"
#include "vgg16/error.h"

namespace vgg16 {

std::unique_ptr<Backend> make_backend(const Weights& weights, const BackendOptions& options) {
  if (options.device != "auto" && options.device != "cpu") {
    throw Error(ErrorCode::kInvalidArgument,
                "device \"" + printable(options.device) + "\" is not in this build: auto or cpu");
  }
  auto pool = std::make_unique<ThreadPool>(options.threads);
  auto network =
      prepare_cpu_network(weights, cpu_kernels(options.instruction_set, options.precision), options.last_layer, *pool);
  return std::make_unique<CpuBackend>(std::move(network), std::move(pool), options.max_batch);
}

BuildInfo build_info() {
  BuildInfo info;
  info.version = VGG16_VERSION;
  info.backends = {"cpu"};
  for (const CpuKernels* kernels : runnable_cpu_kernels()) {
    if (kernels->precision == "f32") info.instruction_sets.push_back(kernels->name);
    if (info.precisions.empty() || info.precisions.back() != kernels->precision)
      info.precisions.push_back(kernels->precision);
  }
  info.processors = available_processors();
  return info;
}

}  // namespace vgg16
