#include "kernels/cudnn_library.h"

#include <dlfcn.h>

#include <string>

#include "vgg16/error.h"

namespace vgg16 {
namespace {

constexpr const char* kFile = "libcudnn.so.9";
constexpr const char* kAdvice = "; install cuDNN 9 for CUDA, or name its folder in LD_LIBRARY_PATH";

template <class Function>
void find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  require(function != nullptr, ErrorCode::kDevice, std::string(kFile) + " has no function " + name + kAdvice);
}

// RTLD_LOCAL: the names of cuDNN's functions do not mix with those of another cuDNN in an embedding program.
CudnnLibrary open_library() {
  void* library = dlopen(kFile, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = dlerror();
    throw Error(ErrorCode::kDevice,
                "cuDNN cannot be opened: " + printable(reason != nullptr ? reason : kFile) + kAdvice);
  }
  CudnnLibrary cudnn{};
  find(library, "cudnnGetVersion", cudnn.get_version);
  // Checked before other functions are looked up: an older library would fail with a less helpful message.
  const size_t version = cudnn.get_version();
  require(version >= 90000, ErrorCode::kDevice,
          std::string(kFile) + " is version " + std::to_string(version) + ", expected 90000 or newer" + kAdvice);
  find(library, "cudnnGetErrorString", cudnn.get_error_string);
  find(library, "cudnnGetLastErrorString", cudnn.get_last_error_string);
  find(library, "cudnnCreate", cudnn.create);
  find(library, "cudnnDestroy", cudnn.destroy);
  find(library, "cudnnSetStream", cudnn.set_stream);
  find(library, "cudnnBackendCreateDescriptor", cudnn.create_descriptor);
  find(library, "cudnnBackendDestroyDescriptor", cudnn.destroy_descriptor);
  find(library, "cudnnBackendFinalize", cudnn.finalize);
  find(library, "cudnnBackendSetAttribute", cudnn.set_attribute);
  find(library, "cudnnBackendGetAttribute", cudnn.get_attribute);
  find(library, "cudnnBackendExecute", cudnn.execute);
  return cudnn;
}

}  // namespace

// If the initialisation throws, the next call tries again; this is what the language guarantees for static variables.
const CudnnLibrary& cudnn_library() {
  static const CudnnLibrary library = open_library();
  return library;
}

}  // namespace vgg16
