// The library in somebody else's process: pictures as they come, nothing taken from the system per call, calls that end
// when another thread says so, and fork().
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/seccomp.h>
#include <chrono>
#include <thread>

#include "support/count_calls.h"
#include "support/expect_error.h"
#include "support/jpeg_encoder.h"
#include "support/pictures.h"
#include "support/random.h"
#include "support/synthetic_weights.h"
#include "support/temp_dir.h"
#include "vgg16/build_info.h"
#include "vgg16/image.h"
#include "vgg16/predictor.h"
#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

constexpr int64_t kColumns = 64;

ExtractorOptions quick(int threads, int batch_size = 2, std::string_view precision = "f32") {
  return {.layer = "block1_pool",
          .pool = Pool::kAvg,
          .device = "cpu",
          .precision = std::string(precision),
          .threads = threads,
          .batch_size = batch_size};
}

// Of three classes, on the rows of such an extractor.
Classifier quick_model() {
  Classifier model;
  model.classes = {"a", "b", "c"};
  model.columns = kColumns;
  const auto coef = random_floats(3 * kColumns, 3, -0.002F, 0.002F);
  model.coef.assign(coef.begin(), coef.end());
  model.intercept.assign(3, 0.25);
  model.recipe.layer = "block1_pool";
  model.recipe.pool = "avg";
  model.recipe.preprocessing = kPreprocessing;
  model.recipe.weights_sha256 = weights()->sha256();
  return model;
}

Picture rgb(const std::vector<uint8_t>& pixels, int height, int width) {
  return {std::as_bytes(std::span(pixels)), PictureFormat::kRgb, height, width};
}

std::vector<float> extracted(Extractor& extractor, std::span<const Picture> pictures) {
  std::vector<float> rows(pictures.size() * static_cast<size_t>(extractor.columns()));
  extractor.extract(pictures, rows.data());
  return rows;
}

// Bytes of each channel in a pixel of the format, -1 for alpha, and how the RGB picture looks in it.
struct Format {
  PictureFormat format;
  std::vector<int> channels;
};
const std::vector<Format> kFormats = {{PictureFormat::kRgb, {0, 1, 2}},
                                      {PictureFormat::kBgr, {2, 1, 0}},
                                      {PictureFormat::kRgba, {0, 1, 2, -1}},
                                      {PictureFormat::kBgra, {2, 1, 0, -1}}};

TEST(PictureTest, EveryFormatStrideAndSizeIsResizedAsRgb) {
  PictureResizer resizer;
  for (const auto& [height, width] : {std::pair(1, 1), {3, 500}, {224, 224}, {600, 7}, {480, 640}}) {
    const Image image{height, width, random_bytes(int64_t{3} * height * width, 5)};
    for (const int side : {224, 300}) {
      std::vector<uint8_t> expected(static_cast<size_t>(3 * side * side));
      resize_nearest(image, side, expected.data());
      for (const Format& format : kFormats) {
        const size_t bytes = format.channels.size();
        for (const size_t gap : {0, 5}) {
          const size_t stride = static_cast<size_t>(width) * bytes + gap;
          std::vector<uint8_t> pixels(stride * static_cast<size_t>(height) - gap, 77);
          for (size_t i = 0; i < image.pixels.size() / 3; ++i) {
            uint8_t* pixel =
                pixels.data() + i / static_cast<size_t>(width) * stride + i % static_cast<size_t>(width) * bytes;
            for (size_t c = 0; c < bytes; ++c) {
              if (format.channels[c] >= 0) pixel[c] = image.pixels[3 * i + static_cast<size_t>(format.channels[c])];
            }
          }
          const Picture picture{std::as_bytes(std::span(pixels)), format.format, height, width,
                                gap == 0 ? 0 : static_cast<int64_t>(stride)};
          std::vector<uint8_t> resized(expected.size());
          resizer.resize(picture, side, resized.data());
          EXPECT_EQ(resized, expected) << height << " x " << width << ", format " << static_cast<int>(format.format);
        }
      }
    }
  }
}

TEST(PictureTest, GreyIsRepeated) {
  const auto grey = random_bytes(20 * 30, 5);
  Image image{20, 30, {}};
  for (const uint8_t value : grey) image.pixels.insert(image.pixels.end(), 3, value);
  std::vector<uint8_t> expected(static_cast<size_t>(kPictureBytes));
  resize_nearest(image, kInputSide, expected.data());
  std::vector<uint8_t> resized(expected.size());
  PictureResizer().resize({std::as_bytes(std::span(grey)), PictureFormat::kGrey, 20, 30}, kInputSide, resized.data());
  EXPECT_EQ(resized, expected);
}

