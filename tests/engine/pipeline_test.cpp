#include "extract/pipeline.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/pictures.h"
#include "support/temp_dir.h"
#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

// Writes the number of a picture, which its pixels carry (see numbered()), to every number of its row.
class FakeBackend : public Backend {
 public:
  explicit FakeBackend(int max_batch) : max_batch_(max_batch) {}
  [[nodiscard]] std::string_view name() const override { return "fake"; }
  [[nodiscard]] std::string_view instruction_set() const override { return "none"; }
  [[nodiscard]] int max_batch() const override { return max_batch_; }
  [[nodiscard]] int pictures_at_a_time() const override { return at_a_time; }

  void forward(ImagesIn images, Stop stop, HostOut features) override {
    EXPECT_EQ(stop, Stop{});
    EXPECT_EQ(features.shape, (Shape4{images.n, 7, 7, 512}));
    EXPECT_GE(images.n, 1);
    EXPECT_LE(images.n, max_batch_);
    if (on_forward) on_forward(static_cast<int>(batches.size()));
    batches.push_back(images.n);
    for (int n = 0; n < images.n; ++n) {
      const uint8_t* pixels = images.data + static_cast<size_t>(n) * kPictureBytes;
      const int number = pixels[0] * 256 + pixels[1];
      EXPECT_EQ(pixels[kPictureBytes - 3] * 256 + pixels[kPictureBytes - 2], number) << "half a picture";
      std::fill_n(features.data + int64_t{n} * 25088, 25088, static_cast<float>(number));
    }
  }

  std::function<void(int batch)> on_forward;
  std::vector<int> batches;  // how many pictures each forward call had
  int at_a_time = 1000;

 private:
  int max_batch_;
};

// A picture for the path "<number>"; "bad <number>" fails.
Result<Image> numbered(int64_t /*index*/, const fs::path& path) {
  const std::string name = path.string();
  if (name.starts_with("bad")) return Result<Image>::failure("cannot use " + name);
  const int number = std::stoi(name);
  return Image{1, 1, {static_cast<uint8_t>(number / 256), static_cast<uint8_t>(number % 256), 0}};
}

struct Names {
  std::vector<fs::path> paths;
  std::vector<std::string> events;  // what the callbacks should say
};

// `count` pictures; those for which `bad` holds cannot be used.
template <class Bad>
Names names(int count, Bad bad) {
  Names out;
  for (int i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    out.paths.emplace_back(bad(i) ? "bad " + number : number);
    out.events.push_back(bad(i) ? number + ": cannot use bad " + number : number + " = " + number);
  }
  return out;
}

// Records what the callbacks are told.
struct Recorder {
  Recorder() {
    callbacks.row = [this](int64_t index, std::span<const float> row) {
      EXPECT_EQ(row.size(), 25088U);
      EXPECT_EQ(row.front(), row.back());
      events.push_back(std::to_string(index) + " = " + std::to_string(static_cast<int>(row.front())));
    };
    callbacks.skipped = [this](int64_t index, const std::string& reason) {
      events.push_back(std::to_string(index) + ": " + reason);
    };
  }
  ExtractCallbacks callbacks;
  std::vector<std::string> events;
};

ExtractTimes run(FakeBackend& backend, const std::vector<fs::path>& paths, const ExtractCallbacks& callbacks,
                 int batch_size, int threads, const LoadPicture& load = numbered) {
  RowComputer rows(backend, Stop{});
  return run_pipeline({&rows, 1}, paths, load, callbacks, {.batch_size = batch_size, .decode_threads = threads});
}

// The same in several lanes.
void run_in_lanes(std::vector<FakeBackend>& backends, const std::vector<fs::path>& paths,
                  const ExtractCallbacks& callbacks, int batch_size, const LoadPicture& load = numbered) {
  std::vector<RowComputer> lanes;
  for (FakeBackend& backend : backends) lanes.emplace_back(backend, Stop{});
  run_pipeline(lanes, paths, load, callbacks, {.batch_size = batch_size, .decode_threads = 2});
}

