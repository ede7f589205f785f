// SPDX-License-Identifier: MIT
// The parameters name the roles, the terms name the directions: a server sends what server_... is about, a client
// receives it.
#include "core/wire/handshake_deflate.h"

#include <string.h>

#include "core/wire/handshake_extensions.h"
#include "core/wire/handshake_text.h"

namespace tidewire {
namespace {

constexpr char kDeflateName[] = "permessage-deflate";
constexpr char kServerNoTakeover[] = "server_no_context_takeover";
constexpr char kClientNoTakeover[] = "client_no_context_takeover";
constexpr char kServerWindow[] = "server_max_window_bits";
constexpr char kClientWindow[] = "client_max_window_bits";

// A window parameter: one of these two, or 8 ... 15.
constexpr uint8_t kAbsent = 0;
constexpr uint8_t kWithoutValue = 1;

// 8 ... 15 in decimal without leading zeros (RFC 7692 §7.1.2); kAbsent for anything else. The backslashes that a quoted
// value may have are not part of it.
uint8_t window_bits_of(ByteView value) {
  uint32_t bits = 0;
  for (size_t i = 0; i < value.size; ++i) {
    const uint8_t c = value.data[i];
    if (c == '\\') continue;
    if (!is_in(c, kDigit) || (bits == 0 && c == '0')) return kAbsent;
    bits = bits * 10 + (c - uint32_t{'0'});
    if (bits > kMaxWindowBits) return kAbsent;
  }
  return bits >= kMinWindowBits ? static_cast<uint8_t>(bits) : kAbsent;
}

// The parameters of one offer or answer.
struct DeflateParameters {
  bool server_no_takeover = false;
  bool client_no_takeover = false;
  uint8_t server_window = kAbsent;
  uint8_t client_window = kAbsent;  // kWithoutValue in an offer: the answer may have it (§7.1.2.2)

  // False where the parameter is unknown, was there before, or has not the value that it must have.
  bool take(const ExtensionPart &part) {
    const auto is = [&part](const char *name) { return part.name == ByteView::of(name); };
    if (is(kServerNoTakeover)) return take_flag(part, &server_no_takeover);
    if (is(kClientNoTakeover)) return take_flag(part, &client_no_takeover);
    if (is(kServerWindow)) return take_window(part, kAbsent, &server_window);
    if (is(kClientWindow)) return take_window(part, kWithoutValue, &client_window);
    return false;
  }

 private:
  static bool take_flag(const ExtensionPart &part, bool *flag) {
    if (*flag || part.value.data != nullptr) return false;
    *flag = true;
    return true;
  }

