// SPDX-License-Identifier: MIT
#include "core/base/macros.h"

#if TW_ARCH_X86_64

#include "core/simd/cpu.h"
#include "core/simd/isa_avx2.h"

namespace tidewire::isa_avx2 {

extern const Kernels kKernels;
constexpr Kernels kKernels = {"avx2", Isa::kAvx2, kCpuAvx2, 0, mask, utf8_step, unmask_utf8};

}  // namespace tidewire::isa_avx2

#endif