TEST(Pipeline, KeepsTheOrderForEveryBatchSizeAndThreadCount) {
  for (const int threads : {1, 2, 8}) {
    for (int batch_size = 1; batch_size <= 9; ++batch_size) {
      for (const int count : {0, 1, 2, 7, 8, 9, 40}) {
        SCOPED_TRACE(testing::Message() << threads << " threads, batches of " << batch_size << ", " << count
                                        << " pictures");
        const Names names_ = names(count, [](int) { return false; });
        FakeBackend backend(batch_size);
        Recorder recorder;
        run(backend, names_.paths, recorder.callbacks, batch_size, threads);
        EXPECT_EQ(recorder.events, names_.events);
        EXPECT_EQ(backend.batches.size(), static_cast<size_t>((count + batch_size - 1) / batch_size));
      }
    }
  }
}

TEST(Pipeline, SkipsBadPicturesWithoutMovingTheOthers) {
  const auto patterns = {+[](int i) { return i == 0; }, +[](int i) { return i % 3 == 1; },
                         +[](int i) { return i >= 4 && i < 12; }, +[](int i) { return i != 6; },
                         +[](int i) { return i == 24; }};
  for (const auto bad : patterns) {
    for (int batch_size = 1; batch_size <= 9; ++batch_size) {
      const Names names_ = names(25, bad);
      FakeBackend backend(9);
      Recorder recorder;
      run(backend, names_.paths, recorder.callbacks, batch_size, 3);
      EXPECT_EQ(recorder.events, names_.events);
    }
  }
}

TEST(Pipeline, FillsABatchWithWhatIsGoodOfItsSlice) {
  const Names names_ = names(10, [](int i) { return i == 1 || (i >= 4 && i < 8); });
  FakeBackend backend(4);
  run(backend, names_.paths, {}, 4, 2);
  EXPECT_THAT(backend.batches, ElementsAre(3, 2));
}

TEST(Pipeline, NeedsNoGoodPictureAndNoCallback) {
  const Names names_ = names(10, [](int) { return true; });
  FakeBackend backend(4);
  Recorder recorder;
  run(backend, names_.paths, recorder.callbacks, 4, 2);
  EXPECT_EQ(recorder.events, names_.events);
  EXPECT_TRUE(backend.batches.empty());
  run(backend, names_.paths, {}, 4, 2);
  run(backend, {}, {}, 4, 2);
  EXPECT_TRUE(backend.batches.empty());
}

TEST(Pipeline, HoldsAtMostThreeBatches) {
  constexpr int kBatch = 4;
  const Names names_ = names(100, [](int i) { return i % 10 == 3; });
  std::atomic<int> started{0};
  FakeBackend backend(kBatch);
  backend.on_forward = [&](int batch) { EXPECT_LE(started.load(), (batch + 3) * kBatch); };
  ExtractCallbacks callbacks;
  callbacks.row = [&](int64_t index, std::span<const float>) {
    EXPECT_LE(started.load(), (index / kBatch + 4) * kBatch) << "the consumed batch has been given back";
  };
  run(backend, names_.paths, callbacks, kBatch, 8, [&](int64_t index, const fs::path& path) {
    ++started;
    return numbered(index, path);
  });
  EXPECT_EQ(started.load(), 100);
}

TEST(Pipeline, StopsBeforeTheNextBatch) {
  const Names names_ = names(20, [](int) { return false; });
  std::atomic<bool> stop{false};
  FakeBackend backend(4);
  Recorder recorder;
  recorder.callbacks.stop = &stop;
  backend.on_forward = [&](int batch) { stop = batch == 1; };
  run(backend, names_.paths, recorder.callbacks, 4, 3);
  EXPECT_THAT(backend.batches, ElementsAre(4, 4));
  EXPECT_EQ(recorder.events, std::vector<std::string>(names_.events.begin(), names_.events.begin() + 8))
      << "what was computed was reported";
}

