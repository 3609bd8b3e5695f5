// The CUDA engine on a device that fails: at its n-th call, for every n, in construction, forward and extraction.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "backend/cuda_backend.h"
#include "backend/make_backend.h"
#include "kernels/cuda_check.h"
#include "kernels/cuda_error.h"
#include "kernels/cuda_memory.h"
#include "support/fake_cuda.h"
#include "support/pictures.h"
#include "support/temp_dir.h"
#include "vgg16/error.h"
#include "vgg16/extractor.h"
#include "vgg16/feature_file.h"
#include "vgg16/preprocess.h"

namespace vgg16 {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

const std::shared_ptr<const Weights>& shared_weights() {
  static const std::shared_ptr<const Weights> only = Weights::synthetic(1);
  return only;
}
const Weights& weights() { return *shared_weights(); }

// Pictures whose first two bytes are their number, which the fake device puts into their rows.
std::vector<uint8_t> pictures(int first, int n) {
  std::vector<uint8_t> pixels(static_cast<size_t>(n) * kPictureBytes);
  for (int i = 0; i < n; ++i) {
    pixels[static_cast<size_t>(i) * kPictureBytes] = static_cast<uint8_t>((first + i) / 256);
    pixels[static_cast<size_t>(i) * kPictureBytes + 1] = static_cast<uint8_t>((first + i) % 256);
  }
  return pixels;
}

// Runs pictures first, first + 1, ... through the network and expects their rows.
void expect_rows(Backend& backend, int first, int n) {
  std::vector<float> rows(static_cast<size_t>(n) * 25088, -1);
  const std::vector<uint8_t> pixels = pictures(first, n);
  backend.forward({pixels.data(), n}, {17}, {rows.data(), {n, 7, 7, 512}});
  for (int i = 0; i < n; ++i) {
    const auto row = rows.begin() + int64_t{i} * 25088;
    ASSERT_TRUE(std::all_of(row, row + 25088, [&](float x) { return x == static_cast<float>(first + i); }))
        << first + i;
  }
}

BackendOptions on_cuda(const std::string& precision, int max_batch) {
  return {.device = "cuda", .precision = precision, .max_batch = max_batch};
}

Error error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return {ErrorCode::kExists, "no error"};
}

void expect_nothing_left() {
  EXPECT_THAT(held_on_fake_cuda(), IsEmpty());
  EXPECT_THAT(fake_cuda().violations, IsEmpty());
}

class CudaFaultTest : public testing::Test {
 protected:
  FakeCuda& device = reset_fake_cuda();
};

TEST_F(CudaFaultTest, RunsBatchesOfAnySizeAndGivesEverythingBack) {
  for (const std::string precision : {"f32", "tf32", "f16", "bf16"}) {
    for (const bool fused : {true, false}) {
      SCOPED_TRACE(precision);
      reset_fake_cuda();
      device.fuses_bias_and_relu = fused;
      {
        const auto backend = make_backend(weights(), on_cuda(precision, 5));
        EXPECT_EQ(backend->name(), "cuda");
        EXPECT_EQ(backend->instruction_set(), "sm_90, cuDNN 9.19.0, batches of 5");
        const auto second = backend->another();
        ASSERT_NE(second, nullptr);
        EXPECT_EQ(second->instruction_set(), backend->instruction_set());
        const int64_t taken = device.allocations;
        for (const int n : {1, 5, 3}) {
          expect_rows(*backend, 300, n);
          expect_rows(*second, 700, n);
        }
        EXPECT_EQ(device.allocations, taken) << "forward takes memory";
        EXPECT_EQ(device.graph_launches, 6);
      }
      expect_nothing_left();
    }
  }
}

TEST_F(CudaFaultTest, BiasAndReluAreAddedOnceWhoeverDoesIt) {
  const auto launches = [&](bool fused) {
    reset_fake_cuda();
    device.fuses_bias_and_relu = fused;
    const auto backend = make_backend(weights(), on_cuda("f16", 1));
    EXPECT_EQ(device.convolutions, 2 * 13) << "once to load the code, once recorded";
    return device.kernel_launches - 13;  // those that round the biases
  };
  EXPECT_EQ(launches(true), 2 * (1 + 5 + 1)) << "pixels, pools, result";
  EXPECT_EQ(launches(false), 2 * (1 + 5 + 8 + 1)) << "8 convolutions are not followed by a pool, which adds the bias";
}

