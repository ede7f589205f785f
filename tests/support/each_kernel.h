// SPDX-License-Identifier: MIT
// Runs a test body once for every kernel row that this processor can run, with that row in use.
#ifndef TIDEWIRE_TESTS_SUPPORT_EACH_KERNEL_H_
#define TIDEWIRE_TESTS_SUPPORT_EACH_KERNEL_H_

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/base/macros.h"
#include "core/simd/kernels.h"

namespace tidewire::test {

// The rows that are compiled for this architecture, best first.
#if TW_ARCH_X86_64
inline constexpr const char *kKernelNames[] = {"avx512", "avx2", "sse2", "scalar"};
#elif TW_ARCH_AARCH64
inline constexpr const char *kKernelNames[] = {"neon", "scalar"};
#else
inline constexpr const char *kKernelNames[] = {"scalar"};
#endif

inline bool kernel_is_available(const char *name) {
  const Kernels *rows[kIsaCount];
  const size_t count = kernels_available(rows);
  for (size_t i = 0; i < count; ++i) {
    if (strcmp(rows[i]->name, name) == 0) return true;
  }
  return false;
}

// Says once for each process which rows go untested because the processor lacks the instructions.
inline void report_missing_kernels() {
  static bool reported = false;
  if (reported) return;
  reported = true;
  for (const char *name : kKernelNames) {
    if (!kernel_is_available(name)) printf("[ NOT RUN  ] kernels %s: this processor has no such instructions\n", name);
  }
}

// Restores the row in use.
class KernelSelection {
 public:
  KernelSelection() : name_(kernels().name) {}
  ~KernelSelection() { kernels_select(name_); }
  KernelSelection(const KernelSelection &) = delete;
  KernelSelection &operator=(const KernelSelection &) = delete;

 private:
  const char *name_;
};

// body(const Kernels &row). Stops at the first row with a fatal failure.
template <class Body>
void each_kernel(Body body) {
  report_missing_kernels();
  const KernelSelection restore;
  const Kernels *rows[kIsaCount];
  const size_t count = kernels_available(rows);
  ASSERT_GT(count, 0u);
  for (size_t i = 0; i < count; ++i) {
    SCOPED_TRACE(rows[i]->name);
    ASSERT_TRUE(kernels_select(rows[i]->name));
    body(*rows[i]);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_SUPPORT_EACH_KERNEL_H_