TEST(Pipeline, ABatchIsComputedInPartsAndDroppedBetweenThem) {
  const Names names_ = names(11, [](int i) { return i == 1; });
  std::atomic<bool> stop{false};
  FakeBackend backend(5);
  backend.at_a_time = 2;
  Recorder recorder;
  recorder.callbacks.stop = &stop;
  run(backend, names_.paths, recorder.callbacks, 5, 3);
  EXPECT_THAT(backend.batches, ElementsAre(2, 2, 2, 2, 1, 1));
  EXPECT_EQ(recorder.events, names_.events);

  backend.batches.clear();
  recorder.events.clear();
  backend.on_forward = [&](int part) { stop = part == 3; };
  run(backend, names_.paths, recorder.callbacks, 5, 3);
  EXPECT_THAT(backend.batches, ElementsAre(2, 2, 2, 2));
  EXPECT_EQ(recorder.events, std::vector<std::string>(names_.events.begin(), names_.events.begin() + 5));
}

TEST(Pipeline, LanesDropTheirBatchesToo) {
  const Names names_ = names(60, [](int) { return false; });
  for (int lane = 0; lane < 2; ++lane) {
    std::atomic<bool> stop{false};
    std::vector<FakeBackend> backends(2, FakeBackend(4));
    Recorder recorder;
    recorder.callbacks.stop = &stop;
    backends[0].at_a_time = backends[1].at_a_time = 1;
    backends[static_cast<size_t>(lane)].on_forward = [&](int part) {
      if (part == 9) stop = true;  // of the lane's third batch
    };
    run_in_lanes(backends, names_.paths, recorder.callbacks, 4);
    // A lane begins its third batch when its second has been reported, and with it all before.
    EXPECT_GE(recorder.events.size(), lane == 0 ? 12U : 16U);
    EXPECT_LE(recorder.events.size(), lane == 0 ? 16U : 20U);  // the batches before its third
    EXPECT_TRUE(std::equal(recorder.events.begin(), recorder.events.end(), names_.events.begin()));
  }
}

TEST(Pipeline, StartsNothingWhenStoppedFromTheBeginning) {
  const Names names_ = names(20, [](int) { return false; });
  const std::atomic<bool> stop{true};
  FakeBackend backend(4);
  ExtractCallbacks callbacks;
  callbacks.stop = &stop;
  run(backend, names_.paths, callbacks, 4, 3);
  EXPECT_TRUE(backend.batches.empty());
}

TEST(Pipeline, PassesTheBackendsErrorOn) {
  const Names names_ = names(50, [](int) { return false; });
  FakeBackend backend(4);
  backend.on_forward = [](int batch) {
    if (batch == 2) throw Error(ErrorCode::kDevice, "the device is gone");
  };
  Recorder recorder;
  try {
    run(backend, names_.paths, recorder.callbacks, 4, 4);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kDevice);
    EXPECT_STREQ(e.what(), "the device is gone");
  }
  EXPECT_EQ(recorder.events.size(), 8U);
}

TEST(Pipeline, PassesACallbacksExceptionOn) {
  const Names names_ = names(50, [](int i) { return i == 5; });
  FakeBackend backend(4);
  ExtractCallbacks callbacks;
  callbacks.row = [](int64_t index, std::span<const float>) {
    if (index == 6) throw std::runtime_error("disk full");
  };
  EXPECT_THROW(run(backend, names_.paths, callbacks, 4, 4), std::runtime_error);
  callbacks.row = nullptr;
  callbacks.skipped = [](int64_t, const std::string&) { throw std::logic_error("no skips here"); };
  EXPECT_THROW(run(backend, names_.paths, callbacks, 4, 4), std::logic_error);
}

