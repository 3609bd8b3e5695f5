// A classifier as a safetensors file.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "safetensors/safetensors.h"
#include "vgg16/classifier.h"

namespace vgg16 {

/// What metadata["format"] says in a file of this layout.
inline constexpr std::string_view kModelFormat = "vgg16-classifier-1";

/// What metadata["crc32"] must say: zlib's CRC-32 of everything else that a model file says, as 8 lower-case hex
/// digits. Of the number of other metadata; of each of these, by key, the key and its value; of each tensor, by name,
/// the name, the dtype, the number of dimensions, each dimension, and the bytes. Numbers are uint64, little-endian;
/// before a text, and before a tensor's bytes, comes its length in bytes.
[[nodiscard]] std::string model_checksum(const SafetensorsView& file);

/// The classifier in `bytes`, everything checked; `name` is what messages call it (already printable).
/// Throws Error{kRefused}.
[[nodiscard]] Classifier parse_model(std::span<const std::byte> bytes, const std::string& name);

/// Structured metadata of a trained classifier, as JSON texts: scores of every fold for every C, the certificates of
/// the fits, and which rows were held out. No times: the same training gives the same bytes.
[[nodiscard]] std::string scores_json(const Report& report);
[[nodiscard]] std::string certificates_json(const Report& report);
[[nodiscard]] std::string rows_json(std::span<const int64_t> rows);

}  // namespace vgg16
