#include "kernels/conv3x3_cudnn.h"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "kernels/cudnn_library.h"
#include "vgg16/error.h"

namespace vgg16 {

namespace {

// Engines that need more workspace are skipped. Those that transpose the batch between NHWC and NCHW need 3.3 GB for
// the largest convolution and batch, and must stay eligible.
constexpr int64_t kMaxWorkspaceBytes = int64_t{4} << 30;

// Ids of the graph's tensors. kSum and kBiased are virtual, which means that they are not stored in memory.
enum TensorId : int64_t { kX = 1, kKernel, kBias, kY, kSum, kBiased };

bool is_memory_failure(cudnnStatus_t status) {
  return status == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED ||
         status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED;
}

// Statuses by which cuDNN declines an engine or a graph (a bad parameter, not supported, a part of cuDNN not
// installed): then the next engine is tried. All others are failures. cuDNN numbers its statuses by category, in
// thousands.
bool is_declined(cudnnStatus_t status) {
  if (status == CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED) return true;
  return status >= CUDNN_STATUS_BAD_PARAM && status < CUDNN_STATUS_EXECUTION_FAILED && !is_memory_failure(status);
}

// The status's name is general ("bad parameter"); the last error string often says which parameter.
void check(const CudnnLibrary& cudnn, cudnnStatus_t status, const char* call) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  std::array<char, 512> detail{};
  cudnn.get_last_error_string(detail.data(), detail.size());
  throw Error(is_memory_failure(status) ? ErrorCode::kMemory : ErrorCode::kDevice,
              std::string("cuDNN: ") + cudnn.get_error_string(status),
              std::string(call) + (detail[0] == '\0' ? "" : ": " + printable(detail.data())));
}

// Owns one descriptor of the backend API.
// The backend API is untyped: everything is a descriptor with numbered attributes.
class Descriptor {
 public:
  Descriptor(const CudnnLibrary& cudnn, cudnnBackendDescriptorType_t type) : cudnn_(&cudnn) {
    check(cudnn, cudnn.create_descriptor(type, &descriptor_), "cudnnBackendCreateDescriptor");
  }
  ~Descriptor() {
    if (descriptor_ != nullptr) static_cast<void>(cudnn_->destroy_descriptor(descriptor_));
  }
  Descriptor(Descriptor&& other) noexcept
      : cudnn_(other.cudnn_), descriptor_(std::exchange(other.descriptor_, nullptr)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(cudnn_, other.cudnn_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }

  template <class T>
  void set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::span<const T> values) {
    check(*cudnn_, cudnn_->set_attribute(descriptor_, name, type, static_cast<int64_t>(values.size()), values.data()),
          "cudnnBackendSetAttribute");
  }
  template <class T>
  void set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, const T& value) {
    set(name, type, std::span<const T>(&value, 1));
  }
  void set(cudnnBackendAttributeName_t name, const Descriptor& value) {
    set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, value.descriptor_);
  }
  void set(cudnnBackendAttributeName_t name, std::span<const int64_t> values) { set(name, CUDNN_TYPE_INT64, values); }

  // Writes as many of the attribute's values as fit into `values` and returns how many there are.
  template <class T>
  int64_t get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::span<T> values) const {
    int64_t count = 0;
    check(*cudnn_,
          cudnn_->get_attribute(descriptor_, name, type, static_cast<int64_t>(values.size()), &count, values.data()),
          "cudnnBackendGetAttribute");
    return count;
  }
  template <class T>
  [[nodiscard]] T get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type) const {
    T value{};
    get(name, type, std::span<T>(&value, 1));
    return value;
  }
  // To read attributes that are descriptors, the caller creates empty ones and cuDNN fills them in.
  [[nodiscard]] Descriptor get(cudnnBackendAttributeName_t name, cudnnBackendDescriptorType_t type) const {
    Descriptor value(*cudnn_, type);
    get(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, std::span(&value.descriptor_, 1));
    return value;
  }
  [[nodiscard]] std::vector<Descriptor> get_up_to(int64_t count, cudnnBackendAttributeName_t name,
                                                  cudnnBackendDescriptorType_t type) const {
    std::vector<Descriptor> values;
    std::vector<cudnnBackendDescriptor_t> filled;
    for (int64_t i = 0; i < count; ++i) filled.push_back(values.emplace_back(*cudnn_, type).descriptor_);
    if (count == 0) return values;
    const int64_t given = get(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, std::span<cudnnBackendDescriptor_t>(filled));
    while (static_cast<int64_t>(values.size()) > given) values.pop_back();
    return values;
  }

  void finalize() { check(*cudnn_, cudnn_->finalize(descriptor_), "cudnnBackendFinalize"); }
  // False if cuDNN declines; throws if it fails.
  [[nodiscard]] bool try_finalize() {
    const cudnnStatus_t status = cudnn_->finalize(descriptor_);
    if (is_declined(status)) return false;
    check(*cudnn_, status, "cudnnBackendFinalize");
    return true;
  }

  [[nodiscard]] cudnnBackendDescriptor_t get() const { return descriptor_; }

 private:
  const CudnnLibrary* cudnn_;
  cudnnBackendDescriptor_t descriptor_ = nullptr;
};

}  // namespace

