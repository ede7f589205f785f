// SPDX-License-Identifier: MIT
// The SSE2 row, which every x86-64 processor runs.
#ifndef TIDEWIRE_CORE_SIMD_ISA_SSE2_H_
#define TIDEWIRE_CORE_SIMD_ISA_SSE2_H_

#include <emmintrin.h>

#include "core/simd/small.h"

TW_TARGET_BEGIN("sse2")
namespace tidewire::isa_sse2 {

#include "core/simd/vec16_x86_impl.h"

using Vec = Vec16;
using ShortVec = Vec16;

#include "core/simd/mask_impl.h"
#include "core/simd/utf8_ascii_impl.h"

}  // namespace tidewire::isa_sse2
TW_TARGET_END()

#endif  // TIDEWIRE_CORE_SIMD_ISA_SSE2_H_