TEST_F(CudaFaultTest, APassWithoutItsCopiesCanBeRecordedBeside) {
  const CudaBackend backend(prepare_cuda_network(weights(), cuda_devices()[0], CudaPrecision::kBf16, 17), {17}, 2, {});
  const CudaForward& forward = backend.on_device();
  const int64_t kernels = device.kernel_launches;
  const int64_t taken = device.allocations;
  {
    const CudaGraph graph = forward.record_without_copies().graph;
    EXPECT_EQ(device.kernel_launches, kernels + 1 + 5 + 1) << "pixels, pools, result";
    graph.launch(forward.stream());
    forward.graph().launch(forward.stream());
  }
  EXPECT_EQ(device.allocations, taken);
  EXPECT_EQ(device.graph_launches, 2);
  EXPECT_THAT(device.violations, IsEmpty());
}

// Engines of the table are used only where architecture, cuDNN version, shape and precision match.
TEST_F(CudaFaultTest, EnginesComeFromTheTableThatTheNetworkWasGiven) {
  const std::vector<CudnnTableEntry> table = {
      {90, 91900, conv_problem(1, 2, CudaPrecision::kF16), {.index = 7, .knobs = {{2, 1}}}}};
  const auto network = prepare_cuda_network(weights(), cuda_devices()[0], CudaPrecision::kF16, 2, table);
  EXPECT_EQ(CudaForward(network, {2}, 2).engines()[1].index, 7);
  EXPECT_EQ(CudaForward(network, {2}, 1).engines()[1].index, 0) << "of another batch size";
  EXPECT_THAT(device.violations, IsEmpty());
}

TEST_F(CudaFaultTest, StopsAtAnyLayer) {
  const auto backend = make_backend(weights(), on_cuda("bf16", 2));
  const std::vector<uint8_t> pixels = pictures(0, 2);
  for (size_t layer = 0; layer < kVgg16.size(); ++layer) {
    const Shape4 shape = output_shape(layer, 2);
    device.row_numbers = shape.count() / 2;
    std::vector<float> rows(static_cast<size_t>(shape.count()), -1);
    backend->forward({pixels.data(), 2}, {layer}, {rows.data(), shape});
    EXPECT_EQ(std::count(rows.begin(), rows.end(), -1.0F), 0) << layer;
  }
  EXPECT_THAT(device.violations, IsEmpty());
}

TEST_F(CudaFaultTest, LargeBatchesAreComputedInPartsOf128) {
  const auto backend = make_backend(weights(), {.device = "cuda", .precision = "f16", .max_batch = 200});
  EXPECT_EQ(backend->max_batch(), 200);
  EXPECT_EQ(backend->instruction_set(), "sm_90, cuDNN 9.19.0, batches of 128");
  expect_rows(*backend, 0, 130);
  EXPECT_EQ(device.graph_launches, 2);
}

TEST_F(CudaFaultTest, TakesSmallerBatchesWhereMemoryIsShort) {
  device.memory_bytes = int64_t{300} << 20;
  std::vector<std::string> log;
  BackendOptions options = on_cuda("f16", 100);
  options.log = [&](const std::string& line) { log.push_back(line); };
  {
    const auto backend = make_backend(weights(), options);
    EXPECT_EQ(backend->instruction_set(), "sm_90, cuDNN 9.19.0, batches of 12");
    EXPECT_THAT(log, Contains(HasSubstr("no memory for batches of 100 pictures; batches of 12 are used")));
    EXPECT_EQ(backend->another(), nullptr) << "a second one of that size does not fit";
    expect_rows(*backend, 0, 100);
    EXPECT_EQ(device.graph_launches, 9);
  }
  expect_nothing_left();
  device.memory_bytes = int64_t{40} << 20;
  const Error error = error_of([&] { static_cast<void>(make_backend(weights(), options)); });
  EXPECT_EQ(error.code(), ErrorCode::kMemory);
  EXPECT_THAT(error.what(), HasSubstr("no memory for a single picture"));
  expect_nothing_left();
}