struct Cudnn::Impl {
  explicit Impl(const CudnnLibrary& cudnn) : library(&cudnn) {}
  ~Impl() {
    if (handle != nullptr) static_cast<void>(library->destroy(handle));
  }

  // Tells a heuristic, engine or plan which device it is for, if there is no handle that says so.
  void set_device(Descriptor& descriptor, cudnnBackendAttributeName_t name) const {
    if (device) descriptor.set(name, *device);
  }
  void set_handle(Descriptor& descriptor, cudnnBackendAttributeName_t name) const {
    if (handle != nullptr) descriptor.set(name, CUDNN_TYPE_HANDLE, handle);
  }

  const CudnnLibrary* library;
  cudnnHandle_t handle = nullptr;    // of the current device; null where plans are made for an absent one
  std::optional<Descriptor> device;  // cuDNN's description of that absent device, else empty
};

namespace {

// The type in which cuDNN stores tensors; TF32 is stored as float32, and only its engines round.
cudnnDataType_t data_type(ElementType type) {
  return type == ElementType::kF16    ? CUDNN_DATA_HALF
         : type == ElementType::kBf16 ? CUDNN_DATA_BFLOAT16
                                      : CUDNN_DATA_FLOAT;
}

// The operation graph of a problem, with or without bias and ReLU, and the descriptors that it refers to, which must
// live as long as it does.
class Graph {
 public:
  Graph(const Cudnn::Impl& cudnn, const ConvProblem& problem, bool bias_and_relu)
      : cudnn_(cudnn), graph_(*cudnn.library, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR) {
    const auto [n, h, w, ic] = problem.in;
    const int64_t oc = problem.oc;
    const cudnnDataType_t type = data_type(element_type(problem.precision));
    const Activation in = {n, h, w, ic};
    const Activation out = {n, h, w, oc};
    std::vector<cudnnBackendDescriptor_t> operations;
    if (bias_and_relu) {
      // Intermediate results are float32, so that bias and ReLU do not round again.
      const auto sum = activation(kSum, out, CUDNN_DATA_FLOAT);
      const auto biased = activation(kBiased, out, CUDNN_DATA_FLOAT);
      operations.push_back(convolution(activation(kX, in, type), kernel(oc, ic, type), sum));
      operations.push_back(pointwise(CUDNN_POINTWISE_ADD, sum, activation(kBias, {1, 1, 1, oc}, type), biased));
      operations.push_back(pointwise(CUDNN_POINTWISE_RELU_FWD, biased, nullptr, activation(kY, out, type)));
    } else {
      operations.push_back(convolution(activation(kX, in, type), kernel(oc, ic, type), activation(kY, out, type)));
    }
    cudnn_.set_handle(graph_, CUDNN_ATTR_OPERATIONGRAPH_HANDLE);
    graph_.set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
               std::span<const cudnnBackendDescriptor_t>(operations));
    accepted_ = graph_.try_finalize();
  }

  // The engine configurations that the heuristic names, best first; empty if it has none for this graph.
  [[nodiscard]] std::vector<Descriptor> configurations(cudnnBackendHeurMode_t mode) const {
    if (!accepted_) return {};
    Descriptor heuristic(*cudnn_.library, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    heuristic.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph_);
    heuristic.set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, mode);
    cudnn_.set_device(heuristic, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP);
    if (!heuristic.try_finalize()) return {};
    const int64_t count = heuristic.get(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                        std::span<cudnnBackendDescriptor_t>());
    return heuristic.get_up_to(count, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
  }

