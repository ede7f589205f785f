// SPDX-License-Identifier: MIT
// What takes a library's whole connection: an echo, compression, handshakes. Like peers.h, one form for all, so that
// the headers of each are compiled in one file.
#ifndef TIDEWIRE_BENCH_ENDPOINTS_H_
#define TIDEWIRE_BENCH_ENDPOINTS_H_

#include <string>

#include "bench/peers.h"

namespace tidewire::bench {

// An open server connection that sends back each message that it receives. Nothing but the connection is its own:
// where its library reads into the caller's memory, all of them share one buffer, as in a server.
class Echo {
 public:
  virtual ~Echo() = default;
  // Takes the bytes of `read`, which it copies once as a socket would, and writes the replies to `sink`.
  virtual void echo(const Read &read, Sink &sink) = 0;
};

// An open server connection that compresses what it sends.
class Deflater {
 public:
  virtual ~Deflater() = default;
  virtual void send(const std::vector<uint8_t> &text, Sink &sink) = 0;
};

// One library. nullptr where it has nothing of the kind.
struct Endpoint {
  const char *name;
  std::unique_ptr<Echo> (*make_echo)();
  // With `takeover` a compressor, or the peer's, refers to earlier messages.
  std::unique_ptr<Deflater> (*make_deflater)(bool takeover);
  std::unique_ptr<Decoder> (*make_inflater)(bool takeover);
  // A server's handshake from nothing to the response, which goes to `sink`.
  void (*accept)(const std::string &request, Sink &sink);
  // A client's, from nothing until the response of answer_request() was checked. `sink` holds the request.
  void (*connect)(Sink &sink);
};

extern const Endpoint kBeastEndpoint;
extern const Endpoint kWebsocketppEndpoint;
extern const Endpoint kWslayEndpoint;

inline constexpr const Endpoint *kEndpoints[] = {&kBeastEndpoint, &kWebsocketppEndpoint, &kWslayEndpoint};

// What a client offers for permessage-deflate.
const char *deflate_offer(bool takeover);

// The response of status 101 to the request that the sink holds; the same lean server for every client.
std::string answer_request(const Sink &request);

}  // namespace tidewire::bench

#endif  // TIDEWIRE_BENCH_ENDPOINTS_H_
