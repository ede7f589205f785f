// SPDX-License-Identifier: MIT
// The DEFLATE of one message (RFC 1951, RFC 7692 §7.2.2), read bit by bit from its start each time.
#ifndef TIDEWIRE_TESTS_REFERENCE_INFLATE_REF_H_
#define TIDEWIRE_TESTS_REFERENCE_INFLATE_REF_H_

#include <stddef.h>
#include <stdint.h>

#include <vector>

namespace tidewire::reference {

using Bytes = std::vector<uint8_t>;

enum class InflateVerdict {
  ok,
  bad,       // no DEFLATE, or `last` and the message does not end between two blocks
  too_long,  // more than max_len bytes
};

struct Inflated {
  InflateVerdict verdict = InflateVerdict::ok;
  Bytes bytes;              // all that the payload means, or what precedes the fault
  size_t max_distance = 0;  // how far back the furthest match reached
};

// `payload` is all of the message so far; `last`: it is the whole message, whose last four bytes its sender left out.
// `window` is what the messages before it came to, or the last 32768 bytes of that; empty without context takeover.
Inflated inflate(const Bytes &payload, bool last, const Bytes &window, size_t max_len = SIZE_MAX);

}  // namespace tidewire::reference

#endif  // TIDEWIRE_TESTS_REFERENCE_INFLATE_REF_H_
