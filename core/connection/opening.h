// SPDX-License-Identifier: MIT
// What a connection holds until its opening handshake is over.
#ifndef TIDEWIRE_CORE_CONNECTION_OPENING_H_
#define TIDEWIRE_CORE_CONNECTION_OPENING_H_

#include <stddef.h>
#include <stdint.h>

#include "core/buffer/lease.h"
#include "core/wire/accept_key.h"
#include "core/wire/handshake.h"
#include "core/wire/http_head.h"

namespace tidewire {

// Lives at the start of a lease.
struct Opening {
  HandshakeConfig config;  // its strings are in the lease, after the struct
  HttpHead head;
  uint8_t key[kKeyLen];    // client
  Lease *bytes = nullptr;  // of a head that came in pieces
  size_t len = 0;          // of bytes
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_CONNECTION_OPENING_H_
