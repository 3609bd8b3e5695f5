// Option values: what is accepted, and one sentence for what is not.
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

/// A check for options: `"VALUE" is not EXPECTED` unless `fits`.
[[nodiscard]] CLI::Validator expects(std::string expected, std::function<bool(const std::string&)> fits);

/// Decimal digits only: neither 1e9 nor 0x10.
[[nodiscard]] CLI::Validator whole_number(int64_t least, int64_t most);

/// One of `names`, which messages call `expected`; the nearest one is suggested.
[[nodiscard]] CLI::Validator one_of(std::vector<std::string> names, std::string expected);

/// All of `text` as a number that is not infinite, or nothing.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);
[[nodiscard]] std::optional<int64_t> parse_whole_number(std::string_view text);

/// "2/8".
[[nodiscard]] std::optional<Shard> parse_shard(std::string_view text);

/// How many of `pictures` may be skipped: "5" of them, or "1%".
[[nodiscard]] std::optional<int64_t> parse_allowed_skips(std::string_view text, int64_t pictures);

/// "100%": any number of pictures, whole folders too.
[[nodiscard]] bool allows_all_skips(std::string_view text);

}  // namespace vgg16
