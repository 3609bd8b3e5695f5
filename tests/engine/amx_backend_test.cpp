// The engine on AMX over the stand-in of its tiles, on every machine; backend_test.cpp has the tests that also run on
// the tiles themselves.
#include "backend/amx_backend.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <type_traits>

#include "support/amx_stand_in.h"
#include "support/golden.h"
#include "support/random.h"

namespace vgg16 {
namespace {

const std::filesystem::path kSource = VGG16_SOURCE_DIR;

std::unique_ptr<AmxBackend> make_stand_in(const Weights& weights, int threads, size_t last_layer, int max_batch) {
  auto pool = std::make_unique<ThreadPool>(threads);
  auto network = prepare_amx_network(weights, last_layer, *pool);
  return std::make_unique<AmxBackend>(std::move(network), amx_stand_in(), std::move(pool), last_layer, max_batch);
}

std::vector<float> forward(Backend& backend, const uint8_t* pixels, int n, size_t layer) {
  std::vector<float> rows(static_cast<size_t>(output_shape(layer, n).count()));
  backend.forward({pixels, n}, {layer}, {rows.data(), output_shape(layer, n)});
  return rows;
}

TEST(AmxBackendTest, TheRowAgreesWithPyTorch) {
#ifdef VGG16_SANITIZED
  GTEST_SKIP() << "takes a minute; conv3x3_amx_test runs the same code";
#endif
  const auto weights = Weights::load(kSource / "weights" / "vgg16-f16.safetensors");
  const auto row = forward(*make_stand_in(*weights, 0, 17, 1), golden_picture("waves").data(), 1, 17);
  const auto exact = read_npy(kSource / "tests" / "golden" / "waves.npy");
  ASSERT_EQ(row.size(), exact.size());
  const double error = relative_error(row, exact);
  EXPECT_LE(error, 1e-2);
  RecordProperty("relative_error", std::to_string(error));
}

// Kernels that compute next to nothing, but write every number of their part, from the pixel that it comes from.
template <class Out>
void copy_part(const AmxLayer& layer, const Bf16Plane* in, AmxPart part, bool pool, const Out* out) {
  constexpr int kBlockOut = sizeof(*out->data) == 2 ? kBf16Block : kBlock;
  for (int picture = 0; picture < part.pictures; ++picture) {
    for (int y = part.y_begin; y < part.y_end; y += pool ? 2 : 1) {
      for (int x = 0; x < layer.side; x += pool ? 2 : 1) {
        for (int o = part.panel_begin * kBf16Block; o < part.panel_end * kBf16Block; ++o) {
          const int c = o % layer.ic;
          const uint16_t value = in[picture].at(c / kBf16Block, y, x)[c % kBf16Block];
          const auto place = out[picture].at(o / kBlockOut, pool ? y / 2 : y, pool ? x / 2 : x) + o % kBlockOut;
          *place = static_cast<std::remove_reference_t<decltype(*place)>>(value + o % 7);
        }
      }
    }
  }
}
template <class Out>
void copy_first(const AmxLayer&, const uint16_t* rows, int n_rows, const Out& out) {
  constexpr int kBlockOut = sizeof(*out.data) == 2 ? kBf16Block : kBlock;
  for (int y = 0; y < n_rows; ++y) {
    for (int x = 0; x < kInputSide; ++x) {
      for (int o = 0; o < 64; ++o) {
        const uint16_t value = rows[(y + 1) * kAmxFirstStride + (x + 1) * 3 + o % 3];
        const auto place = out.at(o / kBlockOut, y, x) + o % kBlockOut;
        *place = static_cast<std::remove_reference_t<decltype(*place)>>(value % 1000 + o);
      }
    }
  }
}

TEST(AmxBackendTest, EveryNumberOfEveryLayerIsComputedForAnyBatchAndThreads) {
  const Conv3x3Amx copying = {copy_part<Bf16Plane>, copy_part<Plane>, copy_first<Bf16Plane>, copy_first<Plane>};
  const auto weights = Weights::synthetic(1);
  ThreadPool preparing(0);
  const auto network = prepare_amx_network(*weights, 17, preparing);
  constexpr int kPictures = 9;  // more than one group
  const auto pixels = random_bytes(kPictures * kPictureBytes, 2);
  const auto make = [&](int threads, int max_batch) {
    return AmxBackend(network, copying, std::make_unique<ThreadPool>(threads), 17, max_batch);
  };
  for (const size_t layer : {size_t{0}, size_t{2}, size_t{4}, size_t{9}, size_t{17}}) {
    const auto count = output_shape(layer, 1).count();
    AmxBackend one = make(1, 1);
    std::vector<float> expected;
    for (int i = 0; i < kPictures; ++i) {
      const auto row = forward(one, pixels.data() + i * kPictureBytes, 1, layer);
      expected.insert(expected.end(), row.begin(), row.end());
      ASSERT_NE(expected.front(), expected.back());
    }
    for (const int threads : {1, 3, 16}) {
      AmxBackend backend = make(threads, kPictures);
      for (const int n : {1, 9}) {
        const int first = kPictures - n;
        const auto rows = forward(backend, pixels.data() + first * kPictureBytes, n, layer);
        ASSERT_TRUE(std::equal(rows.begin(), rows.end(), expected.begin() + first * count))
            << "layer " << layer << ", " << threads << " threads, batch of " << n;
      }
    }
  }
}

}  // namespace
}  // namespace vgg16
