// Pictures are read and decoded on a few threads while the network runs on the caller's.
#pragma once

#include <filesystem>
#include <functional>
#include <span>

#include "extract/rows.h"
#include "vgg16/error.h"
#include "vgg16/extractor.h"
#include "vgg16/image.h"

namespace vgg16 {

/// How a picture comes from its path: load_image, or a test's invention. Called from several threads at a time.
using LoadPicture = std::function<Result<Image>(const std::filesystem::path&)>;

struct PipelineOptions {
  int batch_size = 32;     ///< 1 to rows.max_batch()
  int decode_threads = 2;  ///< at least 1; fewer are used where the system gives no more
};

/// Loads `paths`, resizes each picture to 224 x 224, computes their rows and reports them, in input order and on the
/// caller's thread. Batch k is pictures [k * batch_size, (k + 1) * batch_size) without those that failed, so a failure
/// costs nothing and moves nothing. Three batches of pixels are held, 150,528 bytes a picture, and one batch of rows.
/// When callbacks.stop is set, no further batch is started; what has been computed has been reported.
/// Throws Error{kShape, kDevice} from the backend, Error{kMemory} also for a picture that found no memory, and whatever
/// a callback throws; all threads have ended by then.
ExtractTimes run_pipeline(RowComputer& rows, std::span<const std::filesystem::path> paths, const LoadPicture& load,
                          const ExtractCallbacks& callbacks, const PipelineOptions& options);

}  // namespace vgg16