TEST(Pipeline, TurnsALoadersExceptionIntoAnErrorThatNamesThePicture) {
  const Names names_ = names(50, [](int) { return false; });
  FakeBackend backend(4);
  const auto error_of = [&](const LoadPicture& load) {
    try {
      run(backend, names_.paths, {}, 4, 4, load);
    } catch (const Error& e) {
      return std::to_string(static_cast<int>(e.code())) + " " + e.what();
    }
    return std::string("no error");
  };
  const auto kind = [](ErrorCode code) { return std::to_string(static_cast<int>(code)); };
  EXPECT_EQ(error_of([](int64_t index, const fs::path& path) -> Result<Image> {
              if (path == "17") throw std::bad_alloc();
              return numbered(index, path);
            }),
            kind(ErrorCode::kMemory) + " 17: no memory to decode it; choose a smaller batch size or fewer threads");
  EXPECT_EQ(error_of([](int64_t index, const fs::path& path) -> Result<Image> {
              if (path == "0") throw std::runtime_error("odd\nthing");
              return numbered(index, path);
            }),
            kind(ErrorCode::kIo) + " 0: cannot be loaded: odd\\x0athing");
  EXPECT_EQ(error_of([](int64_t index, const fs::path& path) -> Result<Image> {
              if (path == "49") throw Error(ErrorCode::kRefused, "refused");
              return numbered(index, path);
            }),
            kind(ErrorCode::kRefused) + " refused");
  EXPECT_THAT(error_of([](int64_t, const fs::path&) -> Result<Image> { throw std::bad_alloc(); }),
              HasSubstr("no memory"))
      << "on every thread at once";
}

TEST(Pipeline, ChecksItsOptions) {
  FakeBackend backend(4);
  const Names names_ = names(3, [](int) { return false; });
  for (const int batch_size : {-1, 0, 5}) EXPECT_THROW(run(backend, names_.paths, {}, batch_size, 1), Error);
  EXPECT_THROW(run(backend, names_.paths, {}, 4, 0), Error);
}

TEST(Pipeline, ReadsRealFiles) {
  const TempDir folder;
  write_test_file(folder / "good.jpg", small_jpeg());
  write_test_file(folder / "text.jpg", "text");
  write_test_file(folder / "also good.jpg", small_jpeg());
  FakeBackend backend(2);
  Recorder recorder;
  const auto decoded = decode_image(small_jpeg());
  ASSERT_TRUE(decoded);
  std::vector<fs::path> paths;
  for (const char* name : {"good.jpg", "missing.jpg", "text.jpg", "also good.jpg"}) paths.push_back(folder / name);
  const LoadPicture load = [](int64_t, const fs::path& path) {
    auto image = load_image(path);
    // The fake backend requires that all pixels of a picture have one value.
    if (image) std::fill(image.value().pixels.begin(), image.value().pixels.end(), uint8_t{1});
    return image;
  };
  run(backend, paths, recorder.callbacks, 2, 2, load);
  EXPECT_THAT(recorder.events, ElementsAre("0 = 257", "1: no such file", "2: not a JPEG or PNG", "3 = 257"));
}

TEST(Pipeline, CountsItsTime) {
  const Names names_ = names(20, [](int) { return false; });
  FakeBackend backend(4);
  const ExtractTimes times = run(backend, names_.paths, {}, 4, 1);
  EXPECT_GT(times.waiting_for_pictures_s, 0);
  EXPECT_GT(times.computing_s, 0);
  EXPECT_GE(times.delivering_s, 0);
  EXPECT_EQ(times.decoding_share, 0) << "no processors are shared";
  RowComputer rows(backend, Stop{});
  const ExtractTimes shared =
      run_pipeline({&rows, 1}, names_.paths, numbered, {}, {.batch_size = 4, .decode_threads = 1, .processors = 1});
  EXPECT_GT(shared.decoding_share, 0);
  EXPECT_LE(shared.decoding_share, 1);
}