TEST_F(CudaFaultTest, SaysWhyThereIsNoDevice) {
  const auto error = [&](const std::string& name) {
    return error_of([&] { static_cast<void>(make_backend(weights(), {.device = name, .max_batch = 1})); });
  };
  EXPECT_THAT(error("cuda:1").what(), HasSubstr("no device cuda:1; the last is cuda:0"));
  device.has_cudnn = false;
  EXPECT_THAT(error("cuda").what(), HasSubstr("cuDNN cannot be opened"));
  device.architecture = 75;
  EXPECT_THAT(error("cuda").what(), HasSubstr("has code for sm_80"));
  device.discovery = cudaErrorInsufficientDriver;
  EXPECT_THAT(error("cuda").what(), HasSubstr("driver is missing or older"));
  device.discovery = cudaErrorNoDevice;
  EXPECT_THAT(error("cuda").what(), HasSubstr("no NVIDIA GPU is visible"));
  EXPECT_EQ(error("cuda").code(), ErrorCode::kDevice);
  for (const char* name : {"cuda:", "cuda:x", "cuda:-1", "cuda1", "gpu"}) {
    EXPECT_EQ(error(name).code(), ErrorCode::kInvalidArgument) << name;
  }
}

TEST_F(CudaFaultTest, AutoSaysWhatItChose) {
  std::vector<std::string> log;
  BackendOptions options{.threads = 1, .max_batch = 1, .stop = {0}};
  options.log = [&](const std::string& line) { log.push_back(line); };
  EXPECT_EQ(make_backend(weights(), options)->name(), "cuda");
  EXPECT_THAT(log, Contains(HasSubstr("running on cuda:0, Fake (sm_90")));
  log.clear();
  device.has_cudnn = false;
  EXPECT_EQ(make_backend(weights(), options)->name(), "cpu");
  EXPECT_THAT(log, testing::ElementsAre(HasSubstr("running on the CPU: cuDNN cannot be opened")));
  log.clear();
  device.discovery = cudaErrorNoDevice;
  EXPECT_EQ(make_backend(weights(), options)->name(), "cpu");
  EXPECT_THAT(log, IsEmpty()) << "where there is no GPU, nothing was chosen";
}

TEST_F(CudaFaultTest, Float32KeepsClearOfTensorCores) {
  const auto engines = [&](CudaPrecision precision) {
    const auto network = prepare_cuda_network(weights(), cuda_devices()[0], precision, 17);
    const CudaForward forward(network, {17}, 1);
    EXPECT_EQ(forward.is_reduced_precision(), precision != CudaPrecision::kF32);
    return forward.engines();
  };
  for (const CudnnEngine& engine : engines(CudaPrecision::kF32)) EXPECT_EQ(engine.index, 1);
  for (const CudnnEngine& engine : engines(CudaPrecision::kTf32)) EXPECT_EQ(engine.index, 0);
}

// Every call fails once with `error`, or from then on if that is sticky. `use` may throw an Error, and must not if the
// fault was not reached.
void fail_at_every_call(cudaError_t error, const std::function<void()>& use) {
  for (int64_t n = 1;; ++n) {
    SCOPED_TRACE("call " + std::to_string(n));
    FakeCuda& device = reset_fake_cuda();
    device.fail_at = n;
    device.error = error;
    device.row_numbers = 0;
    bool failed = false;
    try {
      use();
    } catch (const Error& e) {
      failed = true;
      EXPECT_TRUE(e.code() == ErrorCode::kDevice || e.code() == ErrorCode::kMemory) << e.what();
      EXPECT_STRNE(e.what(), "");
    }
    EXPECT_THAT(held_on_fake_cuda(), IsEmpty());
    EXPECT_THAT(device.violations, IsEmpty());
    if (!device.reached()) {
      EXPECT_FALSE(failed);
      EXPECT_GT(n, 100) << "the loop has seen every call";
      return;
    }
    if (testing::Test::HasFailure()) return;
  }
}

// Up to an early layer, so that the loops are short: every kind of call is in it.
constexpr size_t kEarly = 2;

void use_two_engines() {
  const auto network = prepare_cuda_network(weights(), cuda_devices()[0], CudaPrecision::kF16, kEarly);
  CudaBackend backend(network, {kEarly}, 4, {});
  const auto second = backend.another();
  static const std::vector<uint8_t> pixels = pictures(0, 1);
  static std::vector<float> rows(size_t{112} * 112 * 64);
  const HostOut out{rows.data(), {1, 112, 112, 64}};
  for (Backend* engine : {static_cast<Backend*>(&backend), second.get()}) {
    if (engine == nullptr) continue;
    const Error first = error_of([&] { engine->forward({pixels.data(), 1}, {kEarly}, out); });
    const Error next = error_of([&] { engine->forward({pixels.data(), 1}, {kEarly}, out); });
    if (first.code() == ErrorCode::kExists) {
      if (next.code() != ErrorCode::kExists) throw next;
      continue;
    }
    // After an error that the device does not recover from, every further call fails with the message of the first.
    EXPECT_EQ(first.code(), ErrorCode::kDevice);
    EXPECT_EQ(next.code(), ErrorCode::kDevice);
    EXPECT_THAT(next.what(), HasSubstr("failed earlier"));
    throw first;
  }
}

