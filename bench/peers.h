// SPDX-License-Identifier: MIT
// What every library that is measured against does, in one form, so that the slow headers of each are compiled in one
// file. A peer is called as its own users would call it; calls through these pointers cost all rows the same.
#ifndef TIDEWIRE_BENCH_PEERS_H_
#define TIDEWIRE_BENCH_PEERS_H_

#include <stddef.h>
#include <stdint.h>

#include <memory>

#include "bench/data.h"

namespace tidewire::bench {

// `key` holds the masking key's bytes in wire order, the first in the lowest byte. dst == src is allowed.
using MaskFn = void (*)(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key);

using Utf8Fn = bool (*)(const uint8_t *data, size_t len);

// Masks in place, and tells whether the result is valid UTF-8.
using UnmaskUtf8Fn = bool (*)(uint8_t *data, size_t len, uint32_t key);

using AcceptKeyFn = void (*)(const uint8_t key[24], uint8_t accept[28]);

// A server that receives.
class Decoder {
 public:
  virtual ~Decoder() = default;
  // Takes the bytes of `read`, which it copies once as a socket would, and gives each message to `receipt`.
  virtual void decode(const Read &read, Receipt &receipt) = 0;
};

enum class Role { kServer, kClient };

// One side that sends.
class Encoder {
 public:
  virtual ~Encoder() = default;
  // Writes the binary messages of `batch` to `sink`, which is empty.
  virtual void encode(const Batch &batch, Sink &sink) = 0;
};

// One library. nullptr where it has nothing of the kind that can be called.
struct Peer {
  const char *name;
  MaskFn mask;
  Utf8Fn utf8_valid;
  UnmaskUtf8Fn unmask_utf8;
  AcceptKeyFn accept_key;
  std::unique_ptr<Decoder> (*make_decoder)();
  std::unique_ptr<Encoder> (*make_encoder)(Role role);
};

extern const Peer kBeast;
extern const Peer kWebsocketpp;
extern const Peer kWslay;

inline constexpr const Peer *kPeers[] = {&kBeast, &kWebsocketpp, &kWslay};

// The line below which no row is expected: lean AVX2 loops that do the work and nothing else. No fragments, no limits,
// no control frames, no text but ASCII. nullptr where the processor has no AVX2.
const Peer *floor_row();

// The floor's masking with aligned stores, which long payloads gain from and short ones lose by. nullptr likewise.
MaskFn aligned_floor_mask();

// Validates UTF-8, and does nothing else. nullptr where its sources were not found (simdutf.cmake).
const Peer *simdutf_row();

}  // namespace tidewire::bench

#endif  // TIDEWIRE_BENCH_PEERS_H_
