#include "extract/pipeline.h"

#include <time.h>

#include <algorithm>
#include <atomic>
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
#include <utility>
#include <vector>

#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

// Beside the batches that lanes compute, one batch is ready and one is being filled. Pictures differ in decoding time,
// but over a batch the differences average out, so more buffers would not help.
constexpr int64_t kSpareBuffers = 2;

// The caller's ways to end a run, either of which may be absent.
class StopFlags {
 public:
  StopFlags(const std::atomic<bool>* stop, const std::atomic<bool>* cancelled) : stop_(stop), cancelled_(cancelled) {}
  [[nodiscard]] bool is_cancelled() const { return cancelled_ != nullptr && *cancelled_; }
  operator bool() const { return is_cancelled() || (stop_ != nullptr && *stop_); }

 private:
  const std::atomic<bool>* stop_;
  const std::atomic<bool>* cancelled_;
};

// One batch of pictures that is being loaded.
struct BatchBuffer {
  std::vector<uint8_t> pixels;                      // (pictures, 224, 224, 3)
  std::vector<std::optional<std::string>> reasons;  // per picture: why it has no pixels, or empty
  int64_t missing = 0;                              // pictures that have not been tried yet
  int64_t holds = -1;                               // number of the batch that this buffer is for
};

// To be called in a catch block: rethrows the exception of a loader as an Error that names the picture.
[[noreturn]] void rethrow_for(const std::filesystem::path& path) {
  const std::string name = printable_path(path);
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

// Processor time of this thread.
double thread_cpu_s() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// The decode threads and the ring of batches that they fill. Batch k uses buffer k % n_buffers(). Threads claim
// pictures one by one in input order, so all threads help with the oldest batch first.
class Loader {
 public:
  Loader(std::span<const std::filesystem::path> paths, const LoadPicture& load, size_t n_lanes,
         const PipelineOptions& options)
      : paths_(paths), load_(load), batch_size_(options.batch_size), buffers_(n_lanes + kSpareBuffers) {
    for (int64_t batch = 0; batch < std::min(n_buffers(), batches()); ++batch) {
      buffer(batch).pixels.resize(kPictureBytes * static_cast<size_t>(pictures_in(batch)));
      prepare(batch);
    }
    start(options.decode_threads);
  }

  ~Loader() { end(); }
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  [[nodiscard]] int64_t batches() const { return (count() + batch_size_ - 1) / batch_size_; }

  // Waits until every picture of `batch` has been tried. Null if close() is called or `stop` becomes true first. Throws
  // what a loader threw.
  BatchBuffer* wait_for(int64_t batch, const StopFlags& stop) {
    std::unique_lock lock(mutex_);
    const auto is_complete = [&] { return buffer(batch).holds == batch && buffer(batch).missing == 0; };
    const auto is_over = [&] { return error_ != nullptr || closed_ || is_complete(); };
    // `stop` is polled because a signal handler may set it, which cannot notify a condition variable.
    while (!complete_.wait_for(lock, std::chrono::milliseconds(20), is_over)) {
      if (stop) return nullptr;
    }
    if (error_ != nullptr) std::rethrow_exception(error_);
    return closed_ ? nullptr : &buffer(batch);
  }

  // Makes the buffer of `batch` available for a later batch. Lanes may release in any order.
  void release(int64_t batch) {
    {
      const std::lock_guard lock(mutex_);
      if (batch + n_buffers() < batches()) prepare(batch + n_buffers());
    }
    room_.notify_all();
  }

  // No further picture is loaded, and all waits end.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    room_.notify_all();
    complete_.notify_all();
  }

  // Closes and waits for the threads.
  void end() {
    close();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  // Processor time that the threads took together for the pictures that have been tried.
  double cpu_s() {
    const std::lock_guard lock(mutex_);
    return cpu_s_;
  }

 private:
  [[nodiscard]] int64_t count() const { return static_cast<int64_t>(paths_.size()); }
  [[nodiscard]] int64_t pictures_in(int64_t batch) const {
    return std::min(batch_size_, count() - batch * batch_size_);
  }
  [[nodiscard]] int64_t n_buffers() const { return static_cast<int64_t>(buffers_.size()); }
  BatchBuffer& buffer(int64_t batch) { return buffers_[static_cast<size_t>(batch % n_buffers())]; }

  // Assigns a buffer to `batch`: from now on its pictures may be claimed. Needs mutex_, except in the constructor.
  void prepare(int64_t batch) {
    buffer(batch).holds = batch;
    buffer(batch).missing = pictures_in(batch);
    buffer(batch).reasons.assign(static_cast<size_t>(buffer(batch).missing), std::nullopt);
  }

  // With fewer threads than wanted the run is slower, so only having none is an error.
  void start(int n_threads) {
    try {
      while (static_cast<int>(threads_.size()) < n_threads) threads_.emplace_back([this] { work(); });
    } catch (const std::system_error& e) {
      if (threads_.empty())
        throw Error(ErrorCode::kMemory, std::string("cannot start a thread to decode pictures: ") + e.what());
    } catch (...) {
      end();
      throw;
    }
  }

  // Waits until the batch of the next picture has a buffer and returns the picture's index; empty if no picture is left
  // or the loader is closed.
  std::optional<int64_t> claim() {
    std::unique_lock lock(mutex_);
    const auto has_room = [&] { return buffer(next_ / batch_size_).holds == next_ / batch_size_; };
    room_.wait(lock, [&] { return closed_ || next_ == count() || has_room(); });
    if (closed_ || next_ == count()) return std::nullopt;
    return next_++;
  }

  void work() {
    double counted_s = 0;
    while (const std::optional<int64_t> index = claim()) {
      BatchBuffer& batch = buffer(*index / batch_size_);
      try {
        load_into(batch, *index);
      } catch (...) {
        {
          const std::lock_guard lock(mutex_);
          if (error_ == nullptr) error_ = std::current_exception();
        }
        close();
        return;
      }
      const double now_s = thread_cpu_s();
      const std::lock_guard lock(mutex_);
      cpu_s_ += now_s - std::exchange(counted_s, now_s);
      if (--batch.missing == 0) complete_.notify_all();
    }
  }

  // Without mutex_: the picture's place belongs to this thread (see buffers_).
  void load_into(BatchBuffer& batch, int64_t index) {
    const auto at = static_cast<size_t>(index % batch_size_);
    const std::filesystem::path& path = paths_[static_cast<size_t>(index)];
    try {
      const Result<Image> image = load_(index, path);
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
  std::condition_variable room_;      // a buffer became free, or the loader was closed
  std::condition_variable complete_;  // a batch became complete, or the loader was closed
  // Guarded by mutex_, except the pixels and reason of a picture from its claim until it is counted in `missing`: these
  // belong to the thread that claimed it.
  std::vector<BatchBuffer> buffers_;
  int64_t next_ = 0;
  bool closed_ = false;
  double cpu_s_ = 0;
  std::exception_ptr error_;

  std::vector<std::thread> threads_;
};

// Moves the pictures that have pixels to the front, in order, and returns how many there are.
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

// Calls the callbacks for all pictures of a batch, in order; rows has one row per picture without a reason.
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

// Adds the time since the last call of add_to (or the construction) to one of several totals.
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

// A computed batch: the rows of its good pictures, and per picture the reason why it has no row, or empty.
struct Computed {
  std::vector<float> rows;
  std::vector<std::optional<std::string>> reasons;
};

// Waits for batch k, computes it into `out` and releases its buffer. False if the batch is dropped because `stop` is
// set or the loader is closed.
bool compute_batch(Loader& loader, RowComputer& lane, int64_t k, const StopFlags& stop, Computed& out, Stopwatch& watch,
                   ExtractTimes& times) {
  BatchBuffer* batch = loader.wait_for(k, stop);
  watch.add_to(times.waiting_for_pictures_s);
  if (batch == nullptr) return false;
  const int good = compact(*batch);
  const int part = lane.pictures_at_a_time();
  for (int first = 0; first < good; first += part) {
    if (first > 0 && stop) return false;
    lane.compute({batch->pixels.data() + static_cast<size_t>(first) * kPictureBytes, std::min(part, good - first)},
                 out.rows.data() + first * lane.columns());
  }
  // Taken before the buffer is released: a decode thread may refill it at once, while the rows wait to be delivered.
  out.reasons = std::move(batch->reasons);
  loader.release(k);
  watch.add_to(times.computing_s);
  return true;
}

// A thread that computes batches first, first + step, ..., and waits after each until take() has used it.
class Lane {
 public:
  Lane(Loader& loader, RowComputer& computer, int64_t first, int64_t step, const StopFlags& stop, size_t row_numbers)
      : loader_(loader), computer_(computer), step_(step), stop_(stop), batch_(first) {
    computed_.rows.resize(row_numbers);
    try {
      thread_ = std::thread([this] { work(); });
    } catch (const std::system_error& e) {
      throw Error(ErrorCode::kMemory, std::string("cannot start a thread to run the network: ") + e.what());
    }
  }

  ~Lane() { end(); }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Waits for the lane's next batch and calls use(batch, how the lane has spent its time). False if the batch was
  // dropped. Throws what computing it threw.
  template <class Use>
  bool take(Use use) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ready_ || dropped_ || error_ != nullptr; });
    if (error_ != nullptr) std::rethrow_exception(error_);
    if (dropped_) return false;
    lock.unlock();
    use(computed_, times_);  // the thread waits
    lock.lock();
    ready_ = false;
    changed_.notify_all();
    return true;
  }

  // Waits until the thread has ended, and returns how it spent its time. The loader must have been closed.
  const ExtractTimes& end() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    return times_;
  }

 private:
  void work() {
    Stopwatch watch;
    try {
      for (; batch_ < loader_.batches(); batch_ += step_) {
        const bool computed = compute_batch(loader_, computer_, batch_, stop_, computed_, watch, times_);
        std::unique_lock lock(mutex_);
        (computed ? ready_ : dropped_) = true;
        changed_.notify_all();
        if (!computed) return;
        changed_.wait(lock, [&] { return ended_ || !ready_; });
        watch.add_to(times_.delivering_s);
        if (ended_) return;
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      error_ = std::current_exception();
      changed_.notify_all();
    }
  }

  Loader& loader_;
  RowComputer& computer_;
  const int64_t step_;
  const StopFlags& stop_;
  int64_t batch_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ready_ = false;  // true: computed_ belongs to the caller of take(); false: to the thread
  bool dropped_ = false;
  bool ended_ = false;
  std::exception_ptr error_;
  Computed computed_;
  ExtractTimes times_;
  std::thread thread_;
};

