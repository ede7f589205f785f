// SPDX-License-Identifier: MIT
#include "core/base/macros.h"

#if TW_ARCH_X86_64

#include "core/simd/cpu.h"
#include "core/simd/isa_sse2.h"

namespace tidewire::isa_sse2 {

extern const Kernels kKernels;
constexpr Kernels kKernels = {"sse2", Isa::kSse2, kCpuSse2, 0, mask, utf8_step, unmask_utf8};

}  // namespace tidewire::isa_sse2

#endif
