// The permission to use AMX's tiles, which Linux gives to a process that asks (arch_prctl, since 5.16).
#pragma once

#include <string>

namespace vgg16 {

/// Asks the system for the tiles of AMX on behalf of the whole process, which cannot give them back: from then on the
/// frame of every signal is 11 KB, and sigaltstack() refuses a smaller stack. Returns "" if they are granted, now or
/// earlier, else the reason in a few words: for example that some thread's alternate signal stack is too small already.
/// Requires runs_here(InstructionSet::kAmx). Thread-safe.
[[nodiscard]] std::string request_amx();

}  // namespace vgg16
