// SPDX-License-Identifier: MIT
// Room to read into, messages in the caller's memory, and messages that outlive the connection.
#include "core/buffer/shared_lease.h"
#include "core/connection/connection.h"

namespace tidewire {

Status Connection::read_buffer(size_t, MutBytes *) { return Status::kUnsupported; }

Status Connection::read_commit(size_t, Event *, size_t, size_t *) { return Status::kUnsupported; }

Status Connection::receive_into(MutBytes, MutBytes, Event *, size_t, size_t *, size_t *) {
  return Status::kUnsupported;
}

Status Connection::detach(const Event &, SharedLease **, uint8_t **) { return Status::kUnsupported; }

}  // namespace tidewire
