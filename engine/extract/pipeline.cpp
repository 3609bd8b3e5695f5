#include "extract/pipeline.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

constexpr size_t kPictureBytes = size_t{3} * kInputSide * kInputSide;

// One in use by the network, one ready, one being filled: uneven pictures even out over a batch.
constexpr int64_t kBuffers = 3;

// One batch of pictures in the making. `reasons` says per picture why there are no pixels, if so.
struct BatchBuffer {
  std::vector<uint8_t> pixels;
  std::vector<std::optional<std::string>> reasons;
  int64_t missing = 0;  // pictures not yet loaded
};

// Rethrows what a loader threw as an Error that names the picture.
[[noreturn]] void rethrow_for(const std::filesystem::path& path) {
  const std::string name = printable(path.native());
  try {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kMemory, name + ": no memory to decode it; choose a smaller batch size or fewer threads");
  } catch (const std::exception& e) {
    throw Error(ErrorCode::kIo, name + ": cannot be loaded: " + printable(e.what()));
  }
}

// The threads that load, and a ring of batches between them and the one that computes. Pictures are claimed one by one
// in input order, so the oldest batch is always the first to be complete.
class Loader {
 public:
  Loader(std::span<const std::filesystem::path> paths, const LoadPicture& load, const PipelineOptions& options)
      : paths_(paths), load_(load), batch_size_(options.batch_size) {
    for (int64_t batch = 0; batch < std::min(kBuffers, batches()); ++batch) {
      buffer(batch).pixels.resize(kPictureBytes * static_cast<size_t>(pictures_in(batch)));
      prepare(batch);
    }
    start(options.decode_threads);
  }

  ~Loader() { end(); }
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  [[nodiscard]] int64_t batches() const { return (count() + batch_size_ - 1) / batch_size_; }

  // Waits until every picture of `batch` has been tried. Throws what a loader threw.
  BatchBuffer& wait_for(int64_t batch) {
    std::unique_lock lock(mutex_);
    complete_.wait(lock, [&] { return error_ != nullptr || buffer(batch).missing == 0; });
    if (error_ != nullptr) std::rethrow_exception(error_);
    return buffer(batch);
  }

  // `batch` has been used: its buffer may be filled again.
  void release(int64_t batch) {
    {
      const std::lock_guard lock(mutex_);
      if (batch + kBuffers < batches()) prepare(batch + kBuffers);
      released_ = batch + 1;
    }
    room_.notify_all();
  }

 private:
  [[nodiscard]] int64_t count() const { return static_cast<int64_t>(paths_.size()); }
  [[nodiscard]] int64_t pictures_in(int64_t batch) const {
    return std::min(batch_size_, count() - batch * batch_size_);
  }
  BatchBuffer& buffer(int64_t batch) { return buffers_[static_cast<size_t>(batch % kBuffers)]; }

  void prepare(int64_t batch) {
    buffer(batch).missing = pictures_in(batch);
    buffer(batch).reasons.assign(static_cast<size_t>(buffer(batch).missing), std::nullopt);
  }

  void start(int n_threads) {
    try {
      while (static_cast<int>(threads_.size()) < n_threads) threads_.emplace_back([this] { work(); });
    } catch (const std::system_error& e) {
      if (threads_.empty()) throw Error(ErrorCode::kMemory, std::string("no thread to decode pictures: ") + e.what());
    } catch (...) {
      end();
      throw;
    }
  }

