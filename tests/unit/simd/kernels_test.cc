// SPDX-License-Identifier: MIT
// The table of rows and the choice among them.
#include "core/simd/kernels.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <string.h>
#include <tidewire/tw_unstable.h>

#include "core/simd/cpu.h"
#include "tests/support/each_kernel.h"

namespace tidewire {
namespace {

using test::kernel_is_available;
using test::KernelSelection;

struct Rows {
  const Kernels *rows[kIsaCount];
  size_t count;
  Rows() : count(kernels_available(rows)) {}
};

TEST(Kernels, AvailableRowsComeInTheOrderOfTheArchitecture) {
  const Rows available;
  size_t next = 0;
  for (const char *name : test::kKernelNames) {
    if (next < available.count && strcmp(available.rows[next]->name, name) == 0) ++next;
  }
  EXPECT_EQ(next, available.count);
}

TEST(Kernels, ScalarIsAlwaysThereAndLast) {
  const Rows available;
  ASSERT_GE(available.count, 1u);
  EXPECT_STREQ(available.rows[available.count - 1]->name, "scalar");
  EXPECT_EQ(available.rows[available.count - 1]->required, 0u);
}

TEST(Kernels, RowsAreAvailableExactlyWhenTheProcessorRunsThem) {
  test::report_missing_kernels();
  const Rows available;
  const uint32_t features = cpu_features_detected();
  for (size_t i = 0; i < available.count; ++i) {
    EXPECT_EQ(available.rows[i]->required & ~features, 0u) << available.rows[i]->name;
  }
  EXPECT_EQ(kernel_is_available("sse2"), (features & kCpuSse2) != 0);
  EXPECT_EQ(kernel_is_available("avx2"), (features & kCpuAvx2) != 0);
  EXPECT_EQ(kernel_is_available("avx512"), (features & kCpuAvx512) != 0);
  EXPECT_EQ(kernel_is_available("neon"), (features & kCpuNeon) != 0);
}

TEST(Kernels, RowsAreComplete) {
  const Rows available;
  for (size_t i = 0; i < available.count; ++i) {
    const Kernels &row = *available.rows[i];
    EXPECT_NE(row.mask, nullptr) << row.name;
    EXPECT_NE(row.utf8_step, nullptr) << row.name;
    EXPECT_NE(row.unmask_utf8, nullptr) << row.name;
    EXPECT_LT(static_cast<size_t>(row.isa), kIsaCount) << row.name;
    for (size_t j = 0; j < i; ++j) EXPECT_NE(available.rows[j]->isa, row.isa) << row.name;
  }
}

// Every selection in this program is taken back, so that the row in use is the default. CTest runs this once more for
// some values of TW_ISA.
TEST(Kernels, DefaultIsTheFirstWorthwhileRowUnlessTheEnvironmentNamesOne) {
  const Rows available;
  const char *named = getenv("TW_ISA");
  const char *want = "scalar";
  for (size_t i = available.count; i-- > 0;) {
    if ((available.rows[i]->worthwhile & ~cpu_features_detected()) == 0) want = available.rows[i]->name;
  }
  if (named != nullptr && kernel_is_available(named)) want = named;
  EXPECT_STREQ(kernels().name, want);
}

TEST(Kernels, SelectionByNameHolds) {
  const KernelSelection restore;
  const Rows available;
  for (size_t i = 0; i < available.count; ++i) {
    EXPECT_TRUE(kernels_select(available.rows[i]->name));
    EXPECT_EQ(&kernels(), available.rows[i]);
  }
}

TEST(Kernels, UnknownOrMissingRowIsRefusedAndChangesNothing) {
  const Kernels *before = &kernels();
  EXPECT_FALSE(kernels_select("mmx"));
  EXPECT_FALSE(kernels_select(""));
  EXPECT_FALSE(kernels_select(TW_ARCH_X86_64 ? "neon" : "avx2"));
  EXPECT_EQ(&kernels(), before);
}

TEST(Kernels, UnstableInterfaceShowsTheSameRows) {
  const KernelSelection restore;
  const Rows available;
  ASSERT_EQ(tw_unstable_kernel_count(), available.count);
  for (size_t i = 0; i < available.count; ++i) {
    EXPECT_STREQ(tw_unstable_kernel_name(i), available.rows[i]->name);
    EXPECT_EQ(tw_unstable_kernel_select(available.rows[i]->name), TW_OK);
    EXPECT_STREQ(tw_unstable_kernel_selected(), available.rows[i]->name);
  }
  EXPECT_EQ(tw_unstable_kernel_name(available.count), nullptr);
  EXPECT_EQ(tw_unstable_kernel_select("mmx"), TW_ERR_KERNEL);
  EXPECT_EQ(tw_unstable_kernel_select(nullptr), TW_ERR_NULL);
}

}  // namespace
}  // namespace tidewire
