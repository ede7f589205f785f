// SPDX-License-Identifier: MIT
// One row of long kernels for each instruction set, and the choice among them. Knows nothing of frames.
#ifndef TIDEWIRE_CORE_SIMD_KERNELS_H_
#define TIDEWIRE_CORE_SIMD_KERNELS_H_

#include <stddef.h>
#include <stdint.h>

#include <atomic>

#include "core/base/macros.h"

namespace tidewire {

// Where a text stands between two steps. In the middle of a code point `need` continuation bytes are missing and the
// next one must lie in [low, high]; {0, 0, 0} is the boundary between two code points.
struct Utf8State {
  uint8_t need = 0;
  uint8_t low = 0;
  uint8_t high = 0;
};

// Instruction sets, worst first. The numbers index the frame loops of core/wire as well.
enum class Isa : uint8_t { kScalar, kSse2, kAvx2, kAvx512, kNeon };
inline constexpr size_t kIsaCount = 5;

// `key` holds the masking key's four bytes in wire order, the first in the lowest byte, already rotated so that it
// belongs to src[0].
struct Kernels {
  const char *name;  // "scalar", "sse2", "avx2", "avx512", "neon"
  Isa isa;
  uint32_t required;    // CpuFeature bits
  uint32_t worthwhile;  // further CpuFeature bits without which the row is available but not chosen

  // dst[i] = src[i] ^ key[i % 4]. dst == src, or no overlap. Returns 0, the status of success: tw_mask jumps to it.
  int32_t (*mask)(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key);

  // Continues the text with `len` bytes. Returns true when they are valid so far; false leaves the state undefined.
  bool (*utf8_step)(Utf8State *state, const uint8_t *data, size_t len);

  // Both in one pass: validates what it writes to dst. All of dst is written in any case.
  bool (*unmask_utf8)(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key, Utf8State *state);
};

// The rows that this processor can run, widest first; the last is always scalar. Returns how many there are.
size_t kernels_available(const Kernels *(&out_rows)[kIsaCount]);

// The row in use: the first worthwhile one until kernels_select changes it. Test builds take it from the environment
// variable TW_ISA where that names an available row.
inline const Kernels &kernels();

// The row of an instruction set that this processor has.
inline const Kernels &kernels_of(Isa isa);

// Makes `name` the row in use for objects created from now on. False when it is not available. For tests and benches.
bool kernels_select(const char *name);

// All rows by instruction set; nullptr for those of other processors. For kernels_of() alone.
extern const Kernels *const kRowsByIsa[kIsaCount];

inline const Kernels &kernels_of(Isa isa) { return *kRowsByIsa[static_cast<size_t>(isa)]; }

// The row in use once it is known, and the search for it; for kernels() alone.
extern std::atomic<const Kernels *> g_selected_kernels;
const Kernels &detect_kernels();

inline const Kernels &kernels() {
  const Kernels *row = g_selected_kernels.load(std::memory_order_relaxed);
  return TW_LIKELY(row != nullptr) ? *row : detect_kernels();
}

// Whether a whole text is UTF-8.
inline bool utf8_whole(const Kernels &kernels, const uint8_t *data, size_t len) {
  Utf8State state;
  return kernels.utf8_step(&state, data, len) && state.need == 0;
}

// The offset of the first byte at which no valid text can go on from `state`; `len` when there is none.
size_t utf8_first_error(Utf8State state, const uint8_t *data, size_t len);

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_SIMD_KERNELS_H_
