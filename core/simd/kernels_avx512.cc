// SPDX-License-Identifier: MIT
#include "core/base/macros.h"

#if TW_ARCH_X86_64

#include "core/simd/cpu.h"
#include "core/simd/isa_avx512.h"

namespace tidewire::isa_avx512 {

extern const Kernels kKernels;
constexpr Kernels kKernels = {"avx512", Isa::kAvx512, kCpuAvx512 | kCpuAvx2, kCpuWide512, mask, utf8_step, unmask_utf8};

}  // namespace tidewire::isa_avx512

#endif
