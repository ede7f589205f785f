// SPDX-License-Identifier: MIT
// A message that is encoded once and sent by many connections.
#ifndef TIDEWIRE_CORE_MESSAGE_PREPARED_H_
#define TIDEWIRE_CORE_MESSAGE_PREPARED_H_

#include <stdint.h>

#include "core/base/bytes.h"
#include "core/base/status.h"
#include "core/buffer/lease.h"

namespace tidewire {

class Prepared {
 public:
  static Status create(const LeaseSource &source, uint8_t opcode, ByteView payload, uint32_t flags, Prepared **out);
  static void destroy(Prepared *prepared);
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_MESSAGE_PREPARED_H_
