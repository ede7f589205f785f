// SPDX-License-Identifier: MIT
// The AVX2 row.
#ifndef TIDEWIRE_CORE_SIMD_ISA_AVX2_H_
#define TIDEWIRE_CORE_SIMD_ISA_AVX2_H_

#include <immintrin.h>

#include "core/simd/small.h"

TW_TARGET_BEGIN("avx2")
namespace tidewire::isa_avx2 {

#include "core/simd/vec16_x86_impl.h"
#include "core/simd/vec32_x86_impl.h"

using Vec = Vec32;
using ShortVec = Vec32;

#include "core/simd/mask_impl.h"
#include "core/simd/utf8_lookup_impl.h"

}  // namespace tidewire::isa_avx2
TW_TARGET_END()

#endif  // TIDEWIRE_CORE_SIMD_ISA_AVX2_H_
