// Errors of the C interface: exceptions end here and become a status and a line of text.
#pragma once

#include <cstddef>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "vgg16.h"
#include "vgg16/error.h"

namespace vgg16 {

/// Keeps `text`, cut to 1,023 bytes, for vgg16_last_error() of this thread, and returns `status`.
vgg16_status failed(vgg16_status status, const char* text);

vgg16_status status_of(ErrorCode code);

/// Calls body() and returns what became of it.
template <class Body>
vgg16_status guarded(Body body) {
  try {
    body();
    return VGG16_OK;
  } catch (const Error& error) {
    return failed(status_of(error.code()), error.what());
  } catch (const std::bad_alloc&) {
    return failed(VGG16_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return failed(VGG16_INTERNAL, error.what());
  }
}

/// Throws Error{kInvalidArgument} if a pointer is null. `what` is such as "vgg16_extract: rows".
inline void need(const void* pointer, const char* what) {
  if (pointer == nullptr) throw Error(ErrorCode::kInvalidArgument, std::string(what) + " is NULL");
}

/// Throws Error{kShape} unless `count` is n * each.
inline void need_size(const char* what, size_t count, size_t n, size_t each) {
  size_t expected = 0;
  if (__builtin_mul_overflow(n, each, &expected) || count != expected) {
    throw Error(ErrorCode::kShape, std::string(what) + " has room for " + std::to_string(count) +
                                       " numbers, expected " + std::to_string(n) + " x " + std::to_string(each));
  }
}

/// Options that begin with their size: those that the caller's header knows, and `defaults` for the rest.
template <class Options>
Options known(const Options* given, Options defaults, const char* what) {
  if (given == nullptr) return defaults;
  if (given->size <= sizeof(size_t) || given->size > sizeof(Options)) {
    throw Error(ErrorCode::kShape, std::string(what) + ": its size is " + std::to_string(given->size) +
                                       ", expected at most " + std::to_string(sizeof(Options)) +
                                       "; was the program compiled with another vgg16.h?");
  }
  std::memcpy(&defaults, given, given->size);
  return defaults;
}

}  // namespace vgg16