TEST(PictureTest, WrongSizesAreRefused) {
  const std::vector<uint8_t> pixels(6 * 4 * 3);
  std::vector<uint8_t> out(static_cast<size_t>(kPictureBytes));
  const auto expect_refusal = [&](const std::string& message, Picture picture) {
    expect_error(ErrorCode::kShape, message, [&] { PictureResizer().resize(picture, kInputSide, out.data()); });
  };
  const Picture good = rgb(pixels, 6, 4);
  PictureResizer().resize(good, kInputSide, out.data());
  Picture bad = good;
  bad.height = 7;
  expect_refusal("72 bytes, expected 7 rows of 12", bad);
  bad.height = 0;
  expect_refusal("size 4 x 0", bad);
  bad = good;
  bad.width = -4;
  expect_refusal("size -4 x 6", bad);
  bad = good;
  bad.stride = 11;
  expect_refusal("stride 11, expected 12", bad);
  bad.stride = INT64_MAX;
  expect_refusal("72 bytes, expected 6 rows of 9223372036854775807", bad);
  bad = good;
  bad.bytes = {};
  expect_refusal("0 bytes, expected 6 rows of 12", bad);
  bad = good;
  bad.format = static_cast<PictureFormat>(99);
  expect_refusal("unknown format 99", bad);
}

TEST(EmbeddingTest, PicturesOfEveryKindBecomeTheRowsOfTheirPixels) {
  const TempDir folder;
  write_test_file(folder / "a.jpg", small_jpeg());
  const auto bytes = read_picture(folder / "a.jpg");
  const auto path = (folder / "a.jpg").native();
  const auto image = decode_image(bytes.value());
  Extractor extractor(weights(), quick(1));
  const std::vector<Picture> pictures = {rgb(image.value().pixels, image.value().height, image.value().width),
                                         {bytes.value()},
                                         {std::as_bytes(std::span(path)), PictureFormat::kPath}};
  const auto rows = extracted(extractor, pictures);
  std::vector<float> row(kColumns);
  const std::vector<uint8_t> resized = load_resized(folder / "a.jpg", kInputSide).value().pixels;
  extractor.extract({resized.data(), 1}, row.data());
  for (size_t i = 0; i < pictures.size(); ++i) {
    EXPECT_THAT(std::span(rows).subspan(i * kColumns, kColumns), testing::ElementsAreArray(row)) << i;
  }
  extractor.extract(std::span<const Picture>{}, nullptr);
}

TEST(EmbeddingTest, AnExtractorGivesEarlierLayersToo) {
  Extractor later(weights(), {.layer = "block2_conv1", .device = "cpu", .threads = 1, .batch_size = 1});
  Extractor earlier(weights(), quick(1));
  const auto pixels = random_bytes(50 * 40 * 3, 5);
  const Picture picture = rgb(pixels, 50, 40);
  std::vector<float> row(kColumns);
  later.extract({&picture, 1}, layer_index("block1_pool"), Pool::kAvg, row.data());
  EXPECT_EQ(row, extracted(earlier, {&picture, 1}));
  expect_error(ErrorCode::kInvalidArgument, "the layer is after the last one", [&] {
    earlier.extract({&picture, 1}, layer_index("block2_conv1"), Pool::kAvg, row.data());
  });
}

TEST(EmbeddingTest, APredictorAnswersForPicturesOfAnySize) {
  Predictor predictor(quick_model(), weights(), {.network = quick(1)});
  const auto pixels = random_bytes(300 * 200 * 3, 5);
  const std::vector<Picture> pictures(5, rgb(pixels, 300, 200));
  std::vector<double> p(3 * pictures.size());
  predictor.predict(pictures, p.data());
  const auto expected = predictor.model().predict_probabilities(extracted(predictor.extractor(), {&pictures[0], 1}));
  for (size_t i = 0; i < pictures.size(); ++i) {
    EXPECT_THAT(std::span(p).subspan(3 * i, 3), testing::ElementsAreArray(expected)) << i;
  }
}

TEST(EmbeddingTest, RefusesNullPointersAndIsAsBefore) {
  Predictor predictor(quick_model(), weights(), {.network = quick(1)});
  Extractor& extractor = predictor.extractor();
  const auto pixels = random_bytes(kPictureBytes, 5);
  const Picture picture = rgb(pixels, kInputSide, kInputSide);
  const auto expected = extracted(extractor, {&picture, 1});
  std::vector<float> row(kColumns);
  std::vector<double> p(3);
  const auto refused = [](auto call) { expect_error(ErrorCode::kInvalidArgument, "a null pointer", call); };
  refused([&] { extractor.extract(ImagesIn{nullptr, 1}, row.data()); });
  refused([&] { extractor.extract({pixels.data(), 1}, nullptr); });
  refused([&] { extractor.extract({&picture, 1}, nullptr); });
  refused([&] { predictor.predict(ImagesIn{nullptr, 1}, p.data()); });
  refused([&] { predictor.predict({pixels.data(), 1}, nullptr); });
  refused([&] { predictor.predict({&picture, 1}, nullptr); });
  const std::vector<Picture> last_is_bad = {picture, picture, picture, {}};  // in the second batch
  row.resize(4 * kColumns);
  p.resize(4 * 3);
  expect_error(ErrorCode::kRefused, "picture 3: empty file", [&] { extractor.extract(last_is_bad, row.data()); });
  expect_error(ErrorCode::kRefused, "picture 3: empty file", [&] { predictor.predict(last_is_bad, p.data()); });
  EXPECT_EQ(extracted(extractor, {&picture, 1}), expected);
}

