// SPDX-License-Identifier: MIT
// The one seam through which unpredictable bytes enter: masking keys (RFC 6455 §10.3) and handshake keys.
#ifndef TIDEWIRE_CORE_BASE_RANDOM_H_
#define TIDEWIRE_CORE_BASE_RANDOM_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

namespace tidewire {

struct RandomSource {
  int32_t (*fill_fn)(void *context, uint8_t *out, size_t len) = nullptr;  // 0 is success; nullptr: the system's CSPRNG
  void *context = nullptr;

  // Writes `len` unpredictable bytes, or returns kRandom and leaves `out` undefined.
  Status fill(uint8_t *out, size_t len) const;
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_BASE_RANDOM_H_
