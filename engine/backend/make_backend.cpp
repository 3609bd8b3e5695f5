#include "backend/make_backend.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "backend/amx_backend.h"
#include "backend/cpu_backend.h"
#include "kernels/amx_permission.h"
#include "kernels/cpu_quota.h"
#include "kernels/instruction_set.h"
#include "network/network_cache.h"
#include "vgg16/build_info.h"
#include "vgg16/error.h"
#include "vocabulary/floating_point.h"
#ifdef VGG16_WITH_CUDA
#include "backend/cuda_backend.h"
#endif

namespace vgg16 {
namespace {

// N of "cuda:N", 0 for "cuda"; empty for any other name.
std::optional<int> cuda_index(std::string_view device) {
  constexpr std::string_view kCuda = "cuda";
  if (!device.starts_with(kCuda)) return std::nullopt;
  device.remove_prefix(kCuda.size());
  if (device.empty()) return 0;
  int index = -1;
  const auto [end, problem] = std::from_chars(device.data() + 1, device.data() + device.size(), index);
  const bool whole = device[0] == ':' && problem == std::errc() && end == device.data() + device.size() && index >= 0;
  return whole ? std::optional(index) : std::nullopt;
}

// Whether the CPU engine is slower with it than with f32, unless AMX computes it.
bool is_slow_without_amx(std::string_view precision) { return precision == "bf16" && multiplies_bf16_slowly(); }

constexpr std::string_view kAmx = "amx";

// Whether the options ask for AMX, by name or because it is the best for their precision, and this machine has it.
bool takes_amx(const BackendOptions& options) {
  return options.precision == "bf16" && (options.instruction_set.empty() || options.instruction_set == kAmx) &&
         runs_here(InstructionSet::kAmx);
}

std::unique_ptr<Backend> make_amx_backend(const Weights& weights, const BackendOptions& options) {
  auto pool = std::make_unique<ThreadPool>(options.threads, options.cancelled);
  auto network = weights.networks().find_or_make<AmxNetwork>(
      "cpu amx bf16", options.stop.layer, [&] { return prepare_amx_network(weights, options.stop.layer, *pool); });
  return std::make_unique<AmxBackend>(std::move(network), conv3x3_amx(), std::move(pool), options.stop.layer,
                                      options.max_batch);
}

std::unique_ptr<Backend> make_cpu_backend(const Weights& weights, const BackendOptions& options) {
  require(options.instruction_set != kAmx || options.precision == "bf16", ErrorCode::kInvalidArgument,
          "instruction set \"amx\" computes in bf16 only");
  if (takes_amx(options)) {
    const std::string refusal = request_amx();
    if (refusal.empty()) return make_amx_backend(weights, options);
    if (options.instruction_set == kAmx) throw Error(ErrorCode::kDevice, "AMX cannot be used: " + refusal);
    if (options.log) options.log("running without AMX: " + refusal);
  }
  auto pool = std::make_unique<ThreadPool>(options.threads, options.cancelled);
  const Conv3x3Cpu& kernels = conv3x3_cpu(options.instruction_set, options.precision);
  if (is_slow_without_amx(options.precision) && options.log) {
    options.log("precision bf16 is slower than f32 on Intel's processors without AMX; it pays on AMD's and with AMX");
  }
  // Everything that the prepared weights depend on, so that engines share them only if they fit.
  const std::string key = "cpu " + std::string(kernels.name) + " " + options.precision;
  auto network = weights.networks().find_or_make<CpuNetwork>(
      key, options.stop.layer, [&] { return prepare_cpu_network(weights, kernels, options.stop.layer, *pool); });
  return std::make_unique<CpuBackend>(std::move(network), std::move(pool), options.stop.layer, options.max_batch);
}

#ifdef VGG16_WITH_CUDA

std::unique_ptr<Backend> make_cuda_backend(const Weights& weights, const BackendOptions& options, int index) {
  const std::vector<CudaDevice> devices = cuda_devices();
  require(
      index < static_cast<int>(devices.size()), ErrorCode::kDevice,
      "there is no device cuda:" + std::to_string(index) + "; the last is cuda:" + std::to_string(devices.size() - 1));
  const CudaDevice& device = devices[static_cast<size_t>(index)];
  const CudaPrecision precision = cuda_precision_from_name(options.precision);
  // As for the CPU: device and precision determine the prepared weights.
  const std::string key = "cuda:" + std::to_string(device.index) + " " + options.precision;
  auto network = weights.networks().find_or_make<CudaNetwork>(
      key, options.stop.layer, [&] { return prepare_cuda_network(weights, device, precision, options.stop.layer); });
  auto backend = std::make_unique<CudaBackend>(std::move(network), options.stop, options.max_batch, options.log);
  if (options.log) {
    options.log("running on " + describe(device) + ", " + std::string(backend->instruction_set()) + ", " +
                options.precision);
  }
  return backend;
}

// The first GPU if it can be used, otherwise the CPU. On a machine without a GPU nothing is logged.
std::unique_ptr<Backend> make_any_backend(const Weights& weights, const BackendOptions& options) {
  if (!has_cuda_device()) return make_cpu_backend(weights, options);
  std::string reason;
  try {
    return make_cuda_backend(weights, options, 0);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kDevice && error.code() != ErrorCode::kMemory) throw;
    reason = error.what();
  }
  if (options.log) options.log("running on the CPU: " + reason);
  return make_cpu_backend(weights, options);
}

void add_cuda(BuildInfo& info) { info.backends.emplace_back("cuda"); }

#else

std::unique_ptr<Backend> make_cuda_backend(const Weights&, const BackendOptions& options, int) {
  throw Error(ErrorCode::kDevice,
              "device " + options.device + " needs the CUDA engine, which this build does not have; use --device cpu");
}

std::unique_ptr<Backend> make_any_backend(const Weights& weights, const BackendOptions& options) {
  return make_cpu_backend(weights, options);
}

void add_cuda(BuildInfo&) {}

#endif

}  // namespace

