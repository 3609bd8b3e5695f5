// A program that uses the installed library: features of a grey picture, then a features file that does not exist.
#include <vgg16/error.h>
#include <vgg16/extractor.h>
#include <vgg16/feature_file.h>

#include <iostream>

int main() try {
  vgg16::Extractor extractor(vgg16::Weights::load(WEIGHTS), {.layer = "block1_pool", .pool = vgg16::Pool::kAvg});
  const std::vector<uint8_t> pixels(224 * 224 * 3, 128);
  std::vector<float> row(static_cast<size_t>(extractor.columns()));
  extractor.extract({pixels.data(), 1}, row.data());
  std::cout << row.size() << " numbers, the first " << row[0] << '\n';
  vgg16::open_feature_file("missing.h5");
} catch (const vgg16::Error& error) {
  std::cout << error.what() << '\n';
}
