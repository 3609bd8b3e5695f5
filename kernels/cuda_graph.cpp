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

// Ends a recording that went wrong: until then the stream takes no other work.
void abandon(CudaStream stream) {
  cudaGraph_t graph = nullptr;
  static_cast<void>(cudaStreamEndCapture(stream, &graph));
  if (graph != nullptr) Destroy{}(graph);
  static_cast<void>(cudaGetLastError());  // that the recording is invalid, which is known
}

}  // namespace

CudaGraph CudaGraph::record(CudaStream stream, const std::function<void()>& work) {
  // Thread-local: what other threads do meanwhile, such as taking memory for an engine of theirs, is no concern of
  // ours.
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