TEST_F(CudaFaultTest, OutOfMemoryAtEveryCallIsSurvivedOrReported) {
  fail_at_every_call(cudaErrorMemoryAllocation, use_two_engines);
}

TEST_F(CudaFaultTest, AStickyErrorAtEveryCallIsReported) {
  fail_at_every_call(cudaErrorIllegalAddress, use_two_engines);
}

// ---- memory of the device

// The caller's: a stream, and memory for pictures, which it fills with pictures first, first + 1, ... , and rows.
class Caller {
 public:
  static constexpr int64_t kColumns = 64;

  explicit Caller(int n) : pixels_(n * kPictureBytes), rows_(n * kColumns * 4) {}

  void bring(int first, int n) {
    staged_ = pictures(first, n);
    fake_cuda().pictures_on_device = {pixels_.data<uint8_t>(), static_cast<size_t>(pixels_.size_bytes())};
    VGG16_CUDA_CHECK(
        cudaMemcpyAsync(pixels_.data(), staged_.data(), staged_.size(), cudaMemcpyHostToDevice, stream_.get()));
  }
  // Without waiting: what the device has written so far.
  [[nodiscard]] float row(int i) const { return rows_.data<float>()[i * kColumns + kColumns - 1]; }

  [[nodiscard]] const uint8_t* pixels() const { return pixels_.data<uint8_t>(); }
  [[nodiscard]] float* rows() const { return rows_.data<float>(); }
  [[nodiscard]] const Stream& stream() const { return stream_; }

 private:
  DeviceBuffer pixels_;
  DeviceBuffer rows_;
  std::vector<uint8_t> staged_;
  Stream stream_;
  StreamDrain drain_{stream_};
};

Extractor pooled_extractor(int batch_size) {
  fake_cuda().row_numbers = Caller::kColumns;
  return Extractor(shared_weights(), {.layer = "block1_pool",
                                      .pool = Pool::kMax,
                                      .device = "cuda",
                                      .precision = "f16",
                                      .threads = 1,
                                      .batch_size = batch_size});
}

TEST_F(CudaFaultTest, DeviceMemoryIsReadAndWrittenInTheCallersStreamWithoutWaiting) {
  {
    Extractor extractor = pooled_extractor(2);
    Caller caller(5);
    for (const int first : {300, 700}) {
      caller.bring(first, 5);
      const int64_t waits = device.waits;
      const int64_t taken = device.allocations;
      const int64_t launched = device.graph_launches;
      const float before = caller.row(4);
      extractor.extract_on_device({caller.pixels(), 5}, {caller.rows()}, caller.stream().get());
      EXPECT_EQ(device.waits, waits);
      EXPECT_EQ(device.allocations, taken) << "the graph's memory is CUDA's own";
      EXPECT_EQ(device.graph_launches, launched + 3) << "batches of 2";
      EXPECT_EQ(caller.row(4), before) << "nothing has run yet";
      caller.stream().synchronize();
      for (int i = 0; i < 5; ++i) EXPECT_EQ(caller.row(i), static_cast<float>(first + i));
    }
    extractor.extract_on_device({nullptr, 0}, {nullptr}, nullptr);
  }
  expect_nothing_left();
}

TEST_F(CudaFaultTest, OneCallAfterAnotherInWhateverStream) {
  {
    Extractor extractor = pooled_extractor(2);
    Caller one(2);
    Caller other(1);
    one.bring(300, 2);
    extractor.extract_on_device({one.pixels(), 2}, {one.rows()}, one.stream().get());
    other.bring(700, 1);
    // `one`'s pictures are those that the fake device knows as such until its work runs.
    const auto theirs = device.pictures_on_device;
    device.pictures_on_device = {one.pixels(), static_cast<size_t>(2 * kPictureBytes)};
    extractor.extract_on_device({other.pixels(), 1}, {other.rows()}, nullptr);
    VGG16_CUDA_CHECK(cudaStreamSynchronize(nullptr));
    EXPECT_EQ(one.row(1), 301) << "the first call's work, which nobody has waited for, runs before the second's";
    one.stream().synchronize();

    device.pictures_on_device = theirs;
    other.bring(800, 1);
    extractor.extract_on_device({other.pixels(), 1}, {other.rows()}, other.stream().get());
    const std::vector<uint8_t> pixels = pictures(900, 1);
    std::vector<float> row(Caller::kColumns);
    extractor.extract({pixels.data(), 1}, row.data());
    EXPECT_EQ(other.row(0), 800);
    EXPECT_EQ(row[0], 900);

    other.bring(801, 1);
    extractor.extract_on_device({other.pixels(), 1}, {other.rows()}, other.stream().get());
    { const Extractor gone = std::move(extractor); }
    EXPECT_EQ(other.row(0), 801) << "an extractor waits for its work before it gives its memory back";
  }
  expect_nothing_left();
}

