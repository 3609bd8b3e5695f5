// Pictures in, feature rows out.
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
#include "vgg16/layer.h"
#include "vgg16/tensor.h"
#include "vgg16/weights.h"

namespace vgg16 {

struct ExtractorOptions {
  std::string layer = "block5_pool";
  Pool pool = Pool::kNone;
  std::string device = "auto";    ///< "auto" (a GPU if one can be used), "cpu", "cuda" (the first GPU) or "cuda:N"
  std::string precision = "f32";  ///< of the products' operands: "f32" or "bf16"; on a GPU also "tf32" or "f16"
  int threads = 0;                ///< 0: as many as BuildInfo::processors
  int batch_size = 32;            ///< pictures per forward call, 1 to 1024
  /// Told in one line each what was decided that the options leave open, such as the device. May be empty.
  std::function<void(const std::string& line)> log = {};
};

/// Called with results in input order, from the thread that called extract_files.
struct ExtractCallbacks {
  std::function<void(int64_t index, std::span<const float> row)> row;     ///< picture `index` became this row
  std::function<void(int64_t index, const std::string& reason)> skipped;  ///< picture `index` could not be used
  /// When it becomes true, no further batch is started, and one that has been started may be dropped.
  const std::atomic<bool>* stop = nullptr;
};

/// Where the time of extract_files went: the seconds that the forward pass waited for pictures, computed, and that
/// finished rows waited to be taken (in the row callback).
struct ExtractTimes {
  double waiting_for_pictures_s = 0;
  double computing_s = 0;
  double delivering_s = 0;
};

/// One network on one device. Construct once (weights prepared, memory taken), then call often. One thread at a time.
/// Extractors of the same Weights object that live at the same time share what was prepared of it, for each device,
/// precision and instruction set: on a CPU a further one takes 30 MB at batch size 1, 130 MB from 8 on, instead of
/// 242 MB more.
class Extractor {
 public:
  /// Throws Error{kInvalidArgument, kMemory, kDevice}.
  Extractor(std::shared_ptr<const Weights> weights, const ExtractorOptions& options);
  ~Extractor();
  Extractor(Extractor&&) noexcept;
  Extractor& operator=(Extractor&&) noexcept;

  [[nodiscard]] int64_t columns() const;  ///< numbers per row
  [[nodiscard]] std::string_view backend() const;
  [[nodiscard]] std::string_view instruction_set() const;

  /// Rows (n, columns) float32 of n pictures of 224 x 224, any n; blocks. Throws Error{kShape, kDevice}.
  void extract(ImagesIn images, float* rows);

  /// Reads, decodes and resizes `paths` on other threads while the network runs; memory does not depend on their
  /// number. A picture that cannot be read or decoded is reported through callbacks.skipped and the run goes on.
  ExtractTimes extract_files(std::span<const std::filesystem::path> paths, const ExtractCallbacks& callbacks);

  /// The same for pictures that list_dataset found below `folder`. One whose size or CRC-32 is another by now is
  /// skipped like one that cannot be read: no row is of other bytes than those that were listed.
  ExtractTimes extract_files(const std::filesystem::path& folder, std::span<const PictureFile> pictures,
                             const ExtractCallbacks& callbacks);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vgg16
