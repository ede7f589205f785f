// SPDX-License-Identifier: MIT
// The only file that knows the cpu_features library.
#include "core/simd/cpu.h"

#include "core/base/macros.h"

#if TW_ARCH_X86_64
#include <cpuid.h>
#if defined(TW_CPU_FEATURES)
#include <cpuinfo_x86.h>
#endif
#elif TW_ARCH_AARCH64 && defined(TW_CPU_FEATURES)
#include <cpuinfo_aarch64.h>
#endif

namespace tidewire {

#if TW_ARCH_X86_64

namespace {

// XCR0, Intel SDM vol. 1 §13.3: the register states that the operating system saves.
constexpr uint32_t kXcr0Avx = 0x06;     // XMM, YMM
constexpr uint32_t kXcr0Avx512 = 0xE6;  // XMM, YMM, opmask, ZMM0-15 high halves, ZMM16-31

uint32_t read_xcr0() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

bool bit(uint32_t word, int index) { return ((word >> index) & 1u) != 0; }

}  // namespace

uint32_t cpu_features_builtin() {
  uint32_t eax, ebx, ecx, edx;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return 0;
  uint32_t found = 0;
  if (bit(edx, 26)) found |= kCpuSse2;
  const bool os_uses_xsave = bit(ecx, 27);
  const uint32_t xcr0 = os_uses_xsave ? read_xcr0() : 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return found;
  if (bit(ebx, 5) && (xcr0 & kXcr0Avx) == kXcr0Avx) found |= kCpuAvx2;
  if ((xcr0 & kXcr0Avx512) == kXcr0Avx512) {
    if (bit(ebx, 16) && bit(ebx, 30) && bit(ebx, 31) && bit(ecx, 1)) found |= kCpuAvx512;
    if (bit(ecx, 6)) found |= kCpuWide512;
  }
  return found;
}

uint32_t cpu_features_detected() {
#if defined(TW_CPU_FEATURES)
  // The flags are signed one-bit fields: true is -1.
  const cpu_features::X86Features features = cpu_features::GetX86Info().features;
  uint32_t found = 0;
  if (features.sse2 != 0) found |= kCpuSse2;
  if (features.avx2 != 0) found |= kCpuAvx2;
  if (features.avx512f != 0 && features.avx512bw != 0 && features.avx512vl != 0 && features.avx512vbmi != 0) {
    found |= kCpuAvx512;
  }
  if (features.avx512vbmi2 != 0) found |= kCpuWide512;
  return found;
#else
  return cpu_features_builtin();
#endif
}

#elif TW_ARCH_AARCH64

// Advanced SIMD is part of the base architecture of every AArch64 system that runs C++ programs.
uint32_t cpu_features_builtin() { return kCpuNeon; }

uint32_t cpu_features_detected() {
#if defined(TW_CPU_FEATURES)
  return cpu_features::GetAarch64Info().features.asimd != 0 ? uint32_t{kCpuNeon} : 0;
#else
  return cpu_features_builtin();
#endif
}

#else

uint32_t cpu_features_builtin() { return 0; }
uint32_t cpu_features_detected() { return 0; }

#endif

}  // namespace tidewire
