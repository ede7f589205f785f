// SPDX-License-Identifier: MIT
// libwebsockets with its own event loop. It writes one message at a time; a writable peer is sent all that is due.
#include <libwebsockets.h>

#include <deque>
#include <utility>
#include <vector>

#include "bench/loopback/server.h"

namespace {

using tidewire::loopback::kReadLen;

struct Message {
  std::vector<uint8_t> bytes = std::vector<uint8_t>(LWS_PRE);  // lws_write puts the header into the first LWS_PRE
  bool binary = false;
};

struct Peer {
  Message incoming;
  std::deque<Message> due;
};

void receive(lws *wsi, Peer *peer, const uint8_t *data, size_t len) {
  Message &incoming = peer->incoming;
  incoming.bytes.insert(incoming.bytes.end(), data, data + len);
  if (lws_is_final_fragment(wsi) == 0 || lws_remaining_packet_payload(wsi) != 0) return;
  incoming.binary = lws_frame_is_binary(wsi) != 0;
  peer->due.push_back(std::exchange(incoming, Message()));
  lws_callback_on_writable(wsi);
}

// Returns -1 when the peer is to be dropped.
int write_due(lws *wsi, Peer *peer) {
  while (!peer->due.empty() && lws_partial_buffered(wsi) == 0) {
    Message &message = peer->due.front();
    const auto kind = message.binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
    if (lws_write(wsi, message.bytes.data() + LWS_PRE, message.bytes.size() - LWS_PRE, kind) < 0) return -1;
    peer->due.pop_front();
  }
  if (!peer->due.empty()) lws_callback_on_writable(wsi);
  return 0;
}

int handle(lws *wsi, lws_callback_reasons reason, void *user, void *data, size_t len) {
  auto **peer = static_cast<Peer **>(user);
  switch (reason) {
    case LWS_CALLBACK_ESTABLISHED: *peer = new Peer; break;
    case LWS_CALLBACK_CLOSED: delete *peer; break;
    case LWS_CALLBACK_RECEIVE: receive(wsi, *peer, static_cast<const uint8_t *>(data), len); break;
    case LWS_CALLBACK_SERVER_WRITEABLE: return write_due(wsi, *peer);
    default: break;
  }
  return 0;
}

}  // namespace

int main(int argc, char **argv) {
  lws_set_log_level(LLL_ERR, nullptr);
  const lws_protocols protocols[] = {{"echo", handle, sizeof(Peer *), kReadLen, 0, nullptr, 0}, {}};
  lws_context_creation_info info{};
  info.port = tidewire::loopback::read_port(argc, argv);
  info.iface = "127.0.0.1";
  info.protocols = protocols;
  info.pt_serv_buf_size = kReadLen;
  info.options = LWS_SERVER_OPTION_VALIDATE_UTF8 | LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
  lws_context *context = lws_create_context(&info);
  lws_vhost *host = context != nullptr ? lws_create_vhost(context, &info) : nullptr;
  if (host == nullptr) errx(1, "libwebsockets: no context");
  tidewire::loopback::announce(static_cast<unsigned>(lws_get_vhost_listen_port(host)));
  while (lws_service(context, 0) >= 0) {
  }
}
