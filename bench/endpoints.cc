// SPDX-License-Identifier: MIT
// What all handshakes with the peers share.
#include "bench/endpoints.h"

#include "tidewire/tidewire.h"

namespace tidewire::bench {

const char *deflate_offer(bool takeover) {
  return takeover ? "permessage-deflate" : "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
}

std::string answer_request(const Sink &request) {
  constexpr char kName[] = "\r\nSec-WebSocket-Key: ";
  const auto *head = reinterpret_cast<const char *>(request.data());
  const auto *name = static_cast<const char *>(memmem(head, request.len(), kName, sizeof(kName) - 1));
  uint8_t accept[TW_ACCEPT_LEN];
  if (name == nullptr || tw_accept_key(reinterpret_cast<const uint8_t *>(name + sizeof(kName) - 1), accept) != TW_OK) {
    die("a client's request has no key");
  }
  std::string response =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
  response.append(reinterpret_cast<const char *>(accept), TW_ACCEPT_LEN);
  return response + "\r\n\r\n";
}

}  // namespace tidewire::bench
