// Owners of CUDA's resources. Each belongs to the device that was current when it was made, which must be current again
// when it is destroyed. Move-only. Destructors release and never throw; constructors and members that call CUDA
// throw CudaError (kernels/cuda_error.h).
#pragma once

#include <cstdint>
#include <utility>

#include "kernels/device_tensor.h"

struct CUevent_st;

namespace vgg16 {

/// Memory on the device, aligned to 256 bytes, not initialised. Null for 0 bytes.
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

  /// Copies `size_bytes` from or to host memory, starting at the buffer's beginning; waits until the copy is done.
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

/// Page-locked host memory: the device copies from and to it directly and asynchronously, other host memory goes
/// through a buffer of the driver. Null for 0 bytes.
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

/// A non-blocking stream: its work does not wait for work in the default stream.
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

/// A point in a stream's sequence of work, and the time at which the device reached it.
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
  /// Makes what is put into `stream` from now on wait until the device has reached it. Does not wait itself.
  void delay(CudaStream stream) const;
  /// Waits until the device has reached it.
  void synchronize() const;
  /// Time between two events that the device has reached, in milliseconds.
  [[nodiscard]] static float elapsed_ms(const Event& begin, const Event& end);

 private:
  CUevent_st* event_ = nullptr;
};

}  // namespace vgg16
