// Reads Keras' vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5 and files of other Keras versions.
//
// Every version stores a layer's arrays below a group with the layer's name, but the arrays' own names and depth differ
// (block1_conv1_W_1:0, block1_conv1/kernel:0, ...). So arrays are found by their rank: below the layer's group there
// must be one array of rank 4, the kernel, and one other, the bias. Attributes are not needed and not read.
#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "hdf5/h5_chunks.h"
#include "hdf5/h5_file.h"
#include "vgg16/error.h"
#include "vocabulary/shape_text.h"
#include "weights/tensor_weights.h"

namespace vgg16 {
namespace {

constexpr int kMaxDepth = 4;
// Trained weights hardly compress, so a dataset whose chunks are this much smaller is a compression bomb.
constexpr int64_t kMaxCompression = 1000;

using Arrays = std::vector<std::vector<float>>;

[[noreturn]] void refuse(const H5File& file, const std::string& object, const std::string& what) {
  throw Error(ErrorCode::kRefused, printable(object) + " in " + file.name() + ": " + what);
}

std::vector<float> read_array(const H5File& file, const H5Dataset& dataset, const std::string& shown,
                              const std::vector<int64_t>& expected) {
  if (dataset.dims != expected) {
    refuse(file, shown, "shape " + shape_text(dataset.dims) + ", expected " + shape_text(expected));
  }
  if (dataset.type.kind != H5Type::Kind::kFloat || dataset.type.size != 4) {
    refuse(file, shown, "expected float32 values");
  }
  const bool chunked = dataset.layout == H5Dataset::Layout::kChunked;
  if (chunked && H5Chunks(file, dataset).stored_bytes() < dataset.size_bytes() / kMaxCompression) {
    refuse(file, shown, "has far less data than its shape needs");
  }
  // The shape has been compared with VGG16's, so this is at most 9.4 MB.
  file.take_memory(dataset.size_bytes(), "'" + shown + "'");
  const std::vector<std::byte> stored = file.read(dataset);
  std::vector<float> values(stored.size() / 4);
  for (size_t i = 0; i < values.size(); ++i) {
    uint32_t bits = 0;
    std::memcpy(&bits, stored.data() + 4 * i, 4);
    if (dataset.type.big_endian) bits = __builtin_bswap32(bits);
    std::memcpy(&values[i], &bits, 4);
  }
  return values;
}

// The object that a link leads to. Refuses links that may lead to another file.
H5Object follow(const H5File& file, const std::string& name, const H5Link& link) {
  if (!link.hard) refuse(file, name, "refers to another place or file by a link: refused");
  return file.object(link.address);
}

// The arrays found below a layer's group.
struct Found {
  std::optional<H5Dataset> kernel;
  std::optional<H5Dataset> bias;
};

void search(const H5File& file, const H5Object& group, const std::string& layer, int depth, Found& found) {
  if (depth > kMaxDepth) refuse(file, layer, "groups are nested too deeply");
  for (const auto& [name, link] : file.links(group)) {
    const H5Object child = follow(file, name, link);
    if (file.is_group(child)) {
      search(file, child, layer, depth + 1, found);
    } else if (file.is_dataset(child)) {
      H5Dataset dataset = file.dataset(child, printable(name));
      auto& slot = dataset.dims.size() == 4 ? found.kernel : found.bias;
      if (slot) refuse(file, layer, "has more arrays than a kernel and a bias");
      slot = std::move(dataset);
    }
  }
}

}  // namespace

std::shared_ptr<const Weights> read_keras_h5(const std::filesystem::path& path) {
  const H5File file(PosixFile(path, O_RDONLY | O_NONBLOCK));
  auto top = file.links(file.object(file.root()));
  // In a file of a whole saved model, the weights are in this group.
  if (const auto inner = top.find("model_weights"); inner != top.end()) {
    top = file.links(follow(file, inner->first, inner->second));
  }
  auto arrays = std::make_shared<Arrays>();
  std::array<ConvTensors, kConvLayers> tensors;
  for (size_t conv = 0; conv < kConvLayers; ++conv) {
    const ConvShape shape = conv_shape(conv);
    const std::string layer(shape.name);
    const auto link = top.find(layer);
    if (link == top.end()) refuse(file, layer, "missing; are these VGG16's weights?");
    Found found;
    search(file, follow(file, layer, link->second), layer, 1, found);
    // A group with the layer's name but without its arrays: another network, or a damaged file.
    if (!found.kernel) refuse(file, layer + "/kernel", "missing");
    if (!found.bias) refuse(file, layer + "/bias", "missing");
    const auto ic = static_cast<int64_t>(shape.ic);
    const auto oc = static_cast<int64_t>(shape.oc);
    arrays->push_back(read_array(file, *found.kernel, layer + "/kernel", {3, 3, ic, oc}));
    tensors[conv].kernel = std::as_bytes(std::span(arrays->back()));
    arrays->push_back(read_array(file, *found.bias, layer + "/bias", {oc}));
    tensors[conv].bias = std::as_bytes(std::span(arrays->back()));
  }
  return std::make_shared<TensorWeights>(tensors, WeightsType::kF32, file.name(), "", arrays);
}

}  // namespace vgg16
