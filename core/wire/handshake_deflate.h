// SPDX-License-Identifier: MIT
// permessage-deflate in Sec-WebSocket-Extensions (RFC 7692 §5, §7.1): what a client offers, which offer a server
// accepts and how it says so, and whether a client may take that answer.
#ifndef TIDEWIRE_CORE_WIRE_HANDSHAKE_DEFLATE_H_
#define TIDEWIRE_CORE_WIRE_HANDSHAKE_DEFLATE_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/bytes.h"
#include "core/wire/deflate_terms.h"

namespace tidewire {

// Server: reads the offers of a request, one header line after the other, and accepts the first one that the wish
// permits. An offer that it does not understand or cannot accept is declined, which is no fault.
class DeflateOffers {
 public:
  explicit DeflateOffers(const DeflateTerms &wish) : wish_(wish) {}

  void add(ByteView line);

  // Whether all lines are in the grammar (RFC 6455 §9.1) and there is an offer, of any extension, in them.
  bool valid() const { return !malformed_ && any_; }

  // All zero where every offer was declined.
  const DeflateTerms &accepted() const { return accepted_; }

 private:
  DeflateTerms wish_;
  DeflateTerms accepted_;
  bool any_ = false;
  bool malformed_ = false;
};

// Client: whether `line`, the only one of the response, answers the offer of this wish as it must. Only then *out is
// written.
bool check_deflate_answer(const DeflateTerms &wish, ByteView line, DeflateTerms *out);

// Server: whether DeflateOffers could have accepted these terms; that of declined offers, all zero, is one.
bool is_acceptable(const DeflateTerms &wish, const DeflateTerms &terms);

// A value of the header. With all its parameters it is "permessage-deflate; server_no_context_takeover;
// client_no_context_takeover; server_max_window_bits=15; client_max_window_bits=15".
struct DeflateText {
  uint8_t data[128];
  size_t len = 0;

  ByteView view() const { return {data, len}; }
};

DeflateText deflate_offer(const DeflateTerms &wish);    // of a client
DeflateText deflate_answer(const DeflateTerms &terms);  // of a server

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_WIRE_HANDSHAKE_DEFLATE_H_