// Closes the loader at the end of a scope, also after an exception, so that lanes do not wait for pictures for ever.
class Closing {
 public:
  explicit Closing(Loader& loader) : loader_(loader) {}
  ~Closing() { loader_.close(); }
  Closing(const Closing&) = delete;
  Closing& operator=(const Closing&) = delete;

 private:
  Loader& loader_;
};

// Adds to `times` the share of decoding.
ExtractTimes with_decoding(ExtractTimes times, Loader& loader, const PipelineOptions& options) {
  const double processor_s =
      options.processors * (times.waiting_for_pictures_s + times.computing_s + times.delivering_s);
  if (processor_s > 0) times.decoding_share = std::min(1.0, loader.cpu_s() / processor_s);
  return times;
}

// One engine: computing and delivering alternate on this thread, while the decode threads go on.
ExtractTimes run_on_caller(Loader& loader, RowComputer& lane, const ExtractCallbacks& callbacks, const StopFlags& stop,
                           const PipelineOptions& options, size_t row_numbers) {
  ExtractTimes times;
  Stopwatch watch;
  Computed computed;
  computed.rows.resize(row_numbers);
  for (int64_t k = 0; k < loader.batches() && !stop; ++k) {
    if (!compute_batch(loader, lane, k, stop, computed, watch, times)) break;
    deliver(computed.reasons, k * options.batch_size, computed.rows, lane.columns(), callbacks);
    watch.add_to(times.delivering_s);
    if (callbacks.batch) callbacks.batch(with_decoding(times, loader, options));
  }
  return times;
}

