// Owners of what CUDA hands out. Each belongs to the device that was current when it was made, is move-only, and gives
// back in its destructor, which never throws. Constructors throw CudaError (kernels/cuda_error.h).
#pragma once

#include <cstdint>
#include <utility>

#include "kernels/device_tensor.h"

struct CUevent_st;

namespace vgg16 {

/// Memory on the device, aligned to 256 bytes, not initialised. Empty for 0 bytes.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  explicit DeviceBuffer(int64_t size_bytes);
  ~DeviceBuffer();
  DeviceBuffer(DeviceBuffer&& other) noexcept { swap(other); }
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    DeviceBuffer(std::move(other)).swap(*this);
    return *this;
  }

  template <class T = void>
  [[nodiscard]] T* data() const {
    return static_cast<T*>(data_);
  }
  [[nodiscard]] int64_t size_bytes() const { return size_bytes_; }

  /// Copies to and from the whole buffer's first `size_bytes`; both wait until the copy is done.
  void upload(const void* host, int64_t size_bytes);
  void download(void* host, int64_t size_bytes) const;

 private:
  void swap(DeviceBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_bytes_, other.size_bytes_);
  }
  void* data_ = nullptr;
  int64_t size_bytes_ = 0;
};

/// Page-locked host memory, which the device copies from and to without a detour. Empty for 0 bytes.
class PinnedBuffer {
 public:
  PinnedBuffer() = default;
  explicit PinnedBuffer(int64_t size_bytes);
  ~PinnedBuffer();
  PinnedBuffer(PinnedBuffer&& other) noexcept { swap(other); }
  PinnedBuffer& operator=(PinnedBuffer&& other) noexcept {
    PinnedBuffer(std::move(other)).swap(*this);
    return *this;
  }

  template <class T = void>
  [[nodiscard]] T* data() const {
    return static_cast<T*>(data_);
  }
  [[nodiscard]] int64_t size_bytes() const { return size_bytes_; }

 private:
  void swap(PinnedBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_bytes_, other.size_bytes_);
  }
  void* data_ = nullptr;
  int64_t size_bytes_ = 0;
};

/// A stream of its own, which does not wait for the default stream.
class Stream {
 public:
  Stream();
  ~Stream();
  Stream(Stream&& other) noexcept : stream_(std::exchange(other.stream_, nullptr)) {}
  Stream& operator=(Stream&& other) noexcept {
    std::swap(stream_, other.stream_);
    return *this;
  }
  [[nodiscard]] CudaStream get() const { return stream_; }
  /// Waits until everything put into the stream is done. Throws CudaError where any of it failed.
  void synchronize() const;

 private:
  CudaStream stream_ = nullptr;
};

/// A mark in a stream, with its time.
class Event {
 public:
  Event();
  ~Event();
  Event(Event&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
  Event& operator=(Event&& other) noexcept {
    std::swap(event_, other.event_);
    return *this;
  }
  void record(CudaStream stream) const;
  /// Waits until the mark has been passed.
  void synchronize() const;
  /// Time between two marks that have been passed, in milliseconds.
  [[nodiscard]] static float elapsed_ms(const Event& begin, const Event& end);

 private:
  CUevent_st* event_ = nullptr;
};

}  // namespace vgg16
