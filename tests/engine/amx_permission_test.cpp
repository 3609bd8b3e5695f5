// The permission to use AMX: asked for when the first network needs it, and what happens when it is refused. Each test
// is a process of its own, as ctest runs them, for what is granted stays granted.
#include "kernels/amx_permission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "backend/make_backend.h"
#include "kernels/instruction_set.h"
#include "support/refuse_amx.h"
#include "vgg16/error.h"

namespace vgg16 {
namespace {

using testing::HasSubstr;

// Whether this process may use the tiles.
bool is_granted() {
  constexpr int kGetPermissions = 0x1022;  // ARCH_GET_XCOMP_PERM
  unsigned long states = 0;
  return ::syscall(SYS_arch_prctl, kGetPermissions, &states) == 0 && (states & 1UL << 18U) != 0;
}

struct Made {
  std::string instruction_set, log;
};
Made make(const std::string& precision, const std::string& instruction_set = {}) {
  Made made;
  const auto backend =
      make_backend(*Weights::synthetic(1), {.device = "cpu",
                                            .precision = precision,
                                            .instruction_set = instruction_set,
                                            .threads = 1,
                                            .max_batch = 1,
                                            .stop = {0},
                                            .log = [&](const std::string& line) { made.log += line; }});
  made.instruction_set = backend->instruction_set();
  return made;
}

TEST(AmxPermissionTest, ARefusalIsSaidInWords) {
  amx_refusal = ENOSPC;
  EXPECT_THAT(request_amx(), HasSubstr("alternate signal stack"));
  amx_refusal = EINVAL;
  EXPECT_THAT(request_amx(), HasSubstr("5.16"));
  amx_refusal = EPERM;
  EXPECT_THAT(request_amx(), HasSubstr("not permitted"));
}

class AmxTest : public testing::Test {
 protected:
  void SetUp() override {
    amx_refusal = 0;
    if (!runs_here(InstructionSet::kAmx)) GTEST_SKIP() << "this processor has no AMX";
    if (is_granted()) GTEST_SKIP() << "the permission was granted before";
  }
};

TEST_F(AmxTest, IsAskedForByTheFirstNetworkThatNeedsIt) {
  EXPECT_NE(make("f32").instruction_set, "amx");
  EXPECT_FALSE(is_granted());
  EXPECT_EQ(make("bf16").instruction_set, "amx");
  EXPECT_TRUE(is_granted());
}

TEST_F(AmxTest, ARefusalFallsBackAndIsSaid) {
  amx_refusal = EPERM;
  const Made made = make("bf16");
  EXPECT_EQ(made.instruction_set, "avx512");
  EXPECT_THAT(made.log, HasSubstr("running without AMX: "));
  try {
    static_cast<void>(make("bf16", "amx"));
    FAIL() << "a set that was asked for by name";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDevice);
    EXPECT_THAT(error.what(), HasSubstr("AMX"));
  }
}

TEST_F(AmxTest, ASmallSignalStackIsAReasonToRefuse) {
  static char memory[4096];
  stack_t stack = {};
  stack.ss_sp = memory;
  stack.ss_size = sizeof memory;
  ASSERT_EQ(::sigaltstack(&stack, nullptr), 0);
  const Made made = make("bf16");
  EXPECT_EQ(made.instruction_set, "avx512");
  EXPECT_THAT(made.log, HasSubstr("alternate signal stack"));
  stack.ss_flags = SS_DISABLE;
  ASSERT_EQ(::sigaltstack(&stack, nullptr), 0);
  EXPECT_EQ(make("bf16").instruction_set, "amx");
  stack.ss_flags = 0;
  EXPECT_NE(::sigaltstack(&stack, nullptr), 0) << "what the headers warn of";
}

TEST_F(AmxTest, ANamedSetIsTaken) {
  EXPECT_EQ(make("bf16", "avx512").instruction_set, "avx512");
  EXPECT_FALSE(is_granted());
  EXPECT_EQ(make("bf16", "amx").instruction_set, "amx");
}

}  // namespace
}  // namespace vgg16