// Lane k % n_lanes computes batch k, so taking from the lanes in turn gives the batches in input order.
ExtractTimes run_in_lanes(Loader& loader, std::span<RowComputer> computers, const ExtractCallbacks& callbacks,
                          const StopFlags& stop, const PipelineOptions& options, size_t row_numbers) {
  const auto n_lanes = static_cast<int64_t>(computers.size());
  std::vector<std::unique_ptr<Lane>> lanes;
  const Closing closing(loader);  // declared after `lanes`, so that it closes before the lanes' destructors wait
  for (int64_t i = 0; i < n_lanes; ++i) {
    lanes.push_back(std::make_unique<Lane>(loader, computers[static_cast<size_t>(i)], i, n_lanes, stop, row_numbers));
  }
  std::vector<ExtractTimes> spent(computers.size());
  // Lanes run at the same time, so their mean is comparable to the time that has passed.
  const auto mean = [&] {
    ExtractTimes times;
    for (const ExtractTimes& own : spent) {
      times.waiting_for_pictures_s += own.waiting_for_pictures_s / static_cast<double>(n_lanes);
      times.computing_s += own.computing_s / static_cast<double>(n_lanes);
      times.delivering_s += own.delivering_s / static_cast<double>(n_lanes);
    }
    return times;
  };
  for (int64_t k = 0; k < loader.batches() && !stop; ++k) {
    const auto lane = static_cast<size_t>(k % n_lanes);
    const bool delivered = lanes[lane]->take([&](const Computed& computed, const ExtractTimes& times) {
      deliver(computed.reasons, k * options.batch_size, computed.rows, computers[0].columns(), callbacks);
      spent[lane] = times;
    });
    if (!delivered) break;
    if (callbacks.batch) callbacks.batch(with_decoding(mean(), loader, options));
  }
  loader.close();
  for (size_t i = 0; i < lanes.size(); ++i) spent[i] = lanes[i]->end();
  return mean();
}

}  // namespace

