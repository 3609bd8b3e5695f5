#include "vgg16/extractor.h"

#include <algorithm>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "backend/make_backend.h"
#include "extract/listed_picture.h"
#include "extract/pipeline.h"
#include "extract/rows.h"
#include "kernels/parallel.h"
#include "vgg16/error.h"
#include "vgg16/image.h"
#include "vgg16/names.h"
#include "vgg16/preprocess.h"
#include "vocabulary/floating_point.h"

namespace vgg16 {
namespace {

constexpr int kMaxBatch = 1024;
constexpr int kMaxThreads = 1024;

// As many threads decode as compute: a picture of 12 megapixels can take as long to decode as to go through the
// network. On a CPU both share the cores. Small pictures are decoded long before they are needed, so most of the
// threads that decode then sleep.
PipelineOptions pipeline_options(const Backend& backend, const ExtractorOptions& options) {
  const int threads = options.threads == 0 ? available_processors() : options.threads;
  const int processors = std::min(available_processors(), 2 * threads);  // as many threads decode and compute together
  return {.batch_size = options.batch_size,
          .decode_threads = threads,
          .processors = backend.name() == "cpu" ? processors : 0};
}

void require_between(int value, int least, int most, const char* what) {
  require(value >= least && value <= most, ErrorCode::kInvalidArgument,
          std::string(what) + " " + std::to_string(value) + ", expected " + std::to_string(least) + " to " +
              std::to_string(most));
}

// Checks the options here, where their names are those that the caller used.
std::unique_ptr<Backend> backend_for(const Weights* weights, const ExtractorOptions& options, Stop stop,
                                     const std::atomic<bool>& cancelled) {
  require(weights != nullptr, ErrorCode::kInvalidArgument, "an extractor needs weights");
  require_between(options.batch_size, 1, kMaxBatch, "batch size");
  require_between(options.threads, 0, kMaxThreads, "threads");
  return make_backend(*weights, {.device = options.device,
                                 .precision = options.precision,
                                 .instruction_set = {},
                                 .threads = options.threads,
                                 .max_batch = options.batch_size,
                                 .stop = stop,
                                 .cancelled = &cancelled,
                                 .log = options.log});
}

}  // namespace

struct Extractor::Impl {
  Impl(std::shared_ptr<const Weights> shared, const ExtractorOptions& options)
      : weights(std::move(shared)),
        stop{layer_index(options.layer), options.pool},
        backend(backend_for(weights.get(), options, stop, cancelled)),
        pipeline(pipeline_options(*backend, options)) {
    lanes.emplace_back(*backend, stop);
    pipeline.cancelled = &cancelled;
  }

  // In parts that the backend computes together, so that it is cancelled between them.
  void compute(ImagesIn images, Stop at, float* rows) {
    const int64_t columns = features_shape(at, 1).count();
    const int part = std::min(pipeline.batch_size, backend->pictures_at_a_time());
    for (int first = 0; first < images.n; first += part) {
      const int n = std::min(part, images.n - first);
      if (cancelled) throw_cancelled();
      backend->forward({images.data == nullptr ? nullptr : images.data + first * kPictureBytes, n}, at,
                       {rows == nullptr ? nullptr : rows + first * columns, features_shape(at, n)});
    }
  }

  // Pictures begin to end; messages name a picture by its index.
  void compute(std::span<const Picture> pictures, size_t begin, size_t end, Stop at, float* rows) {
    require(begin == end || rows != nullptr, ErrorCode::kInvalidArgument,
            "extract: a null pointer instead of room for the features");
    const auto batch = static_cast<size_t>(pipeline.batch_size);
    resized.resize(std::max(resized.size(), std::min(batch, end - begin) * kPictureBytes));
    for (size_t first = begin; first < end; first += batch) {
      const size_t n = std::min(batch, end - first);
      for (size_t i = 0; i < n; ++i) resize(pictures[first + i], first + i, resized.data() + i * kPictureBytes);
      compute({resized.data(), static_cast<int>(n)}, at, rows);
      rows += features_shape(at, static_cast<int>(n)).count();
    }
  }

  void resize(const Picture& picture, size_t index, uint8_t* out) {
    if (cancelled) throw_cancelled();
    try {
      resizer.resize(picture, kInputSide, out);
    } catch (const Error& error) {
      throw Error(error.code(), "picture " + std::to_string(index) + ": " + error.what());
    }
  }

  // A second engine is useful only if there is more than one batch, and takes time and memory, so it is made when
  // needed.
  void add_lane() {
    if (second_was_tried) return;
    second_was_tried = true;
    second = backend->another();
    if (second != nullptr) lanes.emplace_back(*second, stop);
  }

