// cuDNN's functions, loaded at run time: a program that is linked to cuDNN would not start on machines without it.
#pragma once

#include <cudnn_backend.h>

namespace vgg16 {

/// The functions of libcudnn.so.9 that are used here, with the types of its headers.
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

/// Loads the library on the first call and never unloads it. Thread-safe. Throws Error{kDevice}, which says what is
/// missing; the next call tries again.
const CudnnLibrary& cudnn_library();

}  // namespace vgg16
