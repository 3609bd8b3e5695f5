// Pictures are read and decoded on a few threads while the network runs on the caller's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

#include "extract/rows.h"
#include "vgg16/error.h"
#include "vgg16/extractor.h"
#include "vgg16/image.h"

namespace vgg16 {

/// How picture `index` comes from its path. Called from several threads at a time.
using LoadPicture = std::function<Result<Image>(int64_t index, const std::filesystem::path& path)>;

struct PipelineOptions {
  int batch_size = 32;     ///< 1 to max_batch() of every lane
  int decode_threads = 2;  ///< at least 1; fewer are used where the system gives no more
};

/// Loads `paths`, resizes each picture to 224 x 224, computes their rows and reports them, in input order and on the
/// caller's thread. Batch k is pictures [k * batch_size, (k + 1) * batch_size) without those that failed, so a failure
/// costs nothing and moves nothing. One lane computes on the caller's thread; several, over engines that give the same
/// bits, each on a thread of its own, so that one copies and reports while another computes. Two batches of pixels more
/// than there are lanes are held, 150,528 bytes a picture, and a batch of rows per lane.
/// Once callbacks.stop is set, no batch is reported but the one whose turn it is, and that too is dropped while its
/// pictures are waited for and between the parts in which the backend computes it. What was reported is always whole
/// batches from the beginning of the input.
/// Throws Error{kShape, kDevice} from a backend, Error{kMemory} also for a picture that found no memory, and whatever
/// a callback throws; all threads have ended by then, and every batch before the one that failed has been reported.
ExtractTimes run_pipeline(std::span<RowComputer> lanes, std::span<const std::filesystem::path> paths,
                          const LoadPicture& load, const ExtractCallbacks& callbacks, const PipelineOptions& options);

}  // namespace vgg16
