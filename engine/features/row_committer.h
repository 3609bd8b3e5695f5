// Rows on their way to the disk.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "features/header.h"
#include "files/posix_file.h"

namespace vgg16 {

/// Writes rows at their offsets on a thread of its own and commits them in groups: rows, sync, their checksums, sync.
/// A checksum on the disk therefore means that the row is on the disk. A group is so many rows, or what was written in
/// kCommitInterval. Memory is bounded by kBufferBytes or four rows, whatever the size of a group.
/// After an error nothing more is written; the error is thrown by every later call.
class RowCommitter {
 public:
  static constexpr int64_t kBufferBytes = int64_t{32} << 20;
  /// Two seconds are promised; the rest is for the disk.
  static constexpr std::chrono::milliseconds kCommitInterval{1500};
  /// How many rows are remembered as the latest.
  static constexpr size_t kLatestRows = 256;

  /// `file` and `header` must outlive the committer. Throws Error{kMemory} where no thread can be had.
  RowCommitter(const PosixFile& file, const FeatureHeader& header, int64_t rows_per_commit);
  /// Commits what has been queued, unless something has failed; errors are lost, so call commit() before.
  ~RowCommitter();
  RowCommitter(const RowCommitter&) = delete;
  RowCommitter& operator=(const RowCommitter&) = delete;

  /// Memory for one row, header.row_bytes, waiting for it if need be. Give it back through queue() or release().
  [[nodiscard]] std::vector<std::byte> acquire();
  void release(std::vector<std::byte> memory);
  void queue(int64_t row, uint32_t checksum, std::vector<std::byte> memory);

  /// Waits until everything queued before is committed. Thread-safe.
  void commit();

  /// Rows whose checksums are on the disk. Thread-safe.
  [[nodiscard]] int64_t committed() const { return committed_.load(); }
  /// The rows that were committed last. Between commit() and the next queue().
  [[nodiscard]] const std::vector<int64_t>& latest() const { return latest_; }

 private:
  struct QueuedRow {
    int64_t row;
    uint32_t checksum;
    std::vector<std::byte> memory;
  };

  void run();
  void write_rows(std::vector<QueuedRow>& rows);
  void commit_written();
  [[nodiscard]] bool commit_is_due() const;
  void rethrow_failure() const;

  const PosixFile& file_;
  const FeatureHeader& header_;
  const size_t rows_per_commit_;
  const int64_t max_rows_in_memory_;

  std::mutex mutex_;  // guards everything up to the blank line
  std::condition_variable work_;
  std::condition_variable progress_;
  std::vector<QueuedRow> queue_;
  std::vector<std::vector<std::byte>> free_;
  int64_t rows_in_memory_ = 0;
  int64_t commits_wanted_ = 0;
  int64_t commits_done_ = 0;
  bool closing_ = false;
  std::exception_ptr failure_;

  // The thread's own.
  std::vector<std::pair<int64_t, uint32_t>> written_;    // rows without a checksum on disk
  std::chrono::steady_clock::time_point written_since_;  // when the first of them was written
  std::vector<int64_t> latest_;

  std::atomic<int64_t> committed_ = 0;
  std::thread thread_;
};

}  // namespace vgg16
