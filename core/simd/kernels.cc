// SPDX-License-Identifier: MIT
// The table of rows and the one that is in use.
#include "core/simd/kernels.h"

#include <stdlib.h>
#include <string.h>

#include "core/simd/cpu.h"
#include "core/simd/small.h"

#if defined(__AVX__) && !defined(TW_ALLOW_NATIVE)
#error "compile the engine for the base architecture: it chooses instructions at run time (TW_ALLOW_NATIVE overrides)"
#endif

namespace tidewire {

namespace isa_scalar {
extern const Kernels kKernels;
}
#if TW_ARCH_X86_64
namespace isa_sse2 {
extern const Kernels kKernels;
}
namespace isa_avx2 {
extern const Kernels kKernels;
}
namespace isa_avx512 {
extern const Kernels kKernels;
}
#elif TW_ARCH_AARCH64
namespace isa_neon {
extern const Kernels kKernels;
}
#endif

namespace {

// Best first.
constexpr const Kernels *kAllRows[] = {
#if TW_ARCH_X86_64
    &isa_avx512::kKernels,
    &isa_avx2::kKernels,
    &isa_sse2::kKernels,
#elif TW_ARCH_AARCH64
    &isa_neon::kKernels,
#endif
    &isa_scalar::kKernels,
};

// Zero until the first use; then detection has run. Two threads that come first both detect, and store the same.
constexpr uint32_t kDetected = 1u << 31;
std::atomic<uint32_t> g_features{0};

uint32_t features() {
  uint32_t known = g_features.load(std::memory_order_relaxed);
  if (known == 0) {
    known = cpu_features_detected() | kDetected;
    g_features.store(known, std::memory_order_relaxed);
  }
  return known;
}

bool runs_all(uint32_t wanted) { return (features() & wanted) == wanted; }

const Kernels *find_row(const char *name) {
  for (const Kernels *row : kAllRows) {
    if (strcmp(row->name, name) == 0 && runs_all(row->required)) return row;
  }
  return nullptr;
}

const Kernels *default_row() {
#if defined(TW_ISA_FROM_ENVIRONMENT)
  const char *name = getenv("TW_ISA");
  const Kernels *named = name == nullptr ? nullptr : find_row(name);
  if (named != nullptr) return named;
#endif
  for (const Kernels *row : kAllRows) {
    if (runs_all(row->required | row->worthwhile)) return row;
  }
  return &isa_scalar::kKernels;
}

}  // namespace

// In the order of Isa.
const Kernels *const kRowsByIsa[kIsaCount] = {
    &isa_scalar::kKernels,
#if TW_ARCH_X86_64
    &isa_sse2::kKernels,   &isa_avx2::kKernels, &isa_avx512::kKernels, nullptr,
#elif TW_ARCH_AARCH64
    nullptr,
    nullptr,
    nullptr,
    &isa_neon::kKernels,
#endif
};

size_t kernels_available(const Kernels *(&out_rows)[kIsaCount]) {
  size_t count = 0;
  for (const Kernels *row : kAllRows) {
    if (runs_all(row->required)) out_rows[count++] = row;
  }
  return count;
}

std::atomic<const Kernels *> g_selected_kernels{nullptr};

const Kernels &detect_kernels() {
  const Kernels *row = default_row();
  g_selected_kernels.store(row, std::memory_order_relaxed);
  return *row;
}

bool kernels_select(const char *name) {
  const Kernels *row = find_row(name);
  if (row == nullptr) return false;
  g_selected_kernels.store(row, std::memory_order_relaxed);
  return true;
}

size_t utf8_first_error(Utf8State state, const uint8_t *data, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if (!utf8_advance(&state, data[i])) return i;
  }
  return len;
}

}  // namespace tidewire