  // The configuration that `engine` describes.
  [[nodiscard]] Descriptor configuration(const CudnnEngine& engine) {
    Descriptor& descriptor = part(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    descriptor.set(CUDNN_ATTR_ENGINE_OPERATION_GRAPH, graph_);
    descriptor.set(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, engine.index);
    cudnn_.set_device(descriptor, CUDNN_ATTR_ENGINE_DEVICEPROP);
    descriptor.finalize();
    Descriptor config(*cudnn_.library, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    config.set(CUDNN_ATTR_ENGINECFG_ENGINE, descriptor);
    std::vector<cudnnBackendDescriptor_t> choices;
    for (const CudnnEngine::Knob& knob : engine.knobs) {
      Descriptor& choice = part(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
      choice.set(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE,
                 static_cast<cudnnBackendKnobType_t>(knob.type));
      choice.set(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64, knob.value);
      choice.finalize();
      choices.push_back(choice.get());
    }
    if (!choices.empty()) {
      config.set(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                 std::span<const cudnnBackendDescriptor_t>(choices));
    }
    config.finalize();
    return config;
  }

 private:
  struct Activation {
    int64_t n, h, w, c;
  };

  Descriptor& part(cudnnBackendDescriptorType_t type) { return parts_.emplace_back(*cudnn_.library, type); }

  cudnnBackendDescriptor_t tensor(TensorId id, const std::array<int64_t, 4>& dimensions,
                                  const std::array<int64_t, 4>& strides, cudnnDataType_t type) {
    Descriptor& tensor = part(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    tensor.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, int64_t{id});
    tensor.set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, type);
    tensor.set(CUDNN_ATTR_TENSOR_DIMENSIONS, dimensions);
    tensor.set(CUDNN_ATTR_TENSOR_STRIDES, strides);
    tensor.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, int64_t{16});
    tensor.set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, id == kSum || id == kBiased);
    tensor.finalize();
    return tensor.get();
  }

  // cuDNN names dimensions in the order n, c, h, w; the strides say that channels are last in memory.
  cudnnBackendDescriptor_t activation(TensorId id, const Activation& s, cudnnDataType_t type) {
    return tensor(id, {s.n, s.c, s.h, s.w}, {s.h * s.w * s.c, 1, s.w * s.c, s.c}, type);
  }

  cudnnBackendDescriptor_t kernel(int64_t oc, int64_t ic, cudnnDataType_t type) {
    return tensor(kKernel, {oc, ic, 3, 3}, {9 * ic, 1, 3 * ic, ic}, type);
  }

  cudnnBackendDescriptor_t convolution(cudnnBackendDescriptor_t x, cudnnBackendDescriptor_t kernel,
                                       cudnnBackendDescriptor_t y) {
    // Paddings, strides and dilations are all 1. CROSS_CORRELATION is what neural networks call convolution.
    constexpr std::array<int64_t, 2> kOnes = {1, 1};
    Descriptor& shape = part(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    shape.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
    shape.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, CUDNN_CROSS_CORRELATION);
    shape.set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, int64_t{2});
    for (const auto name : {CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS,
                            CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_ATTR_CONVOLUTION_DILATIONS}) {
      shape.set(name, kOnes);
    }
    shape.finalize();
    Descriptor& operation = part(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, shape);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_TYPE_BACKEND_DESCRIPTOR, x);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, CUDNN_TYPE_BACKEND_DESCRIPTOR, kernel);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, CUDNN_TYPE_BACKEND_DESCRIPTOR, y);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, 1.0F);
    operation.set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 0.0F);
    operation.finalize();
    return operation.get();
  }

  cudnnBackendDescriptor_t pointwise(cudnnPointwiseMode_t mode, cudnnBackendDescriptor_t x, cudnnBackendDescriptor_t b,
                                     cudnnBackendDescriptor_t y) {
    Descriptor& function = part(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    function.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, mode);
    function.set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
    // By default the ReLU of NaN is 0, and an overflow would come out as a plausible row.
    function.set(CUDNN_ATTR_POINTWISE_NAN_PROPAGATION, CUDNN_TYPE_NAN_PROPOGATION, CUDNN_PROPAGATE_NAN);
    function.finalize();
    Descriptor& operation = part(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, function);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, x);
    if (b != nullptr) operation.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, b);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, y);
    operation.finalize();
    return operation.get();
  }

  const Cudnn::Impl& cudnn_;
  // A deque: references to its elements stay valid. Declared before graph_, which uses them.
  std::deque<Descriptor> parts_;
  Descriptor graph_;
  bool accepted_ = false;
};

struct Notes {
  bool reduced_precision = false;  // tensor cores, or operands rounded to a narrower type
  bool unfit = false;              // not deterministic, or sums in less than float32
};