  static bool take_window(const ExtensionPart &part, uint8_t without_value, uint8_t *window) {
    if (*window != kAbsent) return false;
    *window = part.value.data != nullptr ? window_bits_of(part.value) : without_value;
    return *window != kAbsent;
  }
};

uint8_t takeover_flags(bool send, bool receive) {
  return static_cast<uint8_t>((send ? kDeflateSendTakeover : 0) | (receive ? kDeflateReceiveTakeover : 0));
}

uint8_t limited(uint8_t window, uint8_t limit) { return window < kMinWindowBits || window > limit ? limit : window; }

// Whether a server may accept the offer. A client that does not say that its window may be limited uses up to 15 bits.
bool accept_offer(const DeflateTerms &wish, const DeflateParameters &offer, DeflateTerms *out) {
  if (wish.enabled == 0) return false;
  if (offer.client_window == kAbsent && wish.receive_window_bits < kMaxWindowBits) return false;
  const bool send_takeover = (wish.flags & kDeflateSendTakeover) != 0 && !offer.server_no_takeover;
  const bool receive_takeover = (wish.flags & kDeflateReceiveTakeover) != 0 && !offer.client_no_takeover;
  *out = DeflateTerms();
  out->enabled = 1;
  out->flags = takeover_flags(send_takeover, receive_takeover);
  if (offer.server_window != kAbsent) out->flags |= kDeflateWindowAsked;
  out->send_window_bits = limited(offer.server_window, wish.send_window_bits);
  out->receive_window_bits = limited(offer.client_window, wish.receive_window_bits);
  return true;
}

DeflateParameters offer_of(const DeflateTerms &wish) {
  DeflateParameters offer;
  offer.server_no_takeover = (wish.flags & kDeflateReceiveTakeover) == 0;
  offer.client_no_takeover = (wish.flags & kDeflateSendTakeover) == 0;
  offer.server_window = wish.receive_window_bits < kMaxWindowBits ? wish.receive_window_bits : kAbsent;
  offer.client_window = wish.send_window_bits < kMaxWindowBits ? wish.send_window_bits : kWithoutValue;
  return offer;
}

DeflateParameters answer_of(const DeflateTerms &terms) {
  const bool name_window = (terms.flags & kDeflateWindowAsked) != 0 || terms.send_window_bits < kMaxWindowBits;
  DeflateParameters answer;
  answer.server_no_takeover = (terms.flags & kDeflateSendTakeover) == 0;
  answer.client_no_takeover = (terms.flags & kDeflateReceiveTakeover) == 0;
  answer.server_window = name_window ? terms.send_window_bits : kAbsent;
  answer.client_window = terms.receive_window_bits < kMaxWindowBits ? terms.receive_window_bits : kAbsent;
  return answer;
}

// Whether the answer fits the offer (RFC 7692 §7.1.1, §7.1.2): what the client asked for is there, no window is larger
// than it asked for. The server may limit either side further than the client did.
bool accept_answer(const DeflateTerms &wish, const DeflateParameters &answer, DeflateTerms *out) {
  const DeflateParameters offer = offer_of(wish);
  if (offer.server_no_takeover && !answer.server_no_takeover) return false;
  if (offer.server_window != kAbsent && answer.server_window == kAbsent) return false;
  if (answer.server_window > wish.receive_window_bits) return false;
  if (answer.client_window == kWithoutValue || answer.client_window > wish.send_window_bits) return false;
  *out = DeflateTerms();
  out->enabled = 1;
  out->flags = takeover_flags(!offer.client_no_takeover && !answer.client_no_takeover, !answer.server_no_takeover);
  out->send_window_bits = limited(answer.client_window, wish.send_window_bits);
  out->receive_window_bits = limited(answer.server_window, wish.receive_window_bits);
  return true;
}

void put(const char *text, DeflateText *out) {
  const size_t len = strlen(text);
  memcpy(out->data + out->len, text, len);
  out->len += len;
}

void put_parameter(const char *name, DeflateText *out) {
  put("; ", out);
  put(name, out);
}

void put_window(const char *name, uint8_t window, DeflateText *out) {
  if (window == kAbsent) return;
  put_parameter(name, out);
  if (window == kWithoutValue) return;
  const char digit[] = {static_cast<char>('0' + window % 10), 0};
  put(window < 10 ? "=" : "=1", out);
  put(digit, out);
}

DeflateText text_of(const DeflateParameters &parameters) {
  DeflateText out;
  put(kDeflateName, &out);
  if (parameters.server_no_takeover) put_parameter(kServerNoTakeover, &out);
  if (parameters.client_no_takeover) put_parameter(kClientNoTakeover, &out);
  put_window(kServerWindow, parameters.server_window, &out);
  put_window(kClientWindow, parameters.client_window, &out);
  return out;
}

bool is_window(uint8_t bits, uint8_t limit) { return bits >= kMinWindowBits && bits <= limit; }

}  // namespace

void DeflateOffers::add(ByteView line) {
  ExtensionReader reader(line);
  ExtensionPart part;
  DeflateParameters offer;
  bool understood = false;  // the offer being read is of permessage-deflate, and without fault so far
  const auto end_offer = [&] {
    if (understood && accepted_.enabled == 0) accept_offer(wish_, offer, &accepted_);
  };
  while (reader.next(&part)) {
    if (part.starts_offer) {
      end_offer();
      any_ = true;
      offer = DeflateParameters();
      understood = part.name == ByteView::of(kDeflateName);
    } else {
      understood = understood && offer.take(part);
    }
  }
  end_offer();
  malformed_ = malformed_ || reader.malformed();
}

bool check_deflate_answer(const DeflateTerms &wish, ByteView line, DeflateTerms *out) {
  ExtensionReader reader(line);
  ExtensionPart part;
  DeflateParameters answer;
  if (wish.enabled == 0 || !reader.next(&part) || !(part.name == ByteView::of(kDeflateName))) return false;
  while (reader.next(&part)) {
    if (part.starts_offer || !answer.take(part)) return false;
  }
  return !reader.malformed() && accept_answer(wish, answer, out);
}

bool is_acceptable(const DeflateTerms &wish, const DeflateTerms &terms) {
  constexpr DeflateTerms kDeclined;
  if (terms.enabled == 0) return memcmp(&terms, &kDeclined, sizeof(terms)) == 0;
  return wish.enabled != 0 && terms.enabled == 1 && (terms.flags & ~(wish.flags | kDeflateWindowAsked)) == 0 &&
         is_window(terms.send_window_bits, wish.send_window_bits) &&
         is_window(terms.receive_window_bits, wish.receive_window_bits) &&
         memcmp(terms.reserved, kDeclined.reserved, sizeof(terms.reserved)) == 0;
}

DeflateText deflate_offer(const DeflateTerms &wish) { return text_of(offer_of(wish)); }

DeflateText deflate_answer(const DeflateTerms &terms) { return text_of(answer_of(terms)); }

}  // namespace tidewire