TEST_F(CudaFaultTest, MemoryThatIsNotTheDevicesIsRefused) {
  Extractor extractor = pooled_extractor(2);
  Caller caller(1);
  caller.bring(300, 1);
  const std::vector<uint8_t> pixels = pictures(300, 1);
  std::vector<float> row(Caller::kColumns);
  const auto expect_refusal = [&](const std::string& message, const uint8_t* from, float* to, int n = 1) {
    const Error error = error_of([&] { extractor.extract_on_device({from, n}, {to}, caller.stream().get()); });
    EXPECT_EQ(error.code(), n == 1 ? ErrorCode::kInvalidArgument : ErrorCode::kShape);
    EXPECT_THAT(error.what(), HasSubstr(message));
  };
  expect_refusal("the pixels must be in the memory of cuda:0", pixels.data(), caller.rows());
  expect_refusal("the pixels must be in the memory of cuda:0", nullptr, caller.rows());
  expect_refusal("the room for the rows must be in the memory of cuda:0", caller.pixels(), row.data());
  expect_refusal("-1 pictures", caller.pixels(), caller.rows(), -1);
  extractor.cancel();
  EXPECT_EQ(error_of([&] {
              extractor.extract_on_device({caller.pixels(), 1}, {caller.rows()}, nullptr);
            }).code(),
            ErrorCode::kCancelled);
  extractor.cancel(false);
  extractor.extract_on_device({caller.pixels(), 1}, {caller.rows()}, caller.stream().get());
  caller.stream().synchronize();
  EXPECT_EQ(caller.row(0), 300) << "the extractor is as before";
}

// Two calls, of which call `fail_at` of the device fails from the end of the construction on; how many there were then.
int64_t extract_twice_on_device(int64_t fail_at, cudaError_t error) {
  FakeCuda& device = reset_fake_cuda();
  const Caller caller(1);
  Extractor extractor = pooled_extractor(1);
  device.row_numbers = 0;
  const int64_t before = device.calls;
  device.fail_at = fail_at == 0 ? 0 : before + fail_at;
  device.error = error;
  for (int i = 0; i < 2; ++i) {
    extractor.extract_on_device({caller.pixels(), 1}, {caller.rows()}, caller.stream().get());
  }
  return device.calls - before;
}

TEST_F(CudaFaultTest, DeviceMemoryWithFaultsAtEveryCall) {
  const int64_t calls = extract_twice_on_device(0, cudaSuccess);
  EXPECT_GT(calls, 20);
  for (const cudaError_t status : {cudaErrorMemoryAllocation, cudaErrorIllegalAddress}) {
    int64_t failed = 0;
    for (int64_t n = 1; n <= calls; ++n) {
      const Error error = error_of([&] { extract_twice_on_device(n, status); });
      // Giving back what was recorded may fail once without any effect.
      const bool had_no_effect = !is_sticky(status) && error.code() == ErrorCode::kExists;
      EXPECT_TRUE(error.code() == ErrorCode::kDevice || had_no_effect) << n << ": " << error.what();
      failed += had_no_effect ? 0 : 1;
      expect_nothing_left();
    }
    EXPECT_GE(failed, calls - 1);
  }
}

TEST_F(CudaFaultTest, CancellingEndsACallAfterTheBatch) {
  device.memory_bytes = int64_t{300} << 20;  // not for batches of 100, so fewer are computed at a time
  for (const int batch_size : {2, 100}) {
    Extractor extractor = pooled_extractor(batch_size);
    const std::vector<uint8_t> pixels = pictures(0, 100);
    std::vector<float> rows(100 * Caller::kColumns, -1);
    const int64_t launched = device.graph_launches;
    device.at_graph_launch = [&] { extractor.cancel(); };
    EXPECT_EQ(error_of([&] { extractor.extract({pixels.data(), 100}, rows.data()); }).code(), ErrorCode::kCancelled);
    EXPECT_EQ(device.graph_launches, launched + 1);
    EXPECT_EQ(rows[0], 0);
    EXPECT_EQ(rows[Caller::kColumns], 1);
    EXPECT_EQ(rows.back(), -1);
    device.at_graph_launch = {};
  }
}

