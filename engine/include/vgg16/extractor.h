// Computing features: the network on a device, from pictures to one row of numbers each.
//
//   vgg16::Extractor extractor(vgg16::Weights::load("vgg16.safetensors"), {});
//   std::vector<float> row(extractor.columns());
//   extractor.extract({pixels, 1}, row.data());          // pixels: uint8 (1, 224, 224, 3), RGB
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "vgg16/dataset.h"
#include "vgg16/image.h"
#include "vgg16/layer.h"
#include "vgg16/tensor.h"
#include "vgg16/weights.h"

#pragma GCC visibility push(default)
namespace vgg16 {

struct ExtractorOptions {
  std::string layer = "block5_pool";
  Pool pool = Pool::kNone;
  std::string device = "auto";    ///< "auto" (a GPU if one can be used), "cpu", "cuda" (the first GPU) or "cuda:N"
  std::string precision = "f32";  ///< of the multiplied operands: "f32" or "bf16"; on a GPU also "tf32" or "f16"
  int threads = 0;                ///< 0: as many as BuildInfo::processors
  int batch_size = 32;            ///< pictures per forward call, 1 to 1024
  /// Called with one line per decision that the options leave open, such as which device is used. May be empty.
  std::function<void(const std::string& line)> log = {};
};

/// How extract_files spends its time, in seconds: waiting for decoded pictures, computing, and waiting for the
/// callbacks to take the rows.
struct ExtractTimes {
  double waiting_for_pictures_s = 0;
  double computing_s = 0;
  double delivering_s = 0;
  /// Where pictures are decoded on the processors that compute: the share of their time that decoding took. Otherwise
  /// 0.
  double decoding_share = 0;
};

/// Functions that extract_files calls with results, in input order, on the thread that called it.
struct ExtractCallbacks {
  std::function<void(int64_t index, std::span<const float> row)> row;     ///< picture `index` became this row
  std::function<void(int64_t index, const std::string& reason)> skipped;  ///< picture `index` could not be used
  std::function<void(const ExtractTimes& so_far)> batch;                  ///< all pictures of a batch were reported
  /// When it becomes true, no further batch is started, and the batch that is being computed may be dropped. May be set
  /// by a signal handler.
  const std::atomic<bool>* stop = nullptr;
};

/// One network on one device. After the first call, extract() with pixels allocates nothing; on a CPU with one thread
/// it makes no system call either, and with more only those that wake them. The constructor prepares the weights and
/// takes the memory of the network; extract_files takes more, for batches of pixels and rows and, on a GPU, for a
/// second engine. Construct once, call often. One thread at a time. Extractors that exist at the same time and use the
/// same Weights object, device, precision and instruction set share the prepared weights (242 MB on a CPU, 29 MB with
/// AMX): a further one takes only 30 MB at batch size 1 and 130 MB from batch size 8 on.
class Extractor {
 public:
  /// In bf16 on a processor with AMX this asks Linux to let the process use AMX's tiles, which cannot be undone: from
  /// then on the frame of a signal takes 11 KB, and sigaltstack() refuses a smaller stack. If the system refuses, for
  /// example because the stack that a thread has set with sigaltstack() is too small, another instruction set computes,
  /// and `log` says why. Throws Error{kInvalidArgument, kMemory, kDevice}.
  Extractor(std::shared_ptr<const Weights> weights, const ExtractorOptions& options);
  ~Extractor();
  Extractor(Extractor&&) noexcept;
  Extractor& operator=(Extractor&&) noexcept;

  [[nodiscard]] int64_t columns() const;  ///< numbers per row
  [[nodiscard]] size_t layer() const;     ///< the constructor's layer, as layer_index(), and pooling
  [[nodiscard]] Pool pool() const;
  [[nodiscard]] std::string_view backend() const;  ///< "cpu" or "cuda"
  /// "avx512", "avx2" or "portable", or "amx" in bf16; on a GPU such as "sm_90, cuDNN 9.13.0, batches of 32".
  [[nodiscard]] std::string_view instruction_set() const;

  /// Computes the features of n pictures (n, 224, 224, 3), any n >= 0, into rows (n, columns()) float32. Returns when
  /// they are readable. Throws Error{kShape, kInvalidArgument, kDevice, kCancelled}; then the rows may be written in
  /// part, and the extractor is as before.
  void extract(ImagesIn images, float* rows);

  /// The same for pictures of any size and format (image.h), resized as extract_files does. Also throws what
  /// PictureResizer throws, in which it names the picture by its index.
  void extract(std::span<const Picture> pictures, float* rows);

  /// The same with another layer's output, up to the constructor's layer, and another pooling: rows (n,
  /// feature_columns(layer, pool)).
  void extract(std::span<const Picture> pictures, size_t layer, Pool pool, float* rows);

  /// On a GPU: pictures (n, 224, 224, 3) and rows (n, columns()) are in that GPU's memory, and are not copied through
  /// the host. `stream` is a cudaStream_t of that GPU, or null, which is the default stream; it must not be
  /// recording a graph. The work is put into this stream, after what is there, and the call returns without waiting:
  /// the rows are readable, and the pictures may be overwritten, by what is put into the stream afterwards. Calls may
  /// name different streams; the device does one after another. The first such call takes memory for a graph. A fault
  /// of the device while it works is reported by CUDA and by a later call. Throws Error{kInvalidArgument} if this
  /// extractor is on a CPU or memory is not of its GPU, Error{kShape, kDevice}, and Error{kCancelled} if cancel() is
  /// on, which does not stop what is in the stream.
  void extract_on_device(DeviceImagesIn images, DeviceRowsOut rows, void* stream);

  /// May be called by any thread at any time: while it is on, this extractor's calls end with Error{kCancelled}, on a
  /// CPU within milliseconds, on a GPU after the batch in progress. What extract_files has reported by then is valid.
  void cancel(bool on = true) noexcept;

  /// Reads, decodes and resizes the pictures at `paths` on other threads while the network runs. Memory does not depend
  /// on their number. A picture that cannot be read or decoded is reported to callbacks.skipped, and the run goes on.
  /// Throws Error{kDevice, kMemory, kIo, kCancelled} and what a callback throws.
  ExtractTimes extract_files(std::span<const std::filesystem::path> paths, const ExtractCallbacks& callbacks);

  /// The same for pictures that list_dataset found below `folder`. A picture whose size or CRC-32 has changed since
  /// then is skipped, so every row is of the bytes that were listed.
  ExtractTimes extract_files(const std::filesystem::path& folder, std::span<const PictureFile> pictures,
                             const ExtractCallbacks& callbacks);

 private:
  friend class Predictor;
  // Pictures first to first + count.
  void extract_part(std::span<const Picture> pictures, size_t first, size_t count, float* rows);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vgg16
#pragma GCC visibility pop