  void end() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    room_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  // The next picture in input order, once its batch has a buffer; nothing when there is no more to do.
  std::optional<int64_t> claim() {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return ended_ || next_ == count() || next_ < (released_ + kBuffers) * batch_size_; });
    if (ended_ || next_ == count()) return std::nullopt;
    return next_++;
  }

  void work() {
    while (const std::optional<int64_t> index = claim()) {
      BatchBuffer& batch = buffer(*index / batch_size_);
      try {
        load_into(batch, *index);
      } catch (...) {
        {
          const std::lock_guard lock(mutex_);
          if (error_ == nullptr) error_ = std::current_exception();
          ended_ = true;
        }
        complete_.notify_one();
        room_.notify_all();
        return;
      }
      const std::lock_guard lock(mutex_);
      if (--batch.missing == 0) complete_.notify_one();
    }
  }

  void load_into(BatchBuffer& batch, int64_t index) {
    const auto at = static_cast<size_t>(index % batch_size_);
    const std::filesystem::path& path = paths_[static_cast<size_t>(index)];
    try {
      const Result<Image> image = load_(path);
      if (image) {
        resize_nearest(image.value(), kInputSide, batch.pixels.data() + at * kPictureBytes);
      } else {
        batch.reasons[at] = image.reason();
      }
    } catch (...) {
      rethrow_for(path);
    }
  }

  const std::span<const std::filesystem::path> paths_;
  const LoadPicture& load_;
  const int64_t batch_size_;

  std::mutex mutex_;
  std::condition_variable room_;      // a buffer became free, or all is over
  std::condition_variable complete_;  // a batch became complete, or a loader failed
  // Guarded by mutex_, but for the pixels and reasons of a picture between its claim and its completion.
  std::array<BatchBuffer, kBuffers> buffers_;
  int64_t next_ = 0;
  int64_t released_ = 0;
  bool ended_ = false;
  std::exception_ptr error_;

  std::vector<std::thread> threads_;
};

// Moves the pictures that have pixels to the front, in order. Returns how many.
int compact(BatchBuffer& batch) {
  int good = 0;
  for (size_t i = 0; i < batch.reasons.size(); ++i) {
    if (batch.reasons[i]) continue;
    const auto to = static_cast<size_t>(good++);
    if (to != i)
      std::memcpy(batch.pixels.data() + to * kPictureBytes, batch.pixels.data() + i * kPictureBytes, kPictureBytes);
  }
  return good;
}

void deliver(const std::vector<std::optional<std::string>>& reasons, int64_t first, const std::vector<float>& rows,
             int64_t columns, const ExtractCallbacks& callbacks) {
  const float* row = rows.data();
  for (size_t i = 0; i < reasons.size(); ++i) {
    const int64_t index = first + static_cast<int64_t>(i);
    if (reasons[i]) {
      if (callbacks.skipped) callbacks.skipped(index, *reasons[i]);
    } else {
      if (callbacks.row) callbacks.row(index, {row, static_cast<size_t>(columns)});
      row += columns;
    }
  }
}

// Adds the time since it last did so to one of the totals.
class Stopwatch {
 public:
  void add_to(double& total_s) {
    const Clock::time_point now = Clock::now();
    total_s += std::chrono::duration<double>(now - since_).count();
    since_ = now;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point since_ = Clock::now();
};

}  // namespace

ExtractTimes run_pipeline(RowComputer& rows, std::span<const std::filesystem::path> paths, const LoadPicture& load,
                          const ExtractCallbacks& callbacks, const PipelineOptions& options) {
  require(options.batch_size >= 1 && options.batch_size <= rows.max_batch(), ErrorCode::kInvalidArgument,
          "batch size " + std::to_string(options.batch_size) + ", expected 1 to " + std::to_string(rows.max_batch()));
  require(options.decode_threads >= 1, ErrorCode::kInvalidArgument, "decode threads must be at least 1");
  ExtractTimes times;
  if (paths.empty()) return times;
  Stopwatch watch;
  const auto largest = std::min(paths.size(), static_cast<size_t>(options.batch_size));
  std::vector<float> computed(largest * static_cast<size_t>(rows.columns()));
  Loader loader(paths, load, options);
  for (int64_t k = 0; k < loader.batches(); ++k) {
    if (callbacks.stop != nullptr && callbacks.stop->load()) break;
    BatchBuffer& batch = loader.wait_for(k);
    watch.add_to(times.waiting_for_pictures_s);
    const int good = compact(batch);
    if (good > 0) rows.compute({batch.pixels.data(), good}, computed.data());
    const std::vector<std::optional<std::string>> reasons = std::move(batch.reasons);
    loader.release(k);
    watch.add_to(times.computing_s);
    deliver(reasons, k * options.batch_size, computed, rows.columns(), callbacks);
    watch.add_to(times.delivering_s);
  }
  return times;
}

}  // namespace vgg16
