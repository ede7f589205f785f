// SPDX-License-Identifier: MIT
// The two values that prove an opening handshake: Sec-WebSocket-Key and the Sec-WebSocket-Accept that answers it
// (RFC 6455 §4.1, §4.2.2). Holds the only SHA-1 of the engine, which serves this proof and no other purpose.
#ifndef TIDEWIRE_CORE_WIRE_ACCEPT_KEY_H_
#define TIDEWIRE_CORE_WIRE_ACCEPT_KEY_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/random.h"
#include "core/base/status.h"

namespace tidewire {

inline constexpr size_t kKeyLen = 24;     // base64 of 16 bytes
inline constexpr size_t kAcceptLen = 28;  // base64 of a SHA-1

// Whether `key` is the base64 of 16 bytes, its unused bits zero.
bool is_key(const uint8_t key[kKeyLen]);

// Whether `accept` can be written into a response: base64 digits and one '='.
bool is_accept(const uint8_t accept[kAcceptLen]);

// kKey leaves `out` alone.
Status accept_key(const uint8_t key[kKeyLen], uint8_t out[kAcceptLen]);

// A key that was never used before. kRandom leaves `out` alone.
Status key_generate(const RandomSource &random, uint8_t out[kKeyLen]);

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_WIRE_ACCEPT_KEY_H_