  ExtractTimes run(std::span<const std::filesystem::path> paths, const LoadPicture& load,
                   const ExtractCallbacks& callbacks) {
    const StandardFloatingPoint mode;
    if (paths.size() > static_cast<size_t>(pipeline.batch_size)) add_lane();
    try {
      return run_pipeline(lanes, paths, load, callbacks, pipeline);
    } catch (const std::bad_alloc&) {  // the pipeline's buffers are the only large memory that a run takes
      throw Error(ErrorCode::kMemory, "no memory for batches of " + std::to_string(pipeline.batch_size) +
                                          " pictures; choose a smaller batch size");
    }
  }

  std::shared_ptr<const Weights> weights;
  Stop stop;
  std::atomic<bool> cancelled{false};  // before the backend, which reads it
  std::unique_ptr<Backend> backend;
  std::unique_ptr<Backend> second;  // null if one engine keeps the device busy
  bool second_was_tried = false;
  std::vector<RowComputer> lanes;
  PipelineOptions pipeline;
  PictureResizer resizer;
  std::vector<uint8_t> resized;  // (up to batch_size, 224, 224, 3)
};

Extractor::Extractor(std::shared_ptr<const Weights> weights, const ExtractorOptions& options) {
  const StandardFloatingPoint mode;
  impl_ = std::make_unique<Impl>(std::move(weights), options);
}
Extractor::~Extractor() = default;
Extractor::Extractor(Extractor&&) noexcept = default;
Extractor& Extractor::operator=(Extractor&&) noexcept = default;

int64_t Extractor::columns() const { return impl_->lanes[0].columns(); }
size_t Extractor::layer() const { return impl_->stop.layer; }
Pool Extractor::pool() const { return impl_->stop.pool; }
std::string_view Extractor::backend() const { return impl_->backend->name(); }
std::string_view Extractor::instruction_set() const { return impl_->backend->instruction_set(); }

void Extractor::extract(ImagesIn images, float* rows) {
  const StandardFloatingPoint mode;
  if (images.n < 0) {  // no message is made where it is not needed
    throw Error(ErrorCode::kShape, "extract: " + std::to_string(images.n) + " pictures, expected none or more");
  }
  impl_->compute(images, impl_->stop, rows);
}

void Extractor::extract(std::span<const Picture> pictures, float* rows) {
  const StandardFloatingPoint mode;
  impl_->compute(pictures, 0, pictures.size(), impl_->stop, rows);
}

void Extractor::extract(std::span<const Picture> pictures, size_t layer, Pool pool, float* rows) {
  const StandardFloatingPoint mode;
  require(layer <= impl_->stop.layer, ErrorCode::kInvalidArgument,
          "extract: the layer is after the last one that this extractor was made for");
  impl_->compute(pictures, 0, pictures.size(), {layer, pool}, rows);
}

void Extractor::extract_on_device(DeviceImagesIn images, DeviceRowsOut rows, void* stream) {
  const StandardFloatingPoint mode;
  if (images.n < 0) {
    throw Error(ErrorCode::kShape,
                "extract_on_device: " + std::to_string(images.n) + " pictures, expected none or more");
  }
  if (impl_->cancelled) throw_cancelled();
  impl_->backend->forward_on_device(images, rows, stream);
}

void Extractor::extract_part(std::span<const Picture> pictures, size_t first, size_t count, float* rows) {
  const StandardFloatingPoint mode;
  impl_->compute(pictures, first, first + count, impl_->stop, rows);
}

void Extractor::cancel(bool on) noexcept { impl_->cancelled = on; }

ExtractTimes Extractor::extract_files(std::span<const std::filesystem::path> paths, const ExtractCallbacks& callbacks) {
  const auto load = [](int64_t, const std::filesystem::path& path) { return load_resized(path, kInputSide); };
  return impl_->run(paths, load, callbacks);
}

ExtractTimes Extractor::extract_files(const std::filesystem::path& folder, std::span<const PictureFile> pictures,
                                      const ExtractCallbacks& callbacks) {
  std::vector<std::filesystem::path> paths;
  paths.reserve(pictures.size());
  for (const PictureFile& picture : pictures) paths.push_back(folder / unescape_name(picture.path));
  const auto load = [&](int64_t index, const std::filesystem::path& path) {
    return load_listed(path, pictures[static_cast<size_t>(index)]);
  };
  return impl_->run(paths, load, callbacks);
}

}  // namespace vgg16
