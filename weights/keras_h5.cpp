// Keras' vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5 and its relatives.
//
// Every Keras version puts a layer's arrays somewhere below a group named after the layer, under names that changed
// over the years (block1_conv1_W_1:0, block1_conv1/kernel:0, ...). So names are not looked at: below the layer's group
// there must be one array of the kernel's rank and one of the bias's. Attributes, which may say anything, are never
// read.
#include <memory>
#include <optional>
#include <vector>

#include "hdf5/hdf5.h"
#include "vgg16/error.h"
#include "weights/tensor_weights.h"

namespace vgg16 {
namespace {

constexpr uint64_t kMaxFileBytes = uint64_t{4} << 30;
constexpr int kMaxDepth = 4;
constexpr uint64_t kMaxCompression = 1000;

using Arrays = std::vector<std::vector<float>>;

std::string shape_text(const std::vector<hsize_t>& shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + ")";
}

std::vector<float> read_array(const Hdf5File& file, hid_t dataset, const std::string& shown,
                              const std::vector<hsize_t>& expected) {
  const auto shape = file.shape(dataset, shown);
  if (shape != expected) file.refuse(shown, "shape " + shape_text(shape) + ", expected " + shape_text(expected));
  const Hdf5Id type(H5Dget_type(dataset));
  if (H5Tget_class(type.get()) != H5T_FLOAT || H5Tget_size(type.get()) != 4)
    file.refuse(shown, "expected float32 values");
  size_t count = 1;
  for (const hsize_t dimension : shape) count *= dimension;
  if (H5Dget_storage_size(dataset) < count * 4 / kMaxCompression)
    file.refuse(shown, "holds less data than its shape says");
  std::vector<float> values(count);
  if (H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    file.refuse(shown, "damaged");
  return values;
}

// The kernel and the bias below `group`, found by rank.
struct Found {
  std::optional<Hdf5Id> kernel;
  std::optional<Hdf5Id> bias;
};

void search(const Hdf5File& file, hid_t group, const std::string& layer, int depth, Found& found) {
  if (depth > kMaxDepth) file.refuse(layer, "groups are nested too deeply");
  for (const std::string& child : file.children(group)) {
    if (file.has_group(group, child)) {
      const Hdf5Id below = file.open_group(group, child);
      search(file, below.get(), layer, depth + 1, found);
    } else if (file.has_dataset(group, child)) {
      Hdf5Id dataset = file.open_dataset(group, child);
      auto& slot = file.shape(dataset.get(), child).size() == 4 ? found.kernel : found.bias;
      if (slot) file.refuse(layer, "has more arrays than a kernel and a bias");
      slot = std::move(dataset);
    }
  }
}

}  // namespace

std::shared_ptr<const Weights> read_keras_h5(const std::filesystem::path& path) {
  const Hdf5Lock lock;
  const Hdf5File file(path, kMaxFileBytes);
  // A whole saved model keeps its weights one group further down.
  std::optional<Hdf5Id> inner;
  if (file.has_group(file.root(), "model_weights")) inner = file.open_group(file.root(), "model_weights");
  const hid_t top = inner ? inner->get() : file.root();

  auto arrays = std::make_shared<Arrays>();
  std::array<ConvTensors, kConvLayers> tensors;
  for (size_t conv = 0; conv < kConvLayers; ++conv) {
    const ConvShape shape = conv_shape(conv);
    const std::string layer(shape.name);
    if (!file.has_group(top, layer)) file.refuse(layer, "missing; are these VGG16's weights?");
    const Hdf5Id group = file.open_group(top, layer);
    Found found;
    search(file, group.get(), layer, 1, found);
    if (!found.kernel) file.refuse(layer + "/kernel", "missing");
    if (!found.bias) file.refuse(layer + "/bias", "missing");
    const auto ic = static_cast<hsize_t>(shape.ic);
    const auto oc = static_cast<hsize_t>(shape.oc);
    arrays->push_back(read_array(file, found.kernel->get(), layer + "/kernel", {3, 3, ic, oc}));
    tensors[conv].kernel = std::as_bytes(std::span(arrays->back()));
    arrays->push_back(read_array(file, found.bias->get(), layer + "/bias", {oc}));
    tensors[conv].bias = std::as_bytes(std::span(arrays->back()));
  }
  return std::make_shared<TensorWeights>(tensors, WeightsType::kF32, file.name(), "", arrays);
}

}  // namespace vgg16
