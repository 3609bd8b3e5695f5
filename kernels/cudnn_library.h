// cuDNN's functions, found when they are first needed: a program that serves machines without it must not link to it.
#pragma once

#include <cudnn_backend.h>

namespace vgg16 {

/// What is used of libcudnn.so.9. The types are those of its headers.
struct CudnnLibrary {
  decltype(&::cudnnGetVersion) get_version;
  decltype(&::cudnnGetErrorString) get_error_string;
  decltype(&::cudnnGetLastErrorString) get_last_error_string;
  decltype(&::cudnnCreate) create;
  decltype(&::cudnnDestroy) destroy;
  decltype(&::cudnnSetStream) set_stream;
  decltype(&::cudnnBackendCreateDescriptor) create_descriptor;
  decltype(&::cudnnBackendDestroyDescriptor) destroy_descriptor;
  decltype(&::cudnnBackendFinalize) finalize;
  decltype(&::cudnnBackendSetAttribute) set_attribute;
  decltype(&::cudnnBackendGetAttribute) get_attribute;
  decltype(&::cudnnBackendExecute) execute;
};

/// The library, opened on the first call and never closed. Thread-safe. Throws Error{kDevice} saying what is missing;
/// the next call then tries again.
const CudnnLibrary& cudnn_library();

}  // namespace vgg16