ExtractTimes run_pipeline(std::span<RowComputer> lanes, std::span<const std::filesystem::path> paths,
                          const LoadPicture& load, const ExtractCallbacks& callbacks, const PipelineOptions& options) {
  for (const RowComputer& lane : lanes) {
    require(options.batch_size >= 1 && options.batch_size <= lane.max_batch(), ErrorCode::kInvalidArgument,
            "batch size " + std::to_string(options.batch_size) + ", expected 1 to " + std::to_string(lane.max_batch()));
  }
  require(options.decode_threads >= 1, ErrorCode::kInvalidArgument, "decode threads must be at least 1");
  if (paths.empty()) return {};
  const size_t row_numbers =
      std::min(paths.size(), static_cast<size_t>(options.batch_size)) * static_cast<size_t>(lanes[0].columns());
  Loader loader(paths, load, lanes.size(), options);
  const StopFlags stop(callbacks.stop, options.cancelled);
  const ExtractTimes times = lanes.size() == 1 ? run_on_caller(loader, lanes[0], callbacks, stop, options, row_numbers)
                                               : run_in_lanes(loader, lanes, callbacks, stop, options, row_numbers);
  if (stop.is_cancelled()) throw_cancelled();
  loader.end();
  return with_decoding(times, loader, options);
}

}  // namespace vgg16
