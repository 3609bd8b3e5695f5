// The exception and result types of this library, and text for messages.
//
//   try { auto weights = vgg16::Weights::load("vgg16.safetensors"); }
//   catch (const vgg16::Error& e) { std::cerr << e.what() << '\n'; }   // one sentence that names the object
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#pragma GCC visibility push(default)
namespace vgg16 {

enum class ErrorCode {
  kInvalidArgument,  ///< an option or argument that is not valid
  kShape,            ///< the shape or alignment of an array does not fit the operation
  kNotFound,         ///< a file or folder that must exist does not
  kExists,           ///< the output exists already
  kIo,               ///< the system refused: permission, space, a failing disk
  kMemory,           ///< memory ran out
  kDevice,           ///< the requested device is missing or failed
  kRefused,          ///< an input is damaged, unsafe, of another kind or made by another recipe
  kCancelled,        ///< another thread ended the call
};

/// The one exception type. what() is a single line: the object, what was found, what was expected, what to do.
/// Names that come from outside are already escaped in it (see printable()).
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message, std::string detail = "")
      : std::runtime_error(message), code_(code), detail_(std::move(detail)) {}
  [[nodiscard]] ErrorCode code() const noexcept { return code_; }
  /// For whoever looks into a failure of the device: the call of CUDA or cuDNN that failed, and where; else empty.
  [[nodiscard]] const std::string& detail() const noexcept { return detail_; }

 private:
  ErrorCode code_;
  std::string detail_;
};

/// Throws Error{code, message} unless `condition` holds.
inline void require(bool condition, ErrorCode code, std::string_view message) {
  if (!condition) throw Error(code, std::string(message));
}

/// `text` escaped for a message: bytes that are not UTF-8, and characters that are invisible or move others (controls,
/// line ends, direction marks, joiners), become \xHH for each byte. So a hostile name can neither break the line nor
/// send control sequences to a terminal. What printable() returned stays the same.
[[nodiscard]] std::string printable(std::string_view text);

/// A path as the system gives it, escaped for a message: printable(escape_name(path)), names.h.
[[nodiscard]] std::string printable_path(const std::string& path);

/// `json`, which must be valid and on one line, with the characters that printable() escapes replaced by \uHHHH.
[[nodiscard]] std::string json_without_invisible(std::string_view json);

/// "0.1", "10000", "1e-06": the shortest text that reads back as `value`.
[[nodiscard]] std::string shortest(double value);

/// The system's message for an errno, such as "No space left on device". Thread-safe.
[[nodiscard]] std::string system_message(int number);

/// The name in `known` with the smallest Levenshtein distance to `word`, for "did you mean ...?"; "" if even that one
/// is more than 2 edits and a third of the word's length away.
[[nodiscard]] std::string_view nearest_name(std::string_view word, std::span<const std::string_view> known);

/// A value, or the reason why there is none. For one bad item among many, where the caller goes on with the next one.
template <class T>
class Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  [[nodiscard]] static Result failure(std::string reason) { return Result(Failure{std::move(reason)}); }

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] T& value() { return std::get<0>(state_); }
  [[nodiscard]] const T& value() const { return std::get<0>(state_); }
  [[nodiscard]] const std::string& reason() const { return std::get<1>(state_).reason; }

 private:
  struct Failure {
    std::string reason;
  };
  explicit Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}
  std::variant<T, Failure> state_;
};

}  // namespace vgg16
#pragma GCC visibility pop
