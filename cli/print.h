// Formatting numbers, and printing to standard output and standard error.
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

// Everything that the program prints goes through these functions, which escape invisible characters with printable().
// Callers must pass paths as the system gives them through printable_path(), in JSON through escape_name(): only that
// also escapes a backslash which would read as an escape, so that the original name can be recovered.

/// `text`, one line, and a newline on standard error.
void print_line(std::string_view text);
/// One line on standard error, "vgg16: ...".
void print_error(std::string_view message);
/// One line on standard error, "vgg16: warning: ..."; not printed with --quiet.
void print_warning(std::string_view message, const Common& common);
/// One line of information on standard error; not printed with --quiet.
void print_note(std::string_view message, const Common& common);

/// Prints the lines of `text` on standard output; adds a newline if the last line has none.
void print_result(std::string_view text);

/// Prints JSON on standard output without a newline, value by value, because as one string it could take much memory.
/// Invalid UTF-8 becomes U+FFFD.
void put_json(const nlohmann::ordered_json& value);
/// One JSON document, on one line, on standard output.
void print_json(const nlohmann::ordered_json& document);

/// The columns of the terminal that `stream`, STDOUT_FILENO or STDERR_FILENO, is; otherwise, or if it does not say,
/// more than any line has.
[[nodiscard]] size_t terminal_width(int stream);

/// Flushes standard output. Throws Error{kIo} if something could not be written: full disk, closed pipe.
void flush_output();

[[nodiscard]] nlohmann::ordered_json skipped_json(const std::vector<SkippedPicture>& skipped);
/// Lists skipped pictures on standard error: the first few and how often each reason occurs, or all with --verbose.
void print_skipped(const std::vector<SkippedPicture>& skipped, const Common& common);

}  // namespace vgg16
