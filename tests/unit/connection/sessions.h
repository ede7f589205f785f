// SPDX-License-Identifier: MIT
// What tests of the connection share: configurations, frames of either side, and the heads of both.
#ifndef TIDEWIRE_TESTS_UNIT_CONNECTION_SESSIONS_H_
#define TIDEWIRE_TESTS_UNIT_CONNECTION_SESSIONS_H_

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <tidewire/tidewire.h>

#include <string>
#include <vector>

#include "tests/support/frames.h"
#include "tests/support/test_bytes.h"
#include "tests/vectors/engine_session.h"

namespace tidewire::test {

inline constexpr uint32_t kRoles[] = {TW_ROLE_SERVER, TW_ROLE_CLIENT};

inline const char *role_name(uint32_t role) { return role == TW_ROLE_SERVER ? "Server" : "Client"; }

// body(uint32_t role), for both.
template <class Body>
void each_role(Body body) {
  for (const uint32_t role : kRoles) {
    SCOPED_TRACE(role_name(role));
    body(role);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

// Of a connection whose stream starts with frames.
inline tw_conn_config upgraded(uint32_t role) {
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  config.role = role;
  config.flags = TW_CONN_UPGRADED;
  return config;
}

inline FrameSpec spec(uint8_t first, const Bytes &payload, bool masked) {
  FrameSpec out;
  out.opcode = first & 0x0F;
  out.flags = static_cast<uint8_t>((first & 0xF0) | (masked ? TW_FRAME_MASKED : 0));
  out.payload = payload;
  return out;
}

// What the peer of a connection in this role sends. `first` is the first byte: FIN, RSV and opcode.
inline Bytes peer_frame(uint32_t role, uint8_t first, const Bytes &payload = {}) {
  return wire(spec(first, payload, role == TW_ROLE_SERVER));
}

// What a connection in this role sends as its frame number `index`, with the counting random source.
inline Bytes own_frame(uint32_t role, uint8_t first, const Bytes &payload = {}, size_t index = 0) {
  FrameSpec out = spec(first, payload, role == TW_ROLE_CLIENT);
  for (size_t i = 0; i < out.key.size(); ++i) out.key[i] = static_cast<uint8_t>(index * 4 + i);
  return wire(out);
}

// The good head of the peer of a connection in this role; a client has used the counting random source.
inline Bytes peer_head(uint32_t role) {
  return role == TW_ROLE_SERVER
             ? text(
                   "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
             : text(
                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: Bz3qJYTGdOe8gUSpLosEdiLKDrk=\r\n\r\n");
}

// The result of one call of tw_conn_receive on `data`, which must stay while the events are looked at.
struct Received {
  tw_status status;
  std::vector<tw_event> events;
  size_t consumed;
};

inline Received receive(tw_conn *conn, Bytes &data, size_t from = 0, size_t cap = 16) {
  Received out = {TW_OK, std::vector<tw_event>(cap), 0};
  size_t count = 0;
  out.status =
      tw_conn_receive(conn, data.data() + from, data.size() - from, out.events.data(), cap, &count, &out.consumed);
  out.events.resize(count);
  return out;
}

inline Bytes payload(const tw_event &event) { return Bytes(event.data, event.data + event.len); }

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_UNIT_CONNECTION_SESSIONS_H_
