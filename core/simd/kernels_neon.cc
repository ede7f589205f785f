// SPDX-License-Identifier: MIT
#include "core/base/macros.h"

#if TW_ARCH_AARCH64

#include "core/simd/cpu.h"
#include "core/simd/isa_neon.h"

namespace tidewire::isa_neon {

extern const Kernels kKernels;
constexpr Kernels kKernels = {"neon", Isa::kNeon, kCpuNeon, 0, mask, utf8_step, unmask_utf8};

}  // namespace tidewire::isa_neon

#endif