// cuDNN's numerical notes about an engine.
Notes notes_of(const Descriptor& config) {
  const Descriptor engine = config.get(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  // Four times what these headers list: the library that is loaded may be newer and have more notes.
  std::array<cudnnBackendNumericalNote_t, 4 * CUDNN_NUMERICAL_NOTE_TYPE_COUNT> all{};
  const int64_t count = engine.get(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                                   std::span<cudnnBackendNumericalNote_t>(all));
  Notes notes;
  for (const auto note : std::span(all).first(static_cast<size_t>(std::min<int64_t>(count, all.size())))) {
    notes.reduced_precision |=
        note == CUDNN_NUMERICAL_NOTE_TENSOR_CORE || note == CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS;
    notes.unfit |=
        note == CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC || note == CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION;
  }
  return notes;
}

bool fits(const Notes& notes, CudaPrecision precision) {
  return !notes.unfit && !(precision == CudaPrecision::kF32 && notes.reduced_precision);
}

// A graph, a configuration for it, and the plan made of both.
struct Plan {
  std::shared_ptr<Graph> graph;  // may have several plans
  bool bias_and_relu;
  Descriptor config;
  Descriptor plan;
  int64_t workspace_bytes = 0;
};

// Empty if cuDNN declines or needs too much workspace.
std::optional<Plan> make_plan(const Cudnn::Impl& cudnn, std::shared_ptr<Graph> graph, bool bias_and_relu,
                              Descriptor config) {
  Descriptor plan(*cudnn.library, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  cudnn.set_handle(plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE);
  cudnn.set_device(plan, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP);
  plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
  if (!plan.try_finalize()) return std::nullopt;
  const auto workspace = plan.get<int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64);
  if (workspace > kMaxWorkspaceBytes) return std::nullopt;
  return Plan{std::move(graph), bias_and_relu, std::move(config), std::move(plan), workspace};
}

// The index and knobs of a plan, with which the same plan can be made again.
CudnnEngine engine_of(const Plan& plan) {
  const Descriptor engine = plan.config.get(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  CudnnEngine found{.bias_and_relu = plan.bias_and_relu,
                    .index = engine.get<int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64),
                    .knobs = {}};
  // This attribute does not tell its number of values, so ask for the most there can be: one of each knob type.
  for (const Descriptor& choice : plan.config.get_up_to(CUDNN_KNOB_TYPE_COUNTS, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES,
                                                        CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR)) {
    found.knobs.push_back({choice.get<cudnnBackendKnobType_t>(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE),
                           choice.get<int64_t>(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64)});
  }
  return found;
}

// Calls take(plan) for every acceptable plan, best first, until it returns true. The fallback lists contain slow
// engines for every problem, so the heuristic's own answers for both graphs come before either of them.
template <class Take>
void for_each_plan(const Cudnn::Impl& cudnn, const ConvProblem& problem, Take take) {
  const std::array graphs = {std::make_shared<Graph>(cudnn, problem, true),
                             std::make_shared<Graph>(cudnn, problem, false)};
  for (const auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
    for (const bool bias_and_relu : {true, false}) {
      const auto& graph = graphs[bias_and_relu ? 0 : 1];
      for (Descriptor& config : graph->configurations(mode)) {
        if (!fits(notes_of(config), problem.precision)) continue;
        auto plan = make_plan(cudnn, graph, bias_and_relu, std::move(config));
        if (plan && take(std::move(*plan))) return;
      }
    }
  }
}

std::string describe(const ConvProblem& problem) {
  constexpr std::array kNames = {"f32", "tf32", "f16", "bf16"};
  return "convolution (" + std::to_string(problem.in.n) + ", " + std::to_string(problem.in.h) + ", " +
         std::to_string(problem.in.w) + ", " + std::to_string(problem.in.c) + ") to " + std::to_string(problem.oc) +
         " channels in " + kNames[static_cast<size_t>(problem.precision)];
}

Plan choose_plan(const Cudnn::Impl& cudnn, const ConvProblem& problem, const CudnnEngine* engine) {
  std::optional<Plan> chosen;
  if (engine != nullptr) {
    auto graph = std::make_shared<Graph>(cudnn, problem, engine->bias_and_relu);
    Descriptor config = graph->configuration(*engine);
    require(fits(notes_of(config), problem.precision), ErrorCode::kDevice,
            "cuDNN engine " + vgg16::describe(*engine) + " is not deterministic, or less exact than " +
                describe(problem) +
                " allows; remove it from the table of engines (conv3x3_cudnn_table.inc, or the file that VGG16_ENGINES "
                "names)");
    chosen = make_plan(cudnn, std::move(graph), engine->bias_and_relu, std::move(config));
  } else {
    for_each_plan(cudnn, problem, [&](Plan plan) {
      chosen = std::move(plan);
      return true;
    });
  }
  if (!chosen) {
    std::array<char, 512> reason{};
    cudnn.library->get_last_error_string(reason.data(), reason.size());
    throw Error(ErrorCode::kDevice, "cuDNN " + cudnn_version_text() + " has no engine for " + describe(problem) +
                                        (engine == nullptr ? "" : " that is " + vgg16::describe(*engine)) +
                                        (reason[0] == '\0' ? "" : " (" + printable(reason.data()) + ")") +
                                        "; choose another precision or batch size");
  }
  return std::move(*chosen);
}

}  // namespace