TEST(Pipeline, TellsAfterEachBatchHowTheTimeWasSpent) {
  const Names names_ = names(10, [](int i) { return i % 4 == 0; });
  for (const size_t n_lanes : {1U, 2U}) {
    std::vector<FakeBackend> backends(n_lanes, FakeBackend(3));
    Recorder recorder;
    std::vector<size_t> reported;
    double seconds = 0;
    recorder.callbacks.batch = [&](const ExtractTimes& so_far) {
      reported.push_back(recorder.events.size());
      const double now = so_far.waiting_for_pictures_s + so_far.computing_s + so_far.delivering_s;
      EXPECT_GT(now, seconds);
      seconds = now;
    };
    run_in_lanes(backends, names_.paths, recorder.callbacks, 3);
    EXPECT_THAT(reported, ElementsAre(3, 6, 9, 10)) << n_lanes;
  }
}

TEST(PipelineLanes, KeepTheOrder) {
  for (const size_t n_lanes : {2U, 3U}) {
    for (const int batch_size : {1, 2, 5}) {
      for (const int count : {0, 1, 2, 3, 11, 40}) {
        SCOPED_TRACE(testing::Message() << n_lanes << " lanes, batches of " << batch_size << ", " << count);
        const Names names_ = names(count, [](int i) { return i % 7 == 3 || (i >= 20 && i < 30); });
        std::vector<FakeBackend> backends(n_lanes, FakeBackend(batch_size));
        for (FakeBackend& backend : backends) {
          backend.on_forward = [&](int batch) { std::this_thread::sleep_for(std::chrono::microseconds(batch % 3)); };
        }
        Recorder recorder;
        run_in_lanes(backends, names_.paths, recorder.callbacks, batch_size);
        EXPECT_EQ(recorder.events, names_.events);
        EXPECT_EQ(backends[1].batches.empty(), count <= batch_size);
      }
    }
  }
}

TEST(PipelineLanes, BatchesBeforeAFailureAreReported) {
  const Names names_ = names(24, [](int) { return false; });
  for (int failing = 0; failing < 12; ++failing) {  // batch number `failing` is lane failing % 2's
    SCOPED_TRACE(failing);
    std::vector<FakeBackend> backends(2, FakeBackend(2));
    backends[static_cast<size_t>(failing % 2)].on_forward = [&](int batch) {
      if (batch == failing / 2) throw Error(ErrorCode::kDevice, "the device is gone");
    };
    Recorder recorder;
    try {
      run_in_lanes(backends, names_.paths, recorder.callbacks, 2);
      ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), "the device is gone");
    }
    EXPECT_EQ(recorder.events,
              std::vector<std::string>(names_.events.begin(), names_.events.begin() + int64_t{2} * failing));
  }
}

TEST(PipelineLanes, EndWhenTheCallerOrALoaderDoes) {
  const Names names_ = names(40, [](int) { return false; });
  std::vector<FakeBackend> backends(2, FakeBackend(2));
  ExtractCallbacks callbacks;
  callbacks.row = [](int64_t index, std::span<const float>) {
    if (index == 9) throw Error(ErrorCode::kIo, "disk full");
  };
  EXPECT_THROW(run_in_lanes(backends, names_.paths, callbacks, 2), Error);
  EXPECT_THROW(run_in_lanes(backends, names_.paths, {}, 2,
                            [](int64_t index, const fs::path& path) -> Result<Image> {
                              if (path == "17") throw std::bad_alloc();
                              return numbered(index, path);
                            }),
               Error);
  std::atomic<bool> stop = false;
  int64_t reported = 0;
  callbacks.stop = &stop;
  callbacks.row = [&](int64_t index, std::span<const float>) {
    ++reported;
    if (index == 4) stop = true;
  };
  run_in_lanes(backends, names_.paths, callbacks, 2);
  EXPECT_EQ(reported, 6) << "the batch is finished, and no other begun";
}

}  // namespace
}  // namespace vgg16
