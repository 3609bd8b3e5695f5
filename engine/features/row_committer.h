// The thread that writes rows to the features file and commits them.
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

/// Writes rows at their offsets on a thread of its own and commits them in groups: write rows, sync, write their
/// checksums, sync. So a checksum on disk means that the row is on disk. A group ends after rows_per_commit rows, or
/// kCommitInterval after its first row was written. Memory is at most kBufferBytes, or four rows if these are larger,
/// whatever the size of a group. After an error nothing more is written, and every later call throws that error.
class RowCommitter {
 public:
  static constexpr int64_t kBufferBytes = int64_t{32} << 20;
  /// Users are promised two seconds; half a second is left for the sync itself.
  static constexpr std::chrono::milliseconds kCommitInterval{1500};
  /// The number of rows that latest() remembers.
  static constexpr size_t kLatestRows = 256;

  /// `file` and `header` must outlive the committer. Throws Error{kMemory} if the system cannot start a thread.
  RowCommitter(const PosixFile& file, const FeatureHeader& header, int64_t rows_per_commit);
  /// Commits what has been queued, unless an error has occurred. Errors in the destructor are lost, so call commit()
  /// first.
  ~RowCommitter();
  RowCommitter(const RowCommitter&) = delete;
  RowCommitter& operator=(const RowCommitter&) = delete;

  /// Returns memory for one row (header.row_bytes); waits if all of it is in use. The caller must return it with
  /// queue() or release().
  [[nodiscard]] std::vector<std::byte> acquire();
  void release(std::vector<std::byte> memory);
  void queue(int64_t row, uint32_t checksum, std::vector<std::byte> memory);

  /// Waits until everything queued before is committed. Thread-safe.
  void commit();

  /// Rows whose checksums are on the disk. Thread-safe.
  [[nodiscard]] int64_t committed() const { return committed_.load(); }
  /// The rows that were committed last. May be called between commit() and the next queue() only.
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

  std::mutex mutex_;  // guards the members up to failure_
  std::condition_variable work_;
  std::condition_variable progress_;
  std::vector<QueuedRow> queue_;
  std::vector<std::vector<std::byte>> free_;
  int64_t rows_in_memory_ = 0;
  int64_t commits_wanted_ = 0;
  int64_t commits_done_ = 0;
  bool closing_ = false;
  std::exception_ptr failure_;

  // Used by the thread only.
  std::vector<std::pair<int64_t, uint32_t>> written_;    // rows that were written, with their checksums, which were not
  std::chrono::steady_clock::time_point written_since_;  // when the first of them was written
  std::vector<int64_t> latest_;

  std::atomic<int64_t> committed_ = 0;
  std::thread thread_;
};

}  // namespace vgg16
