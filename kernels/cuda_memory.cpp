#include "kernels/cuda_memory.h"

#include <cassert>

#include "kernels/cuda_check.h"

namespace vgg16 {

DeviceBuffer::DeviceBuffer(int64_t size_bytes) : size_bytes_(size_bytes) {
  if (size_bytes > 0) VGG16_CUDA_CHECK(cudaMalloc(&data_, static_cast<size_t>(size_bytes)));
}

DeviceBuffer::~DeviceBuffer() {
  if (data_ != nullptr) static_cast<void>(cudaFree(data_));  // cudaFree(nullptr) would initialise CUDA
}

void DeviceBuffer::upload(const void* host, int64_t size_bytes) {
  assert(size_bytes <= size_bytes_);
  if (size_bytes == 0) return;
  VGG16_CUDA_CHECK(cudaMemcpy(data_, host, static_cast<size_t>(size_bytes), cudaMemcpyHostToDevice));
  // From pageable memory cudaMemcpy may return before the copy has ended, and non-blocking streams do not wait for it.
  VGG16_CUDA_CHECK(cudaStreamSynchronize(nullptr));
}

void DeviceBuffer::download(void* host, int64_t size_bytes) const {
  assert(size_bytes <= size_bytes_);
  if (size_bytes > 0)
    VGG16_CUDA_CHECK(cudaMemcpy(host, data_, static_cast<size_t>(size_bytes), cudaMemcpyDeviceToHost));
}

PinnedBuffer::PinnedBuffer(int64_t size_bytes) : size_bytes_(size_bytes) {
  if (size_bytes > 0) VGG16_CUDA_CHECK(cudaMallocHost(&data_, static_cast<size_t>(size_bytes)));
}

PinnedBuffer::~PinnedBuffer() {
  if (data_ != nullptr) static_cast<void>(cudaFreeHost(data_));
}

Stream::Stream() { VGG16_CUDA_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }

Stream::~Stream() {
  if (stream_ != nullptr) static_cast<void>(cudaStreamDestroy(stream_));
}

void Stream::synchronize() const { VGG16_CUDA_CHECK(cudaStreamSynchronize(stream_)); }

Event::Event() { VGG16_CUDA_CHECK(cudaEventCreate(&event_)); }

Event::~Event() {
  if (event_ != nullptr) static_cast<void>(cudaEventDestroy(event_));
}

void Event::record(CudaStream stream) const { VGG16_CUDA_CHECK(cudaEventRecord(event_, stream)); }

void Event::delay(CudaStream stream) const { VGG16_CUDA_CHECK(cudaStreamWaitEvent(stream, event_, 0)); }

void Event::synchronize() const { VGG16_CUDA_CHECK(cudaEventSynchronize(event_)); }

float Event::elapsed_ms(const Event& begin, const Event& end) {
  float ms = 0;
  VGG16_CUDA_CHECK(cudaEventElapsedTime(&ms, begin.event_, end.event_));
  return ms;
}

}  // namespace vgg16
