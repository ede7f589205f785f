// SPDX-License-Identifier: MIT
// Reads a pool's statistics: which classes the next one should have, and why.
#ifndef TIDEWIRE_CORE_BUFFER_POOL_ADVICE_H_
#define TIDEWIRE_CORE_BUFFER_POOL_ADVICE_H_

#include <stddef.h>
#include <stdint.h>

#include "core/buffer/pool.h"

namespace tidewire {

// How many buffers of a class the next pool should keep; 0: no limit of their number.
uint64_t pool_advice(const PoolClassStats &stats);

// Writes a line with the reason for pool_advice(stats), no zero byte behind it, as far as there is room. Returns the
// length of the whole line.
size_t pool_advice_text(const PoolClassStats &stats, char *out, size_t cap);

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_BUFFER_POOL_ADVICE_H_
