#include "safetensors/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "files/files.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian and read in place");

using Json = nlohmann::json;

constexpr size_t kLengthBytes = 8;
constexpr uint64_t kMaxHeaderBytes = 16 << 20;  // a model's metadata lists its held-out rows; enough for two million
constexpr size_t kMaxTensors = 512;
constexpr size_t kMaxRank = 8;
constexpr int kMaxDepth = 4;
constexpr size_t kMaxValues = 32 * kMaxTensors;  // keys, values and brackets; one tensor has at most 21

struct Reader {
  std::string_view name;
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(ErrorCode::kRefused, std::string(name) + ": " + what);
  }
};

size_t dtype_bytes(std::string_view dtype) {
  return dtype == "F16" ? 2 : dtype == "F32" || dtype == "U32" ? 4 : dtype == "F64" ? 8 : 0;
}

// The JSON parser by itself would keep the last of two equal keys, and take memory for any depth and any number of
// values. Its callback ends the parse as soon as one of these occurs.
Json parse_header(std::string_view text, const Reader& reader) {
  std::vector<std::set<std::string>> keys;
  size_t values = 0;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kMaxDepth) reader.refuse("the header is nested too deeply");
    if (++values > kMaxValues)
      reader.refuse("the header has more values than " + std::to_string(kMaxTensors) + " tensors need");
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second) {
      reader.refuse("the header names \"" + printable(parsed.get<std::string>()) + "\" twice");
    }
    return true;
  };
  try {
    return Json::parse(text, watch);
  } catch (const Json::exception&) {
    reader.refuse("the header is not JSON");
  }
}

struct Range {
  uint64_t begin;
  uint64_t end;
};

// Checks one entry of the header against the data. Exactly three keys: an unknown one could change the meaning.
TensorView read_tensor(const std::string& tensor, const Json& entry, std::span<const std::byte> data, Range& range,
                       const Reader& reader) {
  const std::string shown = printable(tensor);
  const auto is_count = [](const Json& number) { return number.is_number_unsigned(); };
  if (!entry.is_object() || entry.size() != 3 || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets") || !entry["dtype"].is_string() || !entry["shape"].is_array() ||
      !entry["data_offsets"].is_array()) {
    reader.refuse(shown + ": expected dtype, shape and data_offsets");
  }
  TensorView view;
  view.dtype = entry["dtype"].get<std::string>();
  const size_t element = dtype_bytes(view.dtype);
  if (element == 0) reader.refuse(shown + ": type " + printable(view.dtype) + ", expected F16, F32, F64 or U32");
  if (entry["shape"].size() > kMaxRank) reader.refuse(shown + ": more than 8 dimensions");
  // The product of the dimensions can overflow; it is compared with the range below.
  uint64_t bytes = element;
  for (const Json& dimension : entry["shape"]) {
    if (!is_count(dimension)) reader.refuse(shown + ": a dimension is not a whole number of 0 or more");
    const auto length = dimension.get<uint64_t>();
    if (__builtin_mul_overflow(bytes, length, &bytes) || length > static_cast<uint64_t>(INT64_MAX)) {
      reader.refuse(shown + ": the shape is too large");
    }
    view.shape.push_back(static_cast<int64_t>(length));
  }
  const Json& offsets = entry["data_offsets"];
  if (offsets.size() != 2 || !is_count(offsets[0]) || !is_count(offsets[1])) {
    reader.refuse(shown + ": data_offsets must be two whole numbers");
  }
  range = {offsets[0].get<uint64_t>(), offsets[1].get<uint64_t>()};
  if (range.begin > range.end || range.end > data.size()) reader.refuse(shown + ": its data lies outside the file");
  if (range.end - range.begin != bytes) {
    reader.refuse(shown + ": " + std::to_string(range.end - range.begin) + " bytes of data, its shape needs " +
                  std::to_string(bytes));
  }
  view.bytes = data.subspan(range.begin, bytes);
  return view;
}

