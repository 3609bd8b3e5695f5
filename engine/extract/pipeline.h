// The extraction pipeline: some threads read and decode pictures while the network runs on others.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

#include "extract/rows.h"
#include "vgg16/error.h"
#include "vgg16/extractor.h"
#include "vgg16/image.h"

namespace vgg16 {

/// Loads picture `index` from its path, at any size (at 224 x 224 resizing changes nothing), or fails with a reason.
/// Called from several threads at a time.
using LoadPicture = std::function<Result<Image>(int64_t index, const std::filesystem::path& path)>;

struct PipelineOptions {
  int batch_size = 32;                           ///< 1 to max_batch() of every lane
  int decode_threads = 2;                        ///< at least 1; fewer are used if the system refuses to start more
  int processors = 0;                            ///< that decoding shares with the lanes; 0 if these compute elsewhere
  const std::atomic<bool>* cancelled = nullptr;  ///< when it becomes true, the run ends with Error{kCancelled}
};

/// Loads `paths`, resizes each picture to 224 x 224, computes their features and calls the callbacks, in input order
/// and on the caller's thread. Batch k is pictures [k * batch_size, (k + 1) * batch_size) without those that failed, so
/// a failure does not move other pictures to other batches. A lane is an engine that computes whole batches. A single
/// lane computes on the caller's thread. Several lanes, whose engines must give the same bits, run on a thread each, so
/// that one copies and reports while another computes. Memory: lanes.size() + 2 batches of pixels (150,528 bytes per
/// picture), and a batch of rows per lane. When callbacks.stop becomes true, at most the batch in progress is still
/// reported; it is dropped while it waits for pictures, or between the parts in which the backend computes it. Only
/// whole batches are reported, from the beginning of the input without gaps. Throws what a backend throws
/// (Error{kShape, kDevice, kCancelled}), Error{kMemory}, also if a picture cannot be decoded for lack of memory, and
/// what a callback throws. All threads have ended by then, and every batch before the failed one has been reported.
ExtractTimes run_pipeline(std::span<RowComputer> lanes, std::span<const std::filesystem::path> paths,
                          const LoadPicture& load, const ExtractCallbacks& callbacks, const PipelineOptions& options);

}  // namespace vgg16
