// SPDX-License-Identifier: MIT
// The opening handshake, from nothing to its end: a server that answers a request, and a client that sends one and
// checks the response. Every client's is answered by the same lean server, answer_request.
#include "bench/endpoints.h"
#include "bench/ours.h"
#include "bench/suite.h"

namespace tidewire::bench {
namespace {

constexpr char kAccept[] = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";  // of RFC 6455 §1.3
constexpr size_t kHeadMax = 1024;                                                     // bytes

// What a library sends, and what a browser does.
constexpr char kShort[] =
    "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
constexpr char kLong[] =
    "GET /chat HTTP/1.1\r\nHost: example.com\r\nConnection: keep-alive, Upgrade\r\nPragma: no-cache\r\n"
    "Cache-Control: no-cache\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
    "Safari/537.36\r\nUpgrade: websocket\r\nOrigin: https://example.com\r\nSec-WebSocket-Version: 13\r\n"
    "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";

tw_pool *shared_pool() {
  static OurPool pool;
  return pool.get();
}

// A request of https from a browser has an Origin that differs from "http://" and Host.
tw_handshake_config server_handshake() {
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  handshake.flags = TW_HANDSHAKE_ANY_ORIGIN;
  return handshake;
}

void our_accept(const std::string &request, Sink &sink) {
  static const tw_handshake_config handshake = server_handshake();
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  config.pool = shared_pool();
  config.handshake = &handshake;
  OurConnection connection(config);
  uint8_t head[kHeadMax];
  memcpy(head, request.data(), request.size());
  tw_event event;
  size_t count = 0;
  size_t consumed = 0;
  tw_conn_receive(connection.get(), head, request.size(), &event, 1, &count, &consumed);
  connection.flush(sink);
}

void our_head_accept(const std::string &request, Sink &sink) {
  static const tw_handshake_config handshake = server_handshake();
  const auto *data = reinterpret_cast<const uint8_t *>(request.data());
  tw_head head;
  size_t len = 0;
  tw_agreement agreement;
  if (tw_head_init(&head, TW_ROLE_SERVER, &handshake) != TW_OK ||
      tw_head_parse(&head, data, request.size(), &len) != TW_OK ||
      tw_request_check(&head, data, &handshake, &agreement) != TW_OK ||
      tw_response_build(&handshake, &agreement, sink.end(), sink.room(), &len) != TW_OK) {
    return;
  }
  sink.grow(len);
}

tw_handshake_config client_handshake() {
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  handshake.host = "example.com";
  handshake.target = "/chat";
  return handshake;
}

void our_connect(Sink &sink) {
  static const tw_handshake_config handshake = client_handshake();
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  config.role = TW_ROLE_CLIENT;
  config.pool = shared_pool();
  config.handshake = &handshake;
  OurConnection connection(config);
  connection.flush(sink);
  std::string response = answer_request(sink);
  tw_event event;
  size_t count = 0;
  size_t consumed = 0;
  const tw_status status = tw_conn_receive(connection.get(), reinterpret_cast<uint8_t *>(response.data()),
                                           response.size(), &event, 1, &count, &consumed);
  if (status != TW_OK || count != 1 || event.type != TW_EVENT_OPEN) die("our client does not open");
}

void our_head_connect(Sink &sink) {
  static const tw_handshake_config handshake = client_handshake();
  uint8_t key[TW_KEY_LEN];
  size_t len = 0;
  if (tw_key_generate(nullptr, key) != TW_OK ||
      tw_request_build(&handshake, key, sink.end(), sink.room(), &len) != TW_OK) {
    die("no request");
  }
  sink.grow(len);
  const std::string response = answer_request(sink);
  const auto *data = reinterpret_cast<const uint8_t *>(response.data());
  tw_head head;
  tw_agreement agreement;
  if (tw_head_init(&head, TW_ROLE_CLIENT, &handshake) != TW_OK ||
      tw_head_parse(&head, data, response.size(), &len) != TW_OK ||
      tw_response_check(&head, data, &handshake, key, &agreement) != TW_OK) {
    die("our client refuses the response");
  }
}

void add_server(const std::string &row, const std::string &request, void (*accept)(const std::string &, Sink &)) {
  const auto check = [=](const std::string &name) {
    Sink sink;
    accept(request, sink);
    const std::string response(reinterpret_cast<const char *>(sink.data()), sink.len());
    if (response.find("HTTP/1.1 101 ") != 0 || response.find(kAccept) == std::string::npos) die(name + ": refused");
  };
  add_row("HandshakeServer", row, request.size(), check, [=](benchmark::State &state) {
    Sink sink;
    for (auto _ : state) {
      sink.clear();
      accept(request, sink);
    }
  });
}

// The size is that of the shortest request; it differs a little from library to library.
void add_client(const std::string &row, void (*connect)(Sink &)) {
  // A client that refuses the response ends the program.
  const auto check = [=](const std::string &) {
    Sink sink;
    connect(sink);
  };
  add_row("HandshakeClient", row, sizeof(kShort) - 1, check, [=](benchmark::State &state) {
    Sink sink;
    for (auto _ : state) {
      sink.clear();
      connect(sink);
    }
  });
}

}  // namespace

void register_benchmarks() {
  for (const char *request : {kShort, kLong}) {
    add_server("tw_conn_receive", request, our_accept);
    add_server("tw_request_check", request, our_head_accept);
    for (const Endpoint *peer : kEndpoints) {
      if (peer->accept != nullptr) add_server(peer->name, request, peer->accept);
    }
  }
  add_client("tw_conn_receive", our_connect);
  add_client("tw_response_check", our_head_connect);
  for (const Endpoint *peer : kEndpoints) {
    if (peer->connect != nullptr) add_client(peer->name, peer->connect);
  }
}

}  // namespace tidewire::bench
