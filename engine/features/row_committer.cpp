#include "features/row_committer.h"

#include <algorithm>
#include <system_error>

#include "features/intact.h"
#include "vgg16/error.h"

namespace vgg16 {

RowCommitter::RowCommitter(const PosixFile& file, const FeatureHeader& header, int64_t rows_per_commit)
    : file_(file),
      header_(header),
      rows_per_commit_(static_cast<size_t>(std::max<int64_t>(rows_per_commit, 1))),
      max_rows_in_memory_(std::max<int64_t>(4, kBufferBytes / header.row_bytes)) {
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    throw Error(ErrorCode::kMemory,
                file.name() + ": cannot start a thread to write it: " + system_message(error.code().value()));
  }
}

RowCommitter::~RowCommitter() {
  {
    const std::scoped_lock lock(mutex_);
    closing_ = true;
  }
  work_.notify_one();
  thread_.join();
}

// Row buffers are allocated on demand, up to max_rows_in_memory_, and reused. Waiting here is what slows the
// computation down when the disk is the bottleneck.
std::vector<std::byte> RowCommitter::acquire() {
  std::unique_lock lock(mutex_);
  progress_.wait(lock, [&] { return failure_ || !free_.empty() || rows_in_memory_ < max_rows_in_memory_; });
  rethrow_failure();
  if (!free_.empty()) {
    std::vector<std::byte> memory = std::move(free_.back());
    free_.pop_back();
    return memory;
  }
  std::vector<std::byte> memory(static_cast<size_t>(header_.row_bytes));
  free_.reserve(static_cast<size_t>(rows_in_memory_) + 1);  // so that release() never has to allocate
  ++rows_in_memory_;
  return memory;
}

void RowCommitter::release(std::vector<std::byte> memory) {
  const std::scoped_lock lock(mutex_);
  free_.push_back(std::move(memory));
}

void RowCommitter::queue(int64_t row, uint32_t checksum, std::vector<std::byte> memory) {
  {
    const std::scoped_lock lock(mutex_);
    rethrow_failure();
    queue_.push_back({row, checksum, std::move(memory)});
  }
  work_.notify_one();
}

// Counts requests instead of setting a flag, so that several threads can wait, each for its own rows.
void RowCommitter::commit() {
  std::unique_lock lock(mutex_);
  rethrow_failure();
  const int64_t wanted = ++commits_wanted_;
  work_.notify_one();
  progress_.wait(lock, [&] { return failure_ || commits_done_ >= wanted; });
  rethrow_failure();
}

void RowCommitter::rethrow_failure() const {
  if (failure_) std::rethrow_exception(failure_);
}

// The thread's loop: take all queued rows, write them, commit if a commit is requested or due.
void RowCommitter::run() {
  try {
    std::vector<QueuedRow> rows;
    for (;;) {
      int64_t wanted = 0;
      bool close = false;
      {
        std::unique_lock lock(mutex_);
        const auto has_work = [&] { return !queue_.empty() || commits_done_ < commits_wanted_ || closing_; };
        // With uncommitted rows, wake up in time for the next commit even if nothing else is queued.
        if (written_.empty()) {
          work_.wait(lock, has_work);
        } else {
          work_.wait_until(lock, written_since_ + kCommitInterval, has_work);
        }
        std::swap(rows, queue_);
        wanted = commits_wanted_;
        close = closing_;
      }
      write_rows(rows);
      if (commits_done_ < wanted || close || commit_is_due()) commit_written();
      if (close) return;
      {
        const std::scoped_lock lock(mutex_);
        commits_done_ = wanted;
      }
      progress_.notify_all();
    }
  } catch (...) {
    {
      const std::scoped_lock lock(mutex_);
      // The thread ends; waiting and later calls throw this.
      failure_ = std::current_exception();
    }
    progress_.notify_all();
  }
}

void RowCommitter::write_rows(std::vector<QueuedRow>& rows) {
  for (QueuedRow& row : rows) {
    // If another program has truncated the file, writing a later row would restore its size and hide that rows are
    // lost.
    require_size(file_, header_);
    file_.write_at(header_.features_offset + row.row * header_.row_bytes, row.memory);
    if (written_.empty()) written_since_ = std::chrono::steady_clock::now();
    written_.emplace_back(row.row, row.checksum);
    release(std::move(row.memory));
    progress_.notify_all();
    if (written_.size() >= rows_per_commit_ || commit_is_due()) commit_written();
  }
  rows.clear();
}

bool RowCommitter::commit_is_due() const {
  return !written_.empty() && std::chrono::steady_clock::now() >= written_since_ + kCommitInterval;
}

void RowCommitter::commit_written() {
  if (written_.empty()) return;
  file_.sync();
  // Rows arrive in any order; sorted, the checksums of consecutive rows can be written together.
  std::sort(written_.begin(), written_.end());
  std::vector<uint32_t> checksums;  // of consecutive rows, which are written with one call
  for (size_t begin = 0; begin < written_.size();) {
    const int64_t first = written_[begin].first;
    checksums.clear();
    for (size_t i = begin; i < written_.size() && written_[i].first == first + static_cast<int64_t>(i - begin); ++i) {
      checksums.push_back(written_[i].second);
    }
    file_.write_at(header_.row_crc32_offset + 4 * first, std::as_bytes(std::span(checksums)));
    begin += checksums.size();
  }
  file_.sync();
  committed_ += static_cast<int64_t>(written_.size());
  for (const auto& [row, checksum] : written_) latest_.push_back(row);
  if (latest_.size() > kLatestRows) latest_.erase(latest_.begin(), latest_.end() - kLatestRows);
  written_.clear();
}

}  // namespace vgg16
