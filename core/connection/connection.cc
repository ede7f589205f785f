// SPDX-License-Identifier: MIT
// Life of a connection, and what can be asked of it.
#include "core/connection/connection.h"

#include <new>

namespace tidewire {

Connection::Connection(const ConnectionConfig &config)
    : kernels_(&kernels()),
      source_{config.pool, config.allocator},
      random_(config.random),
      max_frame_len_(config.max_frame_len),
      max_message_len_(config.max_message_len),
      max_output_len_(config.max_output_len),
      max_fragments_(config.max_fragments),
      role_(config.role),
      header_{} {}

Status Connection::create(const ConnectionConfig &config, Connection **out) {
  *out = nullptr;
  void *memory = config.allocator.allocate(sizeof(Connection));
  if (memory == nullptr) return Status::kNoMemory;
  Connection *connection = new (memory) Connection(config);
  if (config.upgraded) {
    connection->state_ = State::kOpen;
  } else if (Status status = connection->start_opening(config.handshake); status != Status::kOk) {
    destroy(connection);
    return status;
  }
  *out = connection;
  return Status::kOk;
}

void Connection::destroy(Connection *connection) {
  if (connection == nullptr) return;
  const LeaseSource source = connection->source_;
  connection->drop_opening();
  connection->assembler_.reset(source);
  connection->output_.clear(source);
  source.release(connection->control_);
  source.release_list(connection->delivered_);
  connection->~Connection();
  source.allocator.release(connection, sizeof(Connection));
}

uint32_t Connection::wants() const {
  const bool reads = state_ != State::kClosed && !close_planned_;
  const bool writes = output_.size() > 0 || close_planned_;
  if (!reads && !writes) return kWantClose;
  return (reads ? kWantRead : 0u) | (writes ? kWantWrite : 0u);
}

}  // namespace tidewire
