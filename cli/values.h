// Checking and parsing option values.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vgg16/feature_file.h"

namespace vgg16 {

/// A check for an option: unless fits(value), the error is `"VALUE" is not EXPECTED`.
[[nodiscard]] CLI::Validator expects(std::string expected, std::function<bool(const std::string&)> fits);

/// For names of files that are looked for only when they are given: an empty one, as of an unset variable, is refused.
[[nodiscard]] CLI::Validator has_a_name();

/// A check for decimal integers in a range; 1e9 and 0x10 are refused.
[[nodiscard]] CLI::Validator whole_number(int64_t least, int64_t most);

/// A check for one of `names`, listed in messages as `expected`. The message suggests the most similar name.
[[nodiscard]] CLI::Validator one_of(std::vector<std::string> names, std::string expected);

/// Lets `option` take only `names`, which help and completions show as its value: "f32|f16". As one_of() otherwise.
CLI::Option* choices(CLI::Option* option, std::vector<std::string> names);

/// `text` as a finite number; empty if the whole text is not one.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);
[[nodiscard]] std::optional<int64_t> parse_whole_number(std::string_view text);

/// "I/N" with 1 <= I <= N, such as "2/8".
[[nodiscard]] std::optional<Shard> parse_shard(std::string_view text);

/// The number of pictures, of `pictures` in all, that may be skipped: "5" is 5, "1%" a share, rounded down.
[[nodiscard]] std::optional<int64_t> parse_allowed_skips(std::string_view text, int64_t pictures);

/// Whether `text` is "100%", which allows skipping any number of pictures, even whole folders.
[[nodiscard]] bool allows_all_skips(std::string_view text);

}  // namespace vgg16
