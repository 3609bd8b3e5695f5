// Without libFuzzer: runs a target once over each file of the folders that are named, and over each of their
// beginnings.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argc, char** argv) {
  int files = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream stream(entry.path(), std::ios::binary);
      const std::vector<char> bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
      const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
      // At most 64 beginnings of each, spread evenly.
      for (size_t part = 1; part <= 64; ++part) LLVMFuzzerTestOneInput(data, bytes.size() * part / 64);
      ++files;
    }
  }
  std::printf("%d files\n", files);
  return files > 0 ? 0 : 1;
}