std::vector<CpuSet> runnable_cpu_sets() {
  std::vector<CpuSet> sets;
  for (const Conv3x3Cpu* kernels : runnable_conv3x3_cpu()) {
    const bool is_first_bf16 = kernels->precision == "bf16" && sets.back().precision != "bf16";
    if (is_first_bf16 && runs_here(InstructionSet::kAmx)) sets.push_back({kAmx, "bf16"});
    sets.push_back({kernels->name, kernels->precision});
  }
  return sets;
}

std::unique_ptr<Backend> make_backend(const Weights& weights, const BackendOptions& options) {
  if (options.device == "auto") return make_any_backend(weights, options);
  if (options.device == "cpu") return make_cpu_backend(weights, options);
  if (const auto index = cuda_index(options.device)) return make_cuda_backend(weights, options, *index);
  throw Error(ErrorCode::kInvalidArgument,
              "device \"" + printable(options.device) + "\", expected auto, cpu, cuda or cuda:N");
}

// Lives here because this file alone knows the engines of the build.
BuildInfo build_info() {
  const StandardFloatingPoint mode;
  BuildInfo info;
  info.version = VGG16_VERSION;
  info.backends = {"cpu"};
  add_cuda(info);
  for (const CpuSet& set : runnable_cpu_sets()) {
    if (set.precision == "f32") info.instruction_sets.push_back(set.name);
    if (info.precisions.empty() || info.precisions.back() != set.precision) {
      info.precisions.push_back(set.precision);
      info.precision_sets.push_back(set.name);
    }
  }
  for (const std::string_view precision : info.precisions) {
    if (is_slow_without_amx(precision) && !runs_here(InstructionSet::kAmx)) info.slow_precisions.push_back(precision);
  }
  info.processors = available_processors();
  info.processors_allowed = allowed_processors();
  info.cpu_quota = cpu_quota();
  return info;
}

std::vector<std::string> cuda_device_descriptions() {
#ifdef VGG16_WITH_CUDA
  std::vector<std::string> descriptions;
  for (const CudaDevice& device : cuda_devices()) descriptions.push_back(describe(device));
  return descriptions;
#else
  throw Error(ErrorCode::kDevice, "this build does not have the CUDA engine");
#endif
}

}  // namespace vgg16
