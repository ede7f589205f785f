// SPDX-License-Identifier: MIT
// What a connection is created with. Numbers are final here: the C interface has put in the defaults.
#ifndef TIDEWIRE_CORE_CONNECTION_CONFIG_H_
#define TIDEWIRE_CORE_CONNECTION_CONFIG_H_

#include <stdint.h>

#include "core/base/allocator.h"
#include "core/base/random.h"
#include "core/buffer/pool.h"
#include "core/wire/handshake.h"

namespace tidewire {

inline constexpr uint64_t kDefaultMaxFrameLen = 16 << 20;    // bytes
inline constexpr uint64_t kDefaultMaxMessageLen = 16 << 20;  // bytes
inline constexpr uint32_t kDefaultMaxFragments = 1024;
inline constexpr uint64_t kDefaultMaxOutputLen = 64 << 20;  // bytes

enum class Role : uint8_t { kServer, kClient };

struct ConnectionConfig {
  Role role = Role::kServer;
  bool upgraded = false;  // the handshake was done elsewhere
  uint64_t max_frame_len = kDefaultMaxFrameLen;
  uint64_t max_message_len = kDefaultMaxMessageLen;
  uint32_t max_fragments = kDefaultMaxFragments;
  uint64_t max_output_len = kDefaultMaxOutputLen;
  Allocator allocator;
  RandomSource random;
  Pool *pool = nullptr;
  HandshakeConfig handshake;  // copied
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_CONNECTION_CONFIG_H_
