// How things look on the screen.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "command.h"
#include "vgg16/dataset.h"
#include "vgg16/feature_table.h"

namespace vgg16 {

/// "1,234,567".
[[nodiscard]] std::string with_thousands(int64_t number);
/// "1 row", "2 rows".
[[nodiscard]] std::string counted(int64_t number, std::string_view singular, std::string_view plural);
/// `value` with `digits` digits after the point.
[[nodiscard]] std::string fixed(double value, int digits);
/// "45 s", "3 min 20 s", "2 h 5 min".
[[nodiscard]] std::string duration_text(double seconds);

// All that the program prints goes through these, which escape what no screen should get (without_invisible()); names
// from outside have met printable() before, so that a line's backslashes can be told apart.

/// `text`, one line, and a newline on standard error.
void print_line(std::string_view text);
/// One line on standard error, "vgg16: ...".
void print_error(std::string_view message);
/// The same for what does not stop the run; silent with --quiet.
void print_warning(std::string_view message, const Common& common);
/// One line of information on standard error; silent with --quiet.
void print_note(std::string_view message, const Common& common);

/// Lines on standard output; the last may lack its newline.
void print_result(std::string_view text);

/// JSON on standard output, without a newline, piece by piece: there may be much of it. Bytes that are not UTF-8 become
/// U+FFFD.
void put_json(const nlohmann::ordered_json& value);
/// One JSON document, on one line, on standard output.
void print_json(const nlohmann::ordered_json& document);

/// Flushes standard output. Throws Error{kIo} if something could not be written: a full disk, a reader that has gone.
void flush_output();

[[nodiscard]] nlohmann::ordered_json skipped_json(const std::vector<SkippedPicture>& skipped);
/// Lists skipped pictures on standard error: the first few, or all with --verbose.
void print_skipped(const std::vector<SkippedPicture>& skipped, const Common& common);

}  // namespace vgg16
