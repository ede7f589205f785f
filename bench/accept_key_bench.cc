// SPDX-License-Identifier: MIT
// Sec-WebSocket-Accept from Sec-WebSocket-Key, once per handshake.
#include "bench/suite.h"
#include "tidewire/tidewire.h"

namespace tidewire::bench {
namespace {

// The example of RFC 6455 §1.3.
constexpr char kKey[] = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr char kAccept[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

void add(const std::string &row, AcceptKeyFn accept_key) {
  const auto call = [=](uint8_t accept[TW_ACCEPT_LEN]) {
    accept_key(reinterpret_cast<const uint8_t *>(kKey), accept);
    benchmark::ClobberMemory();
  };
  const auto check = [=](const std::string &name) {
    uint8_t accept[TW_ACCEPT_LEN];
    call(accept);
    if (memcmp(accept, kAccept, TW_ACCEPT_LEN) != 0) die(name + ": wrong result");
  };
  const auto run = [=](benchmark::State &state) {
    uint8_t accept[TW_ACCEPT_LEN];
    for (auto _ : state) call(accept);
  };
  add_row("AcceptKey", row, TW_KEY_LEN, check, run);
}

}  // namespace

void register_benchmarks() {
  add("tw_accept_key", [](const uint8_t key[24], uint8_t accept[28]) { tw_accept_key(key, accept); });
  for (const Peer *other : others()) {
    if (other->accept_key != nullptr) add(other->name, other->accept_key);
  }
}

}  // namespace tidewire::bench