TEST(EmbeddingTest, TakesNoMemoryAndNoLockPerCall) {
#ifndef VGG16_SANITIZED
  EXPECT_GT(calls_so_far().allocations, 0) << "they are not counted";
#endif
  const auto pixels = random_bytes(3 * kPictureBytes, 5);
  const std::vector<Picture> pictures(3, rgb(pixels, 300, 200));
  std::vector<float> rows(3 * kColumns);
  std::vector<double> p(3 * 3);
  const auto expect_none = [&](int threads, ClassifierKind kind, std::string_view precision) {
    Classifier model = quick_model();
    model.kind = kind;
    if (kind == ClassifierKind::kSvm) model.sigmoids.assign(3, {-1, 0});
    Predictor predictor(model, weights(), {.network = quick(threads, 2, precision)});
    const auto call = [&] {
      predictor.predict({pixels.data(), 3}, p.data());
      predictor.predict(pictures, p.data());
      predictor.extractor().extract({pixels.data(), 3}, rows.data());
      predictor.extractor().extract(pictures, layer_index("block1_conv2"), Pool::kMax, rows.data());
    };
    call();
    const Calls before = calls_so_far();
    call();
    const Calls after = calls_so_far();
    EXPECT_EQ(after.allocations, before.allocations) << threads << " " << precision;
    EXPECT_EQ(after.locks, before.locks) << threads << " " << precision;
  };
  for (const int threads : {1, 2}) {
    for (const std::string_view precision : build_info().precisions) {
      expect_none(threads, ClassifierKind::kLogistic, precision);
    }
    expect_none(threads, ClassifierKind::kSvm, "f32");
  }
}

// Files in memory: only the decoder's own memory. libjpeg-turbo's is as counted with version 2.1.5; a PNG's are the
// list of its parts, its rows and pixels, a row of zeros, and zlib's state.
TEST(EmbeddingTest, FilesInMemoryTakeOnlyTheDecodersOwnMemory) {
#ifdef VGG16_SANITIZED
  GTEST_SKIP() << "nothing is counted";
#endif
  constexpr long kJpeg = 2;
  constexpr long kPng = 5;
  const FileBytes jpeg = encoded_jpeg({.width = 640, .height = 480});
  const FileBytes png = small_png({.width = 2, .height = 2, .colour = 2}, FileBytes(2 * 7));
  FileBytes damaged = jpeg;
  damaged[find_marker(jpeg, 0xDB) + 3] = std::byte{9};
  Predictor predictor(quick_model(), weights(), {.network = quick(1)});
  std::vector<double> p(3);
  const auto allocations_of = [&](const FileBytes& file) {
    const Picture picture{file};
    const long before = calls_so_far().allocations;
    predictor.predict({&picture, 1}, p.data());
    return calls_so_far().allocations - before;
  };
  allocations_of(jpeg);
  EXPECT_EQ(allocations_of(jpeg), kJpeg);
  EXPECT_EQ(allocations_of(png), kPng);
  const auto expected = p;
  EXPECT_THROW(allocations_of(damaged), Error);
  EXPECT_EQ(allocations_of(jpeg), kJpeg) << "after a picture that failed";
  EXPECT_EQ(allocations_of(png), kPng);
  EXPECT_EQ(p, expected);
}

// The exit status of a child that runs `body`, or minus the signal that ended it.
template <class Body>
int in_child(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);  // if something hangs
    _exit(body() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(EmbeddingTest, MakesNoSystemCallWithOneThread) {
#ifdef VGG16_SANITIZED
  GTEST_SKIP() << "the sanitizers make system calls";
#endif
  std::vector<Predictor> predictors;
  for (const std::string_view precision : build_info().precisions) {
    predictors.emplace_back(quick_model(), weights(), PredictorOptions{.network = quick(1, 2, precision)});
  }
  const auto pixels = random_bytes(300 * 200 * 3, 5);
  const Picture picture = rgb(pixels, 300, 200);
  std::vector<double> p(3);
  const auto exits_with = [](int status) { syscall(SYS_exit, status); };  // _exit() is another call, not allowed here
  EXPECT_EQ(in_child([&] {
              for (Predictor& predictor : predictors) predictor.predict({&picture, 1}, p.data());
              // From here on, any system call but read, write and exit kills the process.
              if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) return false;
              for (int i = 0; i < 3; ++i) {
                for (Predictor& predictor : predictors) predictor.predict({&picture, 1}, p.data());
              }
              exits_with(0);
              return false;
            }),
            0);
  EXPECT_EQ(in_child([&] {
              if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) return false;
              static_cast<void>(getppid());
              exits_with(0);
              return false;
            }),
            -SIGKILL)
      << "the kernel does not enforce it";
}

