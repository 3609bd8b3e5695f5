// How this library fails.
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

namespace vgg16 {

enum class ErrorCode {
  kInvalidArgument,  ///< an option or argument has no meaning here
  kShape,            ///< the caller's views do not fit the operation
  kNotFound,         ///< a file or folder that must exist does not
  kExists,           ///< an output is there already
  kIo,               ///< the system refused: permission, space, a failing disk
  kMemory,           ///< memory ran out
  kDevice,           ///< the asked-for device is missing or failed
  kRefused,          ///< an input is damaged, unsafe, of another kind or made by another recipe
};

/// The one exception type. what() is a single line: the object, what was found, what was expected, what to do.
/// Names that come from outside are already escaped in it (see printable()).
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

/// Throws Error{code, message} unless `condition` holds.
inline void require(bool condition, ErrorCode code, std::string_view message) {
  if (!condition) throw Error(code, std::string(message));
}

/// `name` as it may be shown in a message: valid UTF-8 is kept; backslashes, bytes that are not UTF-8, and characters
/// that a screen does not show or that move others (controls, line separators, marks of direction, joiners) become \n,
/// \t, \\, or \xHH for each byte. So a hostile file name can neither break a line, nor drive a terminal, nor look like
/// another name, and its bytes can be had back.
[[nodiscard]] std::string printable(std::string_view name);

/// A line that was put together of such names, with the same characters escaped but its backslashes as they are: what
/// printable() has given stays the same, and what somebody forgot to give it is harmless.
[[nodiscard]] std::string without_invisible(std::string_view text);

/// `json`, valid and on one line, with the same characters as \uHHHH.
[[nodiscard]] std::string json_without_invisible(std::string_view json);

/// "0.1", "10000", "1e-06": the shortest text that reads back as `value`.
[[nodiscard]] std::string shortest(double value);

/// The system's words for errno `number`, such as "No space left on device". Thread-safe.
[[nodiscard]] std::string system_message(int number);

/// The one of `known` that takes the fewest edits (Levenshtein) to reach from `word`, for "did you mean ...?"; "" where
/// even that one has little in common with it.
[[nodiscard]] std::string_view nearest_name(std::string_view word, std::span<const std::string_view> known);

/// A value, or the reason why there is none: for one bad item among many, where the caller carries on with the next.
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