// Tensors must cover the data exactly: hidden bytes between or after them would not be under any tensor's checks.
void require_gapless(std::vector<Range> ranges, uint64_t size, const Reader& reader) {
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
  uint64_t covered = 0;
  for (const Range& range : ranges) {
    if (range.begin != covered)
      reader.refuse(range.begin < covered ? "two tensors overlap" : "a hole between two tensors");
    covered = range.end;
  }
  if (covered != size) reader.refuse("bytes after the last tensor");
}

}  // namespace

SafetensorsView parse_safetensors(std::span<const std::byte> bytes, std::string_view name) {
  const Reader reader{name};
  uint64_t header_bytes = 0;
  if (bytes.size() < kLengthBytes) reader.refuse("too short for a safetensors file");
  std::memcpy(&header_bytes, bytes.data(), kLengthBytes);
  if (header_bytes > kMaxHeaderBytes || header_bytes > bytes.size() - kLengthBytes) {
    reader.refuse("not a safetensors file, or cut short: its header would take " + std::to_string(header_bytes) +
                  " bytes");
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, header_bytes);
  if (text.empty() || text[0] != '{') reader.refuse("not a safetensors file: the header is not a JSON object");
  // The JSON parser would stop at a zero byte and ignore everything after it.
  if (text.find('\0') != std::string_view::npos) reader.refuse("the header is not JSON");
  const Json header = parse_header(text, reader);
  const auto data = bytes.subspan(kLengthBytes + header_bytes);

  SafetensorsView view;
  std::vector<Range> ranges;
  for (const auto& [key, entry] : header.items()) {
    if (key == "__metadata__") {
      if (!entry.is_object()) reader.refuse("__metadata__ is not an object");
      for (const auto& [field, text_value] : entry.items()) {
        if (!text_value.is_string()) reader.refuse("__metadata__ \"" + printable(field) + "\" is not a string");
        view.metadata.emplace(field, text_value.get<std::string>());
      }
      continue;
    }
    if (ranges.size() == kMaxTensors) reader.refuse("more than " + std::to_string(kMaxTensors) + " tensors");
    Range range{};
    view.tensors.emplace(key, read_tensor(key, entry, data, range, reader));
    ranges.push_back(range);
  }
  require_gapless(std::move(ranges), data.size(), reader);
  return view;
}

void write_safetensors(const std::filesystem::path& path, std::span<const TensorToWrite> tensors,
                       const std::map<std::string, std::string, std::less<>>& metadata, bool overwrite) {
  // Checked before the work; write_file_whole checks again, atomically, at the end.
  if (!overwrite) require_absent(path);
  using OrderedJson = nlohmann::ordered_json;  // keeps the tensors in the given order
  OrderedJson header = OrderedJson::object();
  if (!metadata.empty()) {
    header["__metadata__"] = OrderedJson::object();
    for (const auto& [key, value] : metadata) header["__metadata__"][key] = value;
  }
  uint64_t offset = 0;
  for (const TensorToWrite& tensor : tensors) {
    const uint64_t end = offset + tensor.bytes.size();
    OrderedJson entry = OrderedJson::object();
    entry["dtype"] = tensor.dtype;
    entry["shape"] = tensor.shape;
    entry["data_offsets"] = {offset, end};
    header[tensor.name] = std::move(entry);
    offset = end;
  }
  // Invalid UTF-8 is replaced by U+FFFD: JSON must be UTF-8.
  std::string text = header.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  // Padded so that the tensors begin at a multiple of 8 bytes and can be read in place as doubles.
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const uint64_t length = text.size();
  std::vector<std::span<const std::byte>> parts = {std::as_bytes(std::span(&length, 1)),
                                                   std::as_bytes(std::span(text))};
  for (const TensorToWrite& tensor : tensors) parts.push_back(tensor.bytes);
  write_file_whole(path, parts, overwrite ? Replace::kYes : Replace::kNo);
}

}  // namespace vgg16
