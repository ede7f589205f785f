// SPDX-License-Identifier: MIT
#include "tests/reference/mask_ref.h"

namespace tidewire::reference {

void mask(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t key[4], uint64_t phase) {
  for (size_t i = 0; i < len; ++i) {
    const uint64_t j = (phase % 4 + i) % 4;  // phase + i may wrap, phase % 4 + i does not
    dst[i] = static_cast<uint8_t>(src[i] ^ key[j]);
  }
}

}  // namespace tidewire::reference
