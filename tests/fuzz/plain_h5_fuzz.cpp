// Any bytes as a features file in HDF5's plainest form, which is read without HDF5: refused, or read to the last row.
#include <fcntl.h>

#include <algorithm>
#include <vector>

#include "features/plain_h5.h"
#include "fuzz/input_file.h"
#include "vgg16/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const vgg16::PosixFile file(vgg16::as_input_file(data, size), O_RDONLY);
  try {
    const vgg16::PlainH5 source(file);
    for (const char* name : {"layer", "weights_sha256", "plan_digest"}) static_cast<void>(source.text_attribute(name));
    for (const char* name : {"labels", "file_size", "file_crc32", "row_crc32", "row_numbers"}) {
      try {
        static_cast<void>(source.integers(name, {}));
      } catch (const vgg16::Error&) {
      }
    }
    for (const char* name : {"label_names", "paths"}) {
      try {
        static_cast<void>(source.strings(name, {}, 1));
      } catch (const vgg16::Error&) {
      }
    }
    static_cast<void>(source.strings("skipped", {}, 2));
    const vgg16::StoredTable table = source.table("features");
    std::vector<std::byte> row(static_cast<size_t>(table.columns * table.format.size()));
    for (int64_t i = 0; i < std::min<int64_t>(table.rows, 100) && table.offset >= 0; ++i) {
      file.read_at(table.offset + i * static_cast<int64_t>(row.size()), row);
    }
  } catch (const vgg16::Error&) {
  } catch (const vgg16::OtherForm&) {
  }
  return 0;
}