// ---- extraction

constexpr int kPictures = 14;

// A folder of pictures, each with its number in its first two bytes once it is 224 x 224, and the plan of its file.
struct Numbered {
  TempDir folder;
  std::vector<fs::path> paths;
  FeatureFilePlan plan;

  Numbered() {
    plan.columns = 64;
    plan.label_names = {"pets"};
    plan.recipe = {.layer = "block1_pool",
                   .pool = "max",
                   .preprocessing = "none",
                   .weights_sha256 = "none",
                   .backend = "cuda",
                   .precision = "f16",
                   .instruction_set = "fake",
                   .program_version = "0"};
    for (int i = 0; i < kPictures; ++i) {
      const std::string name = std::to_string(100 + i) + ".png";
      const char row[] = {0, 0, static_cast<char>(i), 0};  // filter, red, green, blue
      write_test_file(folder / name, small_png({.width = 1, .height = 1, .colour = 2}, file_bytes({row, 4})));
      paths.push_back(folder / name);
      plan.pictures.push_back({.path = "pets/" + name, .label = 0, .size_bytes = 1, .crc32 = 0});
    }
  }
};

// Extracts what is missing of the file; every row that is reported must be right. Returns how many calls there had been
// at the first row and at the last.
std::pair<int64_t, int64_t> extract_into(const Numbered& numbered, const fs::path& output) {
  std::pair<int64_t, int64_t> calls = {0, 0};
  fake_cuda().row_numbers = 64;  // pooled on the device
  FeatureFileWriter file(output, numbered.plan, {.resume = true, .rows_per_commit = 2});
  const std::vector<int64_t> missing = file.missing_rows();
  std::vector<fs::path> paths;
  for (const int64_t row : missing) paths.push_back(numbered.paths[static_cast<size_t>(row)]);
  Extractor extractor(shared_weights(), {.layer = "block1_pool",
                                         .pool = Pool::kMax,
                                         .device = "cuda",
                                         .precision = "f16",
                                         .threads = 2,
                                         .batch_size = 2});
  ExtractCallbacks callbacks;
  callbacks.row = [&](int64_t index, std::span<const float> row) {
    const int64_t picture = missing[static_cast<size_t>(index)];
    EXPECT_TRUE(std::all_of(row.begin(), row.end(), [&](float x) { return x == static_cast<float>(picture); }))
        << picture << ": " << row[0];
    file.write(picture, row);
    calls.second = fake_cuda().calls;
    if (calls.first == 0) calls.first = calls.second;
  };
  extractor.extract_files(paths, callbacks);
  file.finish();
  return calls;
}

std::string bytes_of(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST_F(CudaFaultTest, RowsBeforeAFailureAreKeptAndResumingGivesTheSameFile) {
  const Numbered numbered;
  const fs::path whole = numbered.folder / "whole.h5";
  const auto [first, last] = extract_into(numbered, whole);
  ASSERT_GE(device.graph_launches, kPictures / 2);
  expect_nothing_left();
  size_t most_kept = 0;
  // Only calls after the first row fail; those before belong to construction, which is tested above.
  for (int64_t n = first; n <= last; ++n) {
    SCOPED_TRACE("call " + std::to_string(n) + " of about " + std::to_string(last));
    const fs::path output = numbered.folder / ("cut" + std::to_string(n) + ".h5");
    reset_fake_cuda();
    device.fail_at = n;
    device.error = cudaErrorIllegalAddress;
    const Error error = error_of([&] { static_cast<void>(extract_into(numbered, output)); });
    EXPECT_THAT(held_on_fake_cuda(), IsEmpty());
    if (error.code() != ErrorCode::kExists) {
      EXPECT_EQ(error.code(), ErrorCode::kDevice) << error.what();
      reset_fake_cuda();
      if (fs::exists(partial_path_of(output))) {
        const FeatureFileWriter file(output, numbered.plan, {.resume = true});
        most_kept = std::max(most_kept, static_cast<size_t>(file.committed_rows()));
      }
      static_cast<void>(extract_into(numbered, output));
    }
    EXPECT_EQ(bytes_of(output), bytes_of(whole));
    fs::remove(output);
    if (HasFailure()) return;
  }
  EXPECT_GE(most_kept, size_t{kPictures} / 2);
}

}  // namespace
}  // namespace vgg16
