// SPDX-License-Identifier: MIT
#include "core/simd/cpu.h"

#include <gtest/gtest.h>

#include "core/base/macros.h"

namespace tidewire {
namespace {

#if defined(TW_CPU_FEATURES)
// Two detectors that share no code. In a build without cpu_features there is only one.
TEST(Cpu, BuiltInDetectorAgreesWithCpuFeatures) { EXPECT_EQ(cpu_features_builtin(), cpu_features_detected()); }
#endif

TEST(Cpu, BaseOfTheArchitectureIsThere) {
  const uint32_t base = TW_ARCH_X86_64 ? uint32_t{kCpuSse2} : TW_ARCH_AARCH64 ? uint32_t{kCpuNeon} : 0;
  EXPECT_EQ(cpu_features_detected() & base, base);
}

// No processor has one without the other: the rows rely on it.
TEST(Cpu, WiderVectorsComeWithNarrowerOnes) {
  const uint32_t features = cpu_features_detected();
  if ((features & kCpuAvx512) != 0) {
    EXPECT_NE(features & kCpuAvx2, 0u);
  }
  if ((features & kCpuAvx2) != 0) {
    EXPECT_NE(features & kCpuSse2, 0u);
  }
}

TEST(Cpu, FeaturesAreBitsOfTheirOwn) {
  const uint32_t all[] = {kCpuSse2, kCpuAvx2, kCpuAvx512, kCpuWide512, kCpuNeon};
  uint32_t seen = 0;
  for (const uint32_t feature : all) {
    EXPECT_EQ(feature & (feature - 1), 0u);
    EXPECT_EQ(seen & feature, 0u);
    seen |= feature;
  }
}

}  // namespace
}  // namespace tidewire
