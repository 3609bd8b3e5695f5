#include "support/fake_cuda.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>

#include "kernels/cuda_error.h"
#include "kernels/cudnn_library.h"
#include "vgg16/error.h"
#include "vgg16/preprocess.h"

// CUDA's own names, as its headers declare them.
using Work = std::deque<std::function<void()>>;
struct CUstream_st {
  Work queued;     // run when somebody waits
  Work recording;  // instead, while a graph is recorded
  bool records = false;
  int64_t done = 0;                 // pieces of work that have run
  std::span<const uint8_t> pixels;  // the last pictures that came

  void run_until(int64_t end) {
    while (done < end && !queued.empty()) {
      const std::function<void()> next = std::move(queued.front());
      queued.pop_front();
      ++done;
      next();
    }
  }
  [[nodiscard]] int64_t end() const { return done + static_cast<int64_t>(queued.size()); }
};
struct CUgraph_st {
  Work work;
};
struct CUgraphExec_st {
  Work work;
};
struct CUevent_st {
  cudaStream_t stream = nullptr;  // null until it is recorded
  int64_t end = 0;                // of the work that it marks the end of
};
struct cudnnContext {
  cudaStream_t stream = nullptr;
};

namespace vgg16 {
namespace {

struct State {
  FakeCuda device;
  std::map<const void*, std::string> held;
  std::map<const void*, int64_t> sizes;
  int64_t used_bytes = 0;
  cudaError_t last_error = cudaSuccess;
  CUstream_st default_stream;
};

std::recursive_mutex mutex;
State& state() {
  static State only;
  return only;
}

cudaStream_t recorded_stream = nullptr;  // at most one at a time here
thread_local int current_device = 0;

struct Launch {
  dim3 grid, block;
  size_t shared;
  cudaStream_t stream;
};
thread_local Launch next_launch;

void violate(const std::string& what) { state().device.violations.push_back(what); }

cudaError_t remember(cudaError_t status) {
  if (status != cudaSuccess) state().last_error = status;
  return status;
}

// Counts a call, and says whether it fails.
cudaError_t enter() {
  FakeCuda& device = state().device;
  ++device.calls;
  const bool sticky = is_sticky(device.error);
  const bool fails = device.fail_at > 0 && (sticky ? device.calls >= device.fail_at : device.calls == device.fail_at);
  return remember(fails ? device.error : cudaSuccess);
}

// The same for calls that a stream which is recorded forbids.
cudaError_t enter_outside_graphs(const char* call) {
  if (recorded_stream == nullptr) return enter();
  violate(std::string(call) + " while a graph is recorded");
  return remember(cudaErrorStreamCaptureUnsupported);
}

template <class T>
T* hold(T* object, const char* kind) {
  state().held[object] = kind;
  return object;
}

// Releases the resource even after a sticky error, which the status still reports.
cudaError_t release(const void* object, const char* kind) {
  const auto found = state().held.find(object);
  if (found == state().held.end() || found->second != kind) {
    violate(std::string("giving back what is no ") + kind);
    return cudaErrorInvalidValue;
  }
  state().held.erase(found);
  return enter();
}

cudaError_t allocate(void** memory, size_t size, const char* kind, bool on_device) {
  if (const cudaError_t status = enter_outside_graphs(kind)) return status;
  State& s = state();
  if (on_device && s.used_bytes + static_cast<int64_t>(size) > s.device.memory_bytes) {
    return remember(cudaErrorMemoryAllocation);
  }
  ++s.device.allocations;
  *memory = hold(std::calloc(size, 1), kind);
  if (on_device) s.used_bytes += s.sizes[*memory] = static_cast<int64_t>(size);
  return cudaSuccess;
}

cudaError_t give_back(void* memory, const char* kind) {
  const cudaError_t status = release(memory, kind);
  State& s = state();
  if (const auto size = s.sizes.find(memory); size != s.sizes.end()) {
    s.used_bytes -= size->second;
    s.sizes.erase(size);
  }
  std::free(memory);
  return status;
}

cudaStream_t real(cudaStream_t stream) { return stream == nullptr ? &state().default_stream : stream; }

void enqueue(cudaStream_t stream, std::function<void()> work) {
  stream = real(stream);
  (stream->records ? stream->recording : stream->queued).push_back(std::move(work));
}

// A stream that is gone had no work left.
void reach(const CUevent_st& event) {
  const bool exists = event.stream == &state().default_stream || state().held.contains(event.stream);
  if (exists) event.stream->run_until(event.end);
}

// The only traces of a computation: pictures that came are remembered, and rows that go tell which they belong to.
void copy(cudaStream_t stream, void* to, const void* from, size_t size, cudaMemcpyKind kind) {
  const std::span<const uint8_t> theirs = state().device.pictures_on_device;
  const auto* begin = static_cast<const uint8_t*>(from);
  const bool brings = kind == cudaMemcpyHostToDevice || (kind == cudaMemcpyDeviceToDevice && begin >= theirs.data() &&
                                                         begin < theirs.data() + theirs.size());
  if (kind != cudaMemcpyDeviceToHost) std::memcpy(to, from, size);
  if (brings) stream->pixels = {static_cast<const uint8_t*>(to), size};
  const auto row = static_cast<size_t>(state().device.row_numbers);
  if (brings || row == 0) return;
  // The output of another layer than the last has more numbers than that a picture.
  for (size_t i = 0; i < std::min(size / sizeof(float) / row, stream->pixels.size() / kPictureBytes); ++i) {
    const uint8_t* picture = &stream->pixels[i * kPictureBytes];
    std::fill_n(static_cast<float*>(to) + i * row, row, static_cast<float>(picture[0] * 256 + picture[1]));
  }
}

// ---- cuDNN

struct Attribute {
  cudnnBackendAttributeType_t type;
  int64_t count;
  std::vector<char> bytes;
};

struct FakeDescriptor {
  cudnnBackendDescriptorType_t type;
  bool finalized = false;
  std::map<cudnnBackendAttributeName_t, Attribute> attributes;
  int64_t engine = 0;  // of configurations and engines
};

cudnnStatus_t enter_cudnn() {
  const cudaError_t status = enter();
  if (status == cudaSuccess) return CUDNN_STATUS_SUCCESS;
  return status == cudaErrorMemoryAllocation ? CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED
                                             : CUDNN_STATUS_EXECUTION_FAILED;
}

size_t fake_version() { return 91900; }
const char* fake_error_string(cudnnStatus_t status) {
  return status == CUDNN_STATUS_EXECUTION_FAILED ? "CUDNN_STATUS_EXECUTION_FAILED" : "CUDNN_STATUS_OTHER";
}
void fake_last_error_string(char* text, size_t size) { std::strncpy(text, "told to fail", size); }

cudnnStatus_t fake_create(cudnnHandle_t* handle) {
  const std::lock_guard lock(mutex);
  if (const cudnnStatus_t status = enter_cudnn()) return status;
  *handle = hold(new cudnnContext, "cuDNN handle");
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t fake_destroy(cudnnHandle_t handle) {
  const std::lock_guard lock(mutex);
  release(handle, "cuDNN handle");
  delete handle;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t fake_set_stream(cudnnHandle_t handle, cudaStream_t stream) {
  const std::lock_guard lock(mutex);
  if (const cudnnStatus_t status = enter_cudnn()) return status;
  handle->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t fake_create_descriptor(cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t* descriptor) {
  const std::lock_guard lock(mutex);
  if (const cudnnStatus_t status = enter_cudnn()) return status;
  *descriptor = hold(new FakeDescriptor{.type = type, .attributes = {}}, "descriptor");
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t fake_destroy_descriptor(cudnnBackendDescriptor_t descriptor) {
  const std::lock_guard lock(mutex);
  release(descriptor, "descriptor");
  delete static_cast<FakeDescriptor*>(descriptor);
  return CUDNN_STATUS_SUCCESS;
}

size_t size_of(cudnnBackendAttributeType_t type) {
  switch (type) {
    case CUDNN_TYPE_BOOLEAN:
    case CUDNN_TYPE_CHAR:
      return 1;
    case CUDNN_TYPE_INT64:
    case CUDNN_TYPE_DOUBLE:
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR:
      return 8;
    default:
      return 4;
  }
}

cudnnStatus_t fake_set_attribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                 cudnnBackendAttributeType_t type, int64_t count, const void* values) {
  const std::lock_guard lock(mutex);
  if (const cudnnStatus_t status = enter_cudnn()) return status;
  auto* target = static_cast<FakeDescriptor*>(descriptor);
  if (target->finalized) violate("setting an attribute of a finalized descriptor");
  const auto* bytes = static_cast<const char*>(values);
  target->attributes[name] = {type, count, {bytes, bytes + size_of(type) * static_cast<size_t>(count)}};
  if (name == CUDNN_ATTR_ENGINE_GLOBAL_INDEX) std::memcpy(&target->engine, bytes, 8);
  if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR) {
    for (int64_t i = 0; i < count; ++i) {
      cudnnBackendDescriptor_t part = nullptr;
      std::memcpy(&part, bytes + 8 * i, 8);
      if (!state().held.contains(part))
        violate("an attribute is a descriptor that is gone");
      else if (!static_cast<FakeDescriptor*>(part)->finalized)
        violate("an attribute is a descriptor not finalized");
      if (name == CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG || name == CUDNN_ATTR_ENGINECFG_ENGINE)
        target->engine = static_cast<FakeDescriptor*>(part)->engine;
    }
  }
  return CUDNN_STATUS_SUCCESS;
}

bool is_fused(const FakeDescriptor& heuristic) {
  cudnnBackendDescriptor_t graph = nullptr;
  std::memcpy(&graph, heuristic.attributes.at(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH).bytes.data(), 8);
  return static_cast<FakeDescriptor*>(graph)->attributes.at(CUDNN_ATTR_OPERATIONGRAPH_OPS).count > 1;
}

cudnnStatus_t fake_finalize(cudnnBackendDescriptor_t descriptor) {
  const std::lock_guard lock(mutex);
  if (const cudnnStatus_t status = enter_cudnn()) return status;
  auto* target = static_cast<FakeDescriptor*>(descriptor);
  if (target->type == CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR && is_fused(*target) && !state().device.fuses_bias_and_relu)
    return CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN;
  target->finalized = true;
  return CUDNN_STATUS_SUCCESS;
}

// Heuristics name two engines: 0, which uses tensor cores, and 1, which does not.
cudnnStatus_t fake_get_attribute(cudnnBackendDescriptor_t const descriptor, cudnnBackendAttributeName_t name,
                                 cudnnBackendAttributeType_t, int64_t requested, int64_t* count, void* values) {
  const std::lock_guard lock(mutex);
  if (const cudnnStatus_t status = enter_cudnn()) return status;
  const auto* source = static_cast<const FakeDescriptor*>(descriptor);
  const auto parts = static_cast<FakeDescriptor**>(values);
  *count = 0;
  switch (name) {
    case CUDNN_ATTR_ENGINEHEUR_RESULTS:
      *count = 2;
      for (int64_t i = 0; i < std::min<int64_t>(requested, 2); ++i) {
        parts[i]->engine = i;
        parts[i]->finalized = true;
      }
      break;
    case CUDNN_ATTR_ENGINECFG_ENGINE:
      *count = 1;
      parts[0]->engine = source->engine;
      parts[0]->finalized = true;
      break;
    case CUDNN_ATTR_ENGINE_NUMERICAL_NOTE:
      *count = source->engine == 0 ? 1 : 0;
      if (*count == 1) *static_cast<cudnnBackendNumericalNote_t*>(values) = CUDNN_NUMERICAL_NOTE_TENSOR_CORE;
      break;
    case CUDNN_ATTR_ENGINE_GLOBAL_INDEX:
      *static_cast<int64_t*>(values) = source->engine;
      *count = 1;
      break;
    case CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE:
      *static_cast<int64_t*>(values) = 1 << 20;
      *count = 1;
      break;
    default:
      break;
  }
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t fake_execute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan, cudnnBackendDescriptor_t memory) {
  const std::lock_guard lock(mutex);
  if (const cudnnStatus_t status = enter_cudnn()) return status;
  if (!static_cast<FakeDescriptor*>(plan)->finalized || !static_cast<FakeDescriptor*>(memory)->finalized)
    violate("executing what is not finalized");
  ++state().device.convolutions;
  enqueue(handle->stream, [] {});
  return CUDNN_STATUS_SUCCESS;
}

constexpr CudnnLibrary kFakeLibrary = {
    fake_version,  fake_error_string,  fake_last_error_string, fake_create,
    fake_destroy,  fake_set_stream,    fake_create_descriptor, fake_destroy_descriptor,
    fake_finalize, fake_set_attribute, fake_get_attribute,     fake_execute};

}  // namespace

FakeCuda& fake_cuda() { return state().device; }

FakeCuda& reset_fake_cuda() {
  const std::lock_guard lock(mutex);
  state() = {};
  recorded_stream = nullptr;
  return state().device;
}

std::multiset<std::string> held_on_fake_cuda() {
  const std::lock_guard lock(mutex);
  std::multiset<std::string> kinds;
  for (const auto& [object, kind] : state().held) kinds.insert(kind);
  return kinds;
}

const CudnnLibrary& cudnn_library() {
  require(state().device.has_cudnn, ErrorCode::kDevice, "cuDNN cannot be opened: libcudnn.so.9 is not there");
  return kFakeLibrary;
}

}  // namespace vgg16

using namespace vgg16;

// ---- CUDA's runtime
extern "C" {

const char* cudaGetErrorName(cudaError_t status) {
  return status == cudaErrorIllegalAddress ? "cudaErrorIllegalAddress" : "cudaErrorOther";
}
const char* cudaGetErrorString(cudaError_t) { return "told to fail"; }
cudaError_t cudaGetLastError() {
  const std::lock_guard lock(mutex);
  const cudaError_t status = state().last_error;
  if (!is_sticky(status)) state().last_error = cudaSuccess;
  return status;
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceCount(int* count) {
  const std::lock_guard lock(mutex);
  if (state().device.discovery != cudaSuccess) return state().device.discovery;
  *count = state().device.devices;
  return enter();
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  const std::lock_guard lock(mutex);
  *properties = {};
  std::strncpy(properties->name, "Fake", sizeof properties->name);
  properties->major = state().device.architecture / 10;
  properties->minor = state().device.architecture % 10;
  properties->totalGlobalMem = static_cast<size_t>(state().device.memory_bytes);
  return enter();
}
cudaError_t cudaGetDevice(int* device) {
  const std::lock_guard lock(mutex);
  *device = current_device;
  return enter();
}
cudaError_t cudaSetDevice(int device) {
  const std::lock_guard lock(mutex);
  current_device = device;
  return enter();
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int) {
  const std::lock_guard lock(mutex);
  *value = state().device.processors;
  return enter();
}

cudaError_t cudaMalloc(void** memory, size_t size) {
  const std::lock_guard lock(mutex);
  return allocate(memory, size, "device memory", true);
}
cudaError_t cudaMallocHost(void** memory, size_t size) {
  const std::lock_guard lock(mutex);
  return allocate(memory, size, "pinned memory", false);
}
cudaError_t cudaFree(void* memory) {
  const std::lock_guard lock(mutex);
  return give_back(memory, "device memory");
}
cudaError_t cudaFreeHost(void* memory) {
  const std::lock_guard lock(mutex);
  return give_back(memory, "pinned memory");
}
cudaError_t cudaMemcpy(void* to, const void* from, size_t size, cudaMemcpyKind) {
  const std::lock_guard lock(mutex);
  if (const cudaError_t status = enter_outside_graphs("cudaMemcpy")) return status;
  std::memcpy(to, from, size);
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t size, cudaMemcpyKind kind, cudaStream_t stream) {
  const std::lock_guard lock(mutex);
  if (const cudaError_t status = enter()) return status;
  enqueue(stream, [=] { copy(real(stream), to, from, size, kind); });
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  const std::lock_guard lock(mutex);
  if (const cudaError_t status = enter_outside_graphs("cudaStreamCreate")) return status;
  *stream = hold(new CUstream_st, "stream");
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const std::lock_guard lock(mutex);
  const cudaError_t status = release(stream, "stream");
  if (!stream->queued.empty() && !is_sticky(state().device.error)) violate("a stream is destroyed with work in it");
  delete stream;
  return status;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const std::lock_guard lock(mutex);
  const cudaError_t status = enter_outside_graphs("cudaStreamSynchronize");
  ++state().device.waits;
  if (is_sticky(status)) return status;
  real(stream)->run_until(real(stream)->end());  // what else it tells is of the work, which is over
  return status;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* capturing) {
  *capturing = stream->records ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  const std::lock_guard lock(mutex);
  if (const cudaError_t status = enter()) return status;
  stream->records = true;
  recorded_stream = stream;
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  const std::lock_guard lock(mutex);
  stream->records = false;
  recorded_stream = nullptr;
  auto work = std::exchange(stream->recording, {});
  if (const cudaError_t status = enter()) return status;
  *graph = hold(new CUgraph_st{std::move(work)}, "graph");
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  const std::lock_guard lock(mutex);
  const cudaError_t status = release(graph, "graph");
  delete graph;
  return status;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long) {
  const std::lock_guard lock(mutex);
  if (const cudaError_t status = enter()) return status;
  *exec = hold(new CUgraphExec_st{graph->work}, "executable graph");
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  const std::lock_guard lock(mutex);
  const cudaError_t status = release(exec, "executable graph");
  delete exec;
  return status;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  const std::lock_guard lock(mutex);
  if (const cudaError_t status = enter()) return status;
  ++state().device.graph_launches;
  if (state().device.at_graph_launch) state().device.at_graph_launch();
  real(stream)->queued.insert(real(stream)->queued.end(), exec->work.begin(), exec->work.end());
  return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  const std::lock_guard lock(mutex);
  if (const cudaError_t status = enter()) return status;
  *event = hold(new CUevent_st, "event");
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const std::lock_guard lock(mutex);
  const cudaError_t status = release(event, "event");
  delete event;
  return status;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const std::lock_guard lock(mutex);
  if (const cudaError_t status = enter()) return status;
  *event = {real(stream), real(stream)->end()};
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  const std::lock_guard lock(mutex);
  if (const cudaError_t status = enter()) return status;
  enqueue(stream, [marked = *event] { reach(marked); });
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  const std::lock_guard lock(mutex);
  const cudaError_t status = enter_outside_graphs("cudaEventSynchronize");
  ++state().device.waits;
  if (!is_sticky(status)) reach(*event);
  return status;
}
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* data) {
  const std::lock_guard lock(mutex);
  if (const cudaError_t status = enter()) return status;
  *attributes = {};
  attributes->type = cudaMemoryTypeUnregistered;
  for (const auto& [memory, size] : state().sizes) {
    const auto* begin = static_cast<const char*>(memory);
    if (data < begin || data >= begin + size) continue;
    attributes->type = cudaMemoryTypeDevice;
    attributes->device = 0;
  }
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t, cudaEvent_t) {
  *ms = 0;
  return cudaSuccess;
}
cudaError_t cudaFuncSetAttribute(const void*, cudaFuncAttribute, int) { return cudaSuccess; }

// What nvcc puts behind kernel<<<...>>>(...).
void** __cudaRegisterFatBinary(void*) { return nullptr; }
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}
void __cudaRegisterFunction(void**, const char*, char*, const char*, int, uint3*, uint3*, dim3*, dim3*, int*) {}
char __cudaInitModule(void**) { return 0; }
cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void*) {
  *kernel = nullptr;
  return cudaSuccess;
}
unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, cudaStream_t stream) {
  next_launch = {grid, block, shared, stream};
  return 0;
}
cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, size_t* shared, void* stream) {
  *grid = next_launch.grid;
  *block = next_launch.block;
  *shared = next_launch.shared;
  *static_cast<cudaStream_t*>(stream) = next_launch.stream;
  return cudaSuccess;
}
cudaError_t __cudaLaunchKernel(cudaKernel_t, dim3 grid, dim3 block, void**, size_t, cudaStream_t stream) {
  const std::lock_guard lock(mutex);
  if (const cudaError_t status = enter()) return status;
  if (grid.x == 0 || block.x == 0) violate("an empty launch");
  ++state().device.kernel_launches;
  enqueue(stream, [] {});
  return cudaSuccess;
}
cudaError_t cudaLaunchKernel(const void*, dim3 grid, dim3 block, void** arguments, size_t shared, cudaStream_t stream) {
  return __cudaLaunchKernel(nullptr, grid, block, arguments, shared, stream);  // what CUDA 12 calls
}

}  // extern "C"
