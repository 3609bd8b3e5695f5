#include "kernels/cuda_graph.h"

#include <memory>
#include <type_traits>
#include <utility>

#include "kernels/cuda_check.h"

namespace vgg16 {
namespace {

struct Destroy {
  void operator()(cudaGraph_t graph) const { static_cast<void>(cudaGraphDestroy(graph)); }
};
using Recording = std::unique_ptr<std::remove_pointer_t<cudaGraph_t>, Destroy>;

// Ends a recording that failed: until then the stream accepts no other work.
void abandon(CudaStream stream) {
  cudaGraph_t graph = nullptr;
  static_cast<void>(cudaStreamEndCapture(stream, &graph));
  if (graph != nullptr) Destroy{}(graph);
  static_cast<void>(cudaGetLastError());  // clears "the recording is invalid", which the caller knows
}

}  // namespace

CudaGraph CudaGraph::record(CudaStream stream, const std::function<void()>& work) {
  // Thread-local mode: in the other modes, memory that another thread allocates for its own engine would end this
  // recording with an error.
  VGG16_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  try {
    work();
  } catch (...) {
    abandon(stream);
    throw;
  }
  cudaGraph_t recorded = nullptr;
  const cudaError_t ended = cudaStreamEndCapture(stream, &recorded);
  const Recording recording(recorded);
  VGG16_CUDA_CHECK(ended);
  CudaGraph graph;
  VGG16_CUDA_CHECK(cudaGraphInstantiate(&graph.graph_, recorded, 0));
  return graph;
}

CudaGraph::~CudaGraph() {
  if (graph_ != nullptr) static_cast<void>(cudaGraphExecDestroy(graph_));
}

CudaGraph::CudaGraph(CudaGraph&& other) noexcept : graph_(std::exchange(other.graph_, nullptr)) {}

CudaGraph& CudaGraph::operator=(CudaGraph&& other) noexcept {
  std::swap(graph_, other.graph_);
  return *this;
}

void CudaGraph::launch(CudaStream stream) const { VGG16_CUDA_CHECK(cudaGraphLaunch(graph_, stream)); }

}  // namespace vgg16
