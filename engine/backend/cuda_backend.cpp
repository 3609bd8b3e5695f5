#include "backend/cuda_backend.h"

#include <algorithm>
#include <optional>

#include "vgg16/error.h"
#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

// Larger batches are not faster, and up to 128 every layer has fewer than 2^31 vectors, which kernels count in 32 bits.
constexpr int kLargestBatch = 128;

// Null if the device has no memory for this batch size.
std::unique_ptr<CudaForward> try_batch(const std::shared_ptr<const CudaNetwork>& network, Stop stop, int batch) {
  try {
    return std::make_unique<CudaForward>(network, stop, batch);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kMemory) throw;
    return nullptr;
  }
}

// Halving takes few attempts; each makes an engine, which takes time.
std::unique_ptr<CudaForward> largest_batch(const std::shared_ptr<const CudaNetwork>& network, Stop stop, int max_batch,
                                           const std::function<void(const std::string&)>& log) {
  const int wanted = std::min(max_batch, kLargestBatch);
  for (int batch = wanted; batch >= 1; batch /= 2) {
    auto forward = try_batch(network, stop, batch);
    if (forward == nullptr) continue;
    if (batch < wanted && log) {
      log(describe(network->device) + " has no memory for batches of " + std::to_string(wanted) +
          " pictures; batches of " + std::to_string(batch) + " are used");
    }
    return forward;
  }
  throw Error(ErrorCode::kMemory, describe(network->device) +
                                      ": no memory for a single picture; end other programs that use this GPU, or use "
                                      "--device cpu");
}

}  // namespace

CudaBackend::CudaBackend(std::shared_ptr<const CudaNetwork> network, Stop stop, int max_batch,
                         const std::function<void(const std::string&)>& log)
    : network_(std::move(network)), max_batch_(max_batch) {
  require(max_batch >= 1, ErrorCode::kInvalidArgument,
          "batch size must be 1 or more, not " + std::to_string(max_batch));
  const CurrentDevice current(network_->device.index);
  forward_ = largest_batch(network_, stop, max_batch, log);
  instruction_set_ = "sm_" + std::to_string(network_->device.architecture) + ", cuDNN " + cudnn_version_text() +
                     ", batches of " + std::to_string(forward_->batch());
}

CudaBackend::CudaBackend(const CudaBackend& other, std::unique_ptr<CudaForward> forward)
    : network_(other.network_),
      max_batch_(other.max_batch_),
      forward_(std::move(forward)),
      instruction_set_(other.instruction_set_) {}

// CUDA's resources must be released while their device is current. If the device has failed it cannot be made current;
// then the release fails too, which the owners ignore.
CudaBackend::~CudaBackend() {
  std::optional<CurrentDevice> current;
  try {
    current.emplace(network_->device.index);
  } catch (const Error&) {
  }
  forward_.reset();
  network_.reset();
}

template <class Work>
void CudaBackend::attempt(Work work) {
  require(failure_.empty(), ErrorCode::kDevice, failure_);
  try {
    const CurrentDevice current(network_->device.index);
    work();
  } catch (const Error& error) {
    // Kept, because after a fault every CUDA call fails with the same error, whatever its real cause was.
    failure_ = describe(network_->device) + " failed earlier; start the program again: " + error.what();
    throw Error(ErrorCode::kDevice, describe(network_->device) + ": " + error.what(), error.detail());
  }
}

void CudaBackend::forward(ImagesIn images, Stop stop, HostOut features) {
  require_forward(images, max_batch_, stop, forward_->stop().layer, features);
  attempt([&] {
    const int64_t row = features_shape(stop, 1).count();
    for (int first = 0; first < images.n; first += forward_->batch()) {
      const int n = std::min(forward_->batch(), images.n - first);
      forward_->run(images.data + first * kPictureBytes, n, stop, features.data + first * row);
    }
  });
}

void CudaBackend::forward_on_device(DeviceImagesIn images, DeviceRowsOut rows, void* stream) {
  if (images.n == 0) return;
  const char* elsewhere = nullptr;
  attempt([&] {
    const int device = network_->device.index;
    if (!is_memory_of(device, images.data)) elsewhere = "the pixels";
    if (!is_memory_of(device, rows.data)) elsewhere = "the room for the rows";
    if (elsewhere != nullptr) return;
    const int64_t row = features_shape(forward_->stop(), 1).count();
    for (int first = 0; first < images.n; first += forward_->batch()) {
      const int n = std::min(forward_->batch(), images.n - first);
      forward_->enqueue(images.data + first * kPictureBytes, n, rows.data + first * row,
                        static_cast<CudaStream>(stream));
    }
  });
  if (elsewhere != nullptr) {
    throw Error(ErrorCode::kInvalidArgument,
                std::string(elsewhere) + " must be in the memory of " + describe(network_->device));
  }
}

std::unique_ptr<Backend> CudaBackend::another() const {
  const CurrentDevice current(network_->device.index);
  auto forward = try_batch(network_, forward_->stop(), forward_->batch());
  if (forward == nullptr) return nullptr;
  return std::unique_ptr<Backend>(new CudaBackend(*this, std::move(forward)));
}

}  // namespace vgg16
