// Entries of cuDNN's table as text: the lines of kernels/conv3x3_cudnn_table.inc, which are C++ and read back here, so
// that proposed engines can be measured before they are committed.
#pragma once

#include <cctype>
#include <charconv>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/conv3x3_cudnn.h"

namespace vgg16 {

namespace engine_lines {

struct Named {
  CudaPrecision value;
  std::string_view name;
};
inline constexpr Named kPrecisions[] = {{CudaPrecision::kF32, "CudaPrecision::kF32"},
                                        {CudaPrecision::kTf32, "CudaPrecision::kTf32"},
                                        {CudaPrecision::kF16, "CudaPrecision::kF16"},
                                        {CudaPrecision::kBf16, "CudaPrecision::kBf16"}};

}  // namespace engine_lines

/// "{90, 91900, {{1, 14, 14, 512}, 512, CudaPrecision::kBf16}, {true, 41, {{2, 5}, {13, 1}}}},".
[[nodiscard]] inline std::string engine_line(const CudnnTableEntry& entry) {
  std::string knobs;
  for (const CudnnEngine::Knob& knob : entry.engine.knobs) {
    knobs += (knobs.empty() ? "{" : ", {") + std::to_string(knob.type) + ", " + std::to_string(knob.value) + "}";
  }
  std::string precision;
  for (const auto& [value, name] : engine_lines::kPrecisions) {
    if (value == entry.problem.precision) precision = name;
  }
  const Shape4& in = entry.problem.in;
  return "{" + std::to_string(entry.architecture) + ", " + std::to_string(entry.cudnn_version) + ", {{" +
         std::to_string(in.n) + ", " + std::to_string(in.h) + ", " + std::to_string(in.w) + ", " +
         std::to_string(in.c) + "}, " + std::to_string(entry.problem.oc) + ", " + precision + "}, {" +
         (entry.engine.bias_and_relu ? "true" : "false") + ", " + std::to_string(entry.engine.index) + ", {" + knobs +
         "}}},";
}

/// The entry of such a line; nothing where it is a comment, empty or cut short.
[[nodiscard]] inline std::optional<CudnnTableEntry> parse_engine_line(std::string_view line) {
  line = line.substr(0, line.find("//"));
  std::vector<int64_t> numbers;  // words count as their place among those that are known
  int depth = 0;
  for (size_t at = 0; at < line.size();) {
    size_t end = at;
    while (end < line.size() &&
           (std::isalnum(static_cast<unsigned char>(line[end])) != 0 || line[end] == ':' || line[end] == '-')) {
      ++end;
    }
    const std::string_view word = line.substr(at, end - at);
    if (word.empty()) {
      depth += line[at] == '{' ? 1 : line[at] == '}' ? -1 : 0;
      ++at;
      continue;
    }
    at = end;
    int64_t number = 0;
    const auto [rest, problem] = std::from_chars(word.data(), word.data() + word.size(), number);
    bool known = problem == std::errc() && rest == word.data() + word.size();
    if (word == "true" || word == "false") known = true, number = word == "true" ? 1 : 0;
    for (const auto& [value, name] : engine_lines::kPrecisions) {
      if (word == name) known = true, number = static_cast<int64_t>(value);
    }
    if (!known) return std::nullopt;
    numbers.push_back(number);
  }
  if (depth != 0 || numbers.size() < 10 || numbers.size() % 2 != 0) return std::nullopt;
  const auto small = [&](size_t i) { return static_cast<int>(numbers[i]); };
  CudnnTableEntry entry{.architecture = small(0),
                        .cudnn_version = numbers[1],
                        .problem = {.in = {small(2), small(3), small(4), small(5)},
                                    .oc = small(6),
                                    .precision = static_cast<CudaPrecision>(numbers[7])},
                        .engine = {.bias_and_relu = numbers[8] != 0, .index = numbers[9], .knobs = {}}};
  for (size_t i = 10; i < numbers.size(); i += 2) entry.engine.knobs.push_back({numbers[i], numbers[i + 1]});
  return entry;
}

/// All entries of a file; none where it cannot be read.
[[nodiscard]] inline std::vector<CudnnTableEntry> read_engine_lines(const std::string& path) {
  std::vector<CudnnTableEntry> entries;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (auto entry = parse_engine_line(line)) entries.push_back(std::move(*entry));
  }
  return entries;
}

}  // namespace vgg16
