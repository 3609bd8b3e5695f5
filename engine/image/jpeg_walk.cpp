#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>

#include "image/walk.h"

namespace vgg16 {
namespace {

// Every scan of a progressive picture is decoded over all its pixels, so the time is scans times pixels. A small file
// can have many scans of a large picture; real ones have about ten.
constexpr int kMaxScans = 100;
constexpr int64_t kMaxScannedPixels = 1'000'000'000;

// Marker codes, ITU-T T.81, table B.1.
enum Marker : uint8_t {
  kSof0 = 0xC0,
  kSof2 = 0xC2,
  kDht = 0xC4,
  kSof15 = 0xCF,
  kDac = 0xCC,
  kJpg = 0xC8,
  kRst0 = 0xD0,
  kRst7 = 0xD7,
  kSoi = 0xD8,
  kEoi = 0xD9,
  kSos = 0xDA,
};

// SOF0 to SOF15 are frames, except the three codes in between that mean something else.
bool is_frame(uint8_t marker) {
  return marker >= kSof0 && marker <= kSof15 && marker != kDht && marker != kDac && marker != kJpg;
}

// Moves `at` to the byte after the next marker that begins a segment or ends the picture, and returns the marker; empty
// at the end of the bytes. Skips fill bytes, stuffed zeros, restart and reserved markers and anything else: after the
// header of a scan, these are its entropy-coded data.
std::optional<uint8_t> next_marker(Bytes bytes, size_t& at) {
  while (at < bytes.size()) {
    const void* found = std::memchr(bytes.data() + at, 0xFF, bytes.size() - at);
    if (found == nullptr) break;
    at = static_cast<size_t>(static_cast<const std::byte*>(found) - bytes.data());
    while (at < bytes.size() && byte_at(bytes, at) == 0xFF) ++at;
    if (at == bytes.size()) break;
    const uint8_t marker = byte_at(bytes, at++);
    if (marker >= kSof0 && (marker < kRst0 || marker > kRst7)) return marker;
  }
  at = bytes.size();
  return std::nullopt;
}

// What the scans of a frame have coded so far: for every coefficient of every component the lowest bit that is there.
// A decoder would fill in the rest with zeros, which gives a blurred picture or one without colours.
class Coverage {
 public:
  Coverage() = default;
  Coverage(uint8_t marker, Bytes frame) : progressive_(marker == kSof2) {
    for (size_t c = 0; c < byte_at(frame, 5); ++c) {
      Component& component = all_components_[n_components_++];
      component.id = byte_at(frame, 6 + 3 * c);
      component.lowest_bits.fill(kMissing);
    }
  }

  // Adds the scan with this header (T.81, B.2.3). The reason why it is refused, or "".
  std::string add(Bytes header) {
    const size_t components = header.empty() ? 0 : byte_at(header, 0);
    if (components == 0 || components > n_components_ || header.size() != 4 + 2 * components) {
      return "damaged: a scan header of the wrong length";
    }
    const size_t after = 1 + 2 * components;
    // In a sequential picture every scan codes all coefficients, whatever these bytes say.
    const int first = progressive_ ? byte_at(header, after) : 0;
    const int last = progressive_ ? byte_at(header, after + 1) : kCoefficients - 1;
    const auto lowest_bit = static_cast<int8_t>(progressive_ ? byte_at(header, after + 2) & 0xF : 0);
    if (first > last || last >= kCoefficients) return "damaged: a scan of coefficients that do not exist";
    for (size_t i = 0; i < components; ++i) {
      // Ids that occur twice are taken in their order, as libjpeg-turbo does (jdmarker.c, get_sos).
      const std::span<Component> from = std::span(all_components_).first(n_components_).subspan(i);
      const auto component = std::find_if(from.begin(), from.end(),
                                          [&](const Component& c) { return c.id == byte_at(header, 1 + 2 * i); });
      if (component == from.end()) return "damaged: a scan of a component that is not in its frame";
      std::fill(component->lowest_bits.begin() + first, component->lowest_bits.begin() + last + 1, lowest_bit);
    }
    return "";
  }

  // Whether every coefficient is there to its last bit.
  [[nodiscard]] bool complete() const {
    const auto components = std::span(all_components_).first(n_components_);
    return std::all_of(components.begin(), components.end(), [](const Component& component) {
      return std::count(component.lowest_bits.begin(), component.lowest_bits.end(), 0) == kCoefficients;
    });
  }

