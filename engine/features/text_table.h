// Text in a file, and the records of comma-separated values in it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "files/posix_file.h"
#include "vocabulary/file_kind.h"

namespace vgg16 {

/// What `file` is, by its first bytes.
[[nodiscard]] FileKind kind_of(const PosixFile& file);

/// The text of `file`, which is of `kind`, without a byte order mark and without line ends after the last line. Throws
/// Error{kRefused} if it is no text in UTF-8, where `expected` says what was wanted, or is larger than 1 GB;
/// Error{kIo}.
[[nodiscard]] std::string read_text(const PosixFile& file, FileKind kind, std::string_view expected);

/// Takes the next record of comma-separated values (RFC 4180) from the start of `text`: fields in double quotes may
/// hold commas, line ends and doubled quotes. `name` is the file's. Throws Error{kRefused} for too many fields.
[[nodiscard]] std::vector<std::string> take_record(std::string_view& text, const std::string& name);

/// Takes the next line, without its end, from the start of `text`.
[[nodiscard]] std::string_view take_line(std::string_view& text);

/// `text` without blanks and tabs at its ends.
[[nodiscard]] std::string_view without_blanks(std::string_view text);

/// ASCII letters as small ones.
[[nodiscard]] std::string lower(std::string text);

/// The first ten fields in quotes, for a message.
[[nodiscard]] std::string shown(const std::vector<std::string>& fields);

}  // namespace vgg16
