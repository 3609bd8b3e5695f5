// The layout of a model file: a classifier as a safetensors file.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "safetensors/safetensors.h"
#include "vgg16/classifier.h"

namespace vgg16 {

/// The value of metadata["format"].
inline constexpr std::string_view kModelFormat = "vgg16-classifier-1";

/// The value of metadata["crc32"]: zlib's CRC-32, as 8 lower-case hex digits, of all other content of the file in this
/// order: the number of other metadata entries; for each of these, sorted by key, key and value; for each tensor,
/// sorted by name, its name, dtype, number of dimensions, each dimension, and bytes. Numbers are uint64, little-endian;
/// every text and every tensor's bytes are preceded by their length in bytes.
[[nodiscard]] std::string model_checksum(const SafetensorsView& file);

/// Reads and checks the classifier in `bytes`. Messages call it `name`, which must be escaped. Throws Error{kRefused}.
[[nodiscard]] Classifier parse_model(std::span<const std::byte> bytes, const std::string& name);

/// Metadata of a trained classifier as JSON (see Classifier::metadata): the candidates, the certificates of the fits,
/// the weight of each class, the held-out rows. Without times, so that the same training gives the same bytes.
[[nodiscard]] std::string cv_json(const Report& report);
[[nodiscard]] std::string fits_json(const Report& report);
[[nodiscard]] std::string class_weights_json(const Report& report);
[[nodiscard]] std::string rows_json(std::span<const int64_t> rows);

}  // namespace vgg16
