// Refuses every arch_prctl, in place of the system.
#pragma once

namespace vgg16 {

/// The errno of the refusal; 0 lets the system decide.
extern int amx_refusal;

}  // namespace vgg16