TEST(EmbeddingTest, AStackOf24KilobytesSuffices) {
#ifdef VGG16_SANITIZED
  GTEST_SKIP() << "the sanitizers take more";
#endif
  struct Job {
    Predictor predictor;
    std::vector<uint8_t> pixels = random_bytes(300 * 200 * 3, 5);
    std::vector<double> p = std::vector<double>(3);
  };
  for (const std::string_view precision : build_info().precisions) {
    Job job{Predictor(quick_model(), weights(), {.network = quick(1, 2, precision)})};
    pthread_attr_t small;
    pthread_attr_init(&small);
    ASSERT_EQ(pthread_attr_setstacksize(&small, 24 << 10), 0);
    const auto run = [](void* given) -> void* {
      auto& of_thread = *static_cast<Job*>(given);
      const Picture picture = rgb(of_thread.pixels, 300, 200);
      of_thread.predictor.predict({&picture, 1}, of_thread.p.data());
      return nullptr;
    };
    pthread_t thread = {};
    ASSERT_EQ(pthread_create(&thread, &small, run, &job), 0);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&small);
    EXPECT_GT(job.p[0], 0) << precision;
  }
}

TEST(EmbeddingTest, AnotherThreadCancelsACall) {
  for (const int threads : {1, 2}) {
    Extractor extractor(weights(), quick(threads, 8));
    const auto pixels = random_bytes(kPictureBytes, 5);
    const std::vector<Picture> pictures(4000, rgb(pixels, kInputSide, kInputSide));  // for many seconds
    const auto expected = extracted(extractor, {pictures.data(), 8});
    std::vector<float> rows(pictures.size() * kColumns, -1);
    std::thread other([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      extractor.cancel();
    });
    expect_error(ErrorCode::kCancelled, "cancelled", [&] { extractor.extract(pictures, rows.data()); });
    other.join();
    EXPECT_EQ(rows.back(), -1) << "it was not cut short";
    expect_error(ErrorCode::kCancelled, "cancelled", [&] { extracted(extractor, {pictures.data(), 1}); });
    extractor.cancel(false);
    EXPECT_EQ(extracted(extractor, {pictures.data(), 8}), expected);
  }
}

TEST(EmbeddingTest, FilesAreCancelledToo) {
  const TempDir folder;
  write_test_file(folder / "a.jpg", small_jpeg());
  const std::vector<std::filesystem::path> paths(20, folder / "a.jpg");
  Extractor extractor(weights(), quick(2));
  int64_t reported = 0;
  ExtractCallbacks callbacks;
  callbacks.row = [&](int64_t, std::span<const float>) {
    ++reported;
    extractor.cancel();
  };
  expect_error(ErrorCode::kCancelled, "cancelled", [&] { extractor.extract_files(paths, callbacks); });
  EXPECT_EQ(reported, 2) << "the batch in progress";
}

TEST(EmbeddingTest, AfterForkAnEngineOfOneThreadOrOfTheChildWorks) {
  Extractor alone(weights(), quick(1));
  auto several = std::make_unique<Extractor>(weights(), quick(2));
  const auto pixels = random_bytes(kPictureBytes, 5);
  const Picture picture = rgb(pixels, kInputSide, kInputSide);
  const auto expected = extracted(alone, {&picture, 1});
  EXPECT_EQ(extracted(*several, {&picture, 1}), expected);
  EXPECT_EQ(in_child([&] { return extracted(alone, {&picture, 1}) == expected; }), 0);
  EXPECT_EQ(in_child([&] {
              try {
                extracted(*several, {&picture, 1});
                return false;
              } catch (const Error& error) {
                several.reset();
                return error.code() == ErrorCode::kDevice &&
                       std::string(error.what()).find("fork()") != std::string::npos;
              }
            }),
            0);
  EXPECT_EQ(in_child([&] {
              auto own = std::make_unique<Extractor>(weights(), quick(2));
              several.reset();  // whose threads' handles may now be those of the new one's
              const bool same = extracted(*own, {&picture, 1}) == expected;
              own.reset();
              return same;
            }),
            0);
  EXPECT_EQ(extracted(*several, {&picture, 1}), expected) << "the parent's goes on";
}

}  // namespace
}  // namespace vgg16
