// SPDX-License-Identifier: MIT
// What the processor and the operating system let us use, as named bits.
#ifndef TIDEWIRE_CORE_SIMD_CPU_H_
#define TIDEWIRE_CORE_SIMD_CPU_H_

#include <stdint.h>

namespace tidewire {

// A bit is set when the instructions exist and the operating system saves their registers.
enum CpuFeature : uint32_t {
  kCpuSse2 = 1u << 0,
  kCpuAvx2 = 1u << 1,
  kCpuAvx512 = 1u << 2,  // F, BW, VL and VBMI
  // 512-bit vectors do not slow the whole core down: processors since Ice Lake and Zen 4, known by VBMI2.
  kCpuWide512 = 1u << 3,
  kCpuNeon = 1u << 4,
};

// Detected once, through cpu_features where the build has it, otherwise by the built-in detector.
uint32_t cpu_features_detected();

// The detector that needs no library. Tests compare it with cpu_features.
uint32_t cpu_features_builtin();

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_SIMD_CPU_H_
