// SPDX-License-Identifier: MIT
#include "core/simd/cpu.h"
#include "core/simd/isa_scalar.h"

namespace tidewire::isa_scalar {

extern const Kernels kKernels;
constexpr Kernels kKernels = {"scalar", Isa::kScalar, 0, 0, mask, utf8_step, unmask_utf8};

}  // namespace tidewire::isa_scalar