 private:
  static constexpr int kCoefficients = 64;
  struct Component {
    uint8_t id = 0;
    std::array<int8_t, kCoefficients> lowest_bits = {};
  };
  static constexpr int8_t kMissing = -1;

  bool progressive_ = false;
  size_t n_components_ = 0;
  std::array<Component, 4> all_components_ = {};  // at most, as read_frame() has checked
};

Result<JpegFrame> read_frame(uint8_t marker, Bytes segment) {
  const auto refused = [](std::string reason) { return Result<JpegFrame>::failure(std::move(reason)); };
  if (marker > kSof2) {  // T.81, table B.1: from 0xC9 on arithmetic coding; lossless is the last of each group of four
    if (marker >= 0xC9) return refused("arithmetic-coded JPEG is not supported");
    return refused(marker % 4 == 3 ? "lossless JPEG is not supported" : "hierarchical JPEG is not supported");
  }
  if (segment.size() < 6) return refused("damaged: its frame header is too short");
  const int bits = byte_at(segment, 0);
  if (bits != 8) return refused(std::to_string(bits) + "-bit JPEG is not supported");
  JpegFrame frame;
  frame.height = static_cast<int>(read_u16(segment, 1));
  frame.width = static_cast<int>(read_u16(segment, 3));
  frame.components = byte_at(segment, 5);
  if (frame.components != 1 && frame.components != 3 && frame.components != 4) {
    return refused("a JPEG of " + std::to_string(frame.components) + " colour components is not supported");
  }
  if (segment.size() < 6 + 3 * static_cast<size_t>(frame.components)) {
    return refused("damaged: its frame header is too short");
  }
  const std::string reason = refused_size(frame.width, frame.height);
  return reason.empty() ? Result<JpegFrame>(frame) : refused(reason);
}

}  // namespace

Result<JpegFrame> walk_jpeg(Bytes bytes) {
  const auto refused = [](std::string reason) { return Result<JpegFrame>::failure(std::move(reason)); };
  std::optional<JpegFrame> frame;
  Coverage coverage;
  int scans = 0;
  bool after_tables = false;
  size_t at = 2;  // after SOI
  // From segment to segment. A file that ends before EOI leaves the loop.
  while (const std::optional<uint8_t> marker = next_marker(bytes, at)) {
    if (*marker == kEoi) {
      // Tables may come as a stream of their own, as in Flash files: SOI, tables, EOI, then the picture.
      if (!frame && !after_tables && bytes.size() - at >= 2 && read_u16(bytes, at) == (0xFF00U | kSoi)) {
        after_tables = true;
        at += 2;
        continue;
      }
      if (scans == 0) return refused("damaged: holds no picture data");
      return coverage.complete() ? Result<JpegFrame>(*frame) : refused("truncated: some of its scans are missing");
    }
    if (*marker == kSoi || *marker == kJpg) return refused("damaged: a marker that is not allowed in this place");
    if (bytes.size() - at < 2) break;
    // The length includes its own two bytes.
    const size_t length = read_u16(bytes, at);
    if (length < 2) return refused("damaged: a segment without a length");
    if (length > bytes.size() - at) break;
    const Bytes segment = bytes.subspan(at + 2, length - 2);
    at += length;
    if (is_frame(*marker)) {
      // A second frame could have another size than the one that was checked.
      if (frame) return refused("damaged: two frame headers");
      const Result<JpegFrame> read = read_frame(*marker, segment);
      if (!read) return read;
      frame = read.value();
      coverage = Coverage(*marker, segment);
    } else if (*marker == kSos) {
      if (!frame) return refused("damaged: a scan before the frame header");
      if (++scans > kMaxScans) return refused("too many scans: more than " + std::to_string(kMaxScans));
      if (int64_t{scans} * frame->width * frame->height > kMaxScannedPixels) {
        return refused("too many scans for a picture of this size: " + std::to_string(scans) + " or more");
      }
      std::string reason = coverage.add(segment);
      if (!reason.empty()) return refused(std::move(reason));
    }
  }
  return refused("truncated: ends before its end marker");
}

}  // namespace vgg16