std::string describe(const CudnnEngine& engine) {
  std::string text = (engine.bias_and_relu ? "conv+bias+relu " : "conv ") + std::to_string(engine.index);
  for (size_t i = 0; i < engine.knobs.size(); ++i) {
    text += (i == 0 ? " (" : " ") + std::to_string(engine.knobs[i].type) + ":" + std::to_string(engine.knobs[i].value);
  }
  return engine.knobs.empty() ? text : text + ")";
}

std::string cudnn_version_text() {
  const size_t version = cudnn_library().get_version();  // 91300 is 9.13.0
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

Cudnn::Cudnn(CudaStream stream) : impl_(std::make_unique<Impl>(cudnn_library())) {
  const CudnnLibrary& cudnn = *impl_->library;
  check(cudnn, cudnn.create(&impl_->handle), "cudnnCreate");
  check(cudnn, cudnn.set_stream(impl_->handle, stream), "cudnnSetStream");
}

Cudnn::Cudnn(const std::string& device_properties) : impl_(std::make_unique<Impl>(cudnn_library())) {
  Descriptor& device = impl_->device.emplace(*impl_->library, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  device.set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, std::span<const char>(device_properties));
  device.finalize();
}

Cudnn::~Cudnn() = default;
Cudnn::Cudnn(Cudnn&&) noexcept = default;
Cudnn& Cudnn::operator=(Cudnn&&) noexcept = default;

int64_t Cudnn::version() const { return static_cast<int64_t>(impl_->library->get_version()); }

struct CudnnConv3x3::Impl {
  const Cudnn::Impl* cudnn;
  Plan plan;
  Descriptor memory;  // cuDNN's "variant pack": the address of each tensor and of the workspace
};

CudnnConv3x3::CudnnConv3x3(const Cudnn& cudnn, const ConvProblem& problem, const CudnnEngine* engine)
    : impl_(std::make_unique<Impl>(Impl{&cudnn.impl(), choose_plan(cudnn.impl(), problem, engine),
                                        Descriptor(*cudnn.impl().library, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR)})) {}
CudnnConv3x3::~CudnnConv3x3() = default;
CudnnConv3x3::CudnnConv3x3(CudnnConv3x3&&) noexcept = default;
CudnnConv3x3& CudnnConv3x3::operator=(CudnnConv3x3&&) noexcept = default;

bool CudnnConv3x3::has_bias_and_relu() const { return impl_->plan.bias_and_relu; }
int64_t CudnnConv3x3::workspace_bytes() const { return impl_->plan.workspace_bytes; }
CudnnEngine CudnnConv3x3::engine() const { return engine_of(impl_->plan); }
bool CudnnConv3x3::is_reduced_precision() const { return notes_of(impl_->plan.config).reduced_precision; }

void CudnnConv3x3::bind(const void* x, const void* kernel, const void* bias, void* y, void* workspace) {
  // The API has no const: x, kernel and bias are only read.
  const std::array<int64_t, 4> ids = {kX, kKernel, kY, kBias};
  const std::array<void*, 4> pointers = {const_cast<void*>(x), const_cast<void*>(kernel), y, const_cast<void*>(bias)};
  const size_t count = has_bias_and_relu() ? 4 : 3;
  Descriptor memory(*impl_->cudnn->library, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  memory.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, std::span(ids).first(count));
  memory.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, std::span(pointers).first(count));
  memory.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, workspace);
  memory.finalize();
  impl_->memory = std::move(memory);
}

void CudnnConv3x3::run() const {
  const CudnnLibrary& cudnn = *impl_->cudnn->library;
  check(cudnn, cudnn.execute(impl_->cudnn->handle, impl_->plan.plan.get(), impl_->memory.get()), "cudnnBackendExecute");
}

// `take` never has enough, so all plans are made.
std::vector<CudnnEngine> cudnn_candidates(const Cudnn& cudnn, const ConvProblem& problem) {
  std::vector<CudnnEngine> engines;
  for_each_plan(cudnn.impl(), problem, [&](const Plan& plan) {
    engines.push_back(engine_of(plan));
    return false;
  });
  return engines;
}

}  // namespace vgg16
