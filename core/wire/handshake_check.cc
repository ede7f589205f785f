// SPDX-License-Identifier: MIT
// One pass over the header lines keeps what the handshake asks about; then come the rules, the key last because its
// proof is the only costly one.
#include "core/wire/handshake.h"
#include "core/wire/handshake_deflate.h"
#include "core/wire/handshake_origin.h"
#include "core/wire/handshake_text.h"

namespace tidewire {
namespace {

// Names that a request may offer. Looking for duplicates takes a step for each pair of them.
constexpr size_t kMaxSubprotocolOffers = 64;

// A header that may come once: its last value, and how often it came.
struct SingleField {
  ByteView value;
  uint32_t count = 0;

  void add(ByteView line) {
    value = line;
    ++count;
  }
  bool is_once(const char *text) const { return count == 1 && value == ByteView::of(text); }
};

// Sec-WebSocket-Protocol of a request, whose lines make one list: tokens, each of them once (RFC 6455 §4.1).
struct SubprotocolOffers {
  ByteView names[kMaxSubprotocolOffers];
  size_t count = 0;
  bool well_formed = true;

  bool valid() const { return well_formed && count > 0; }

  bool has(ByteView name) const {
    for (size_t i = 0; i < count; ++i) {
      if (names[i] == name) return true;
    }
    return false;
  }

  void add(ByteView line) {
    CommaList list(line);
    ByteView name;
    while (well_formed && list.next(&name)) {
      well_formed = is_token(name) && count < kMaxSubprotocolOffers && !has(name);
      if (well_formed) names[count++] = name;
    }
  }
};

bool lists(ByteView line, const char *name) {
  CommaList list(line);
  ByteView element;
  while (list.next(&element)) {
    if (equal_ignore_case(element, name)) return true;
  }
  return false;
}

// What the header lines say about the handshake.
struct HandshakeFields {
  SingleField host;
  SingleField upgrade;
  SingleField content_length;
  SingleField origin;
  SingleField key;
  SingleField accept;
  SingleField version;
  SingleField subprotocol;
  SingleField extension;
  bool transfer_encoding = false;
  bool upgrade_lists_websocket = false;
  bool connection_lists_upgrade = false;
  SubprotocolOffers subprotocols;
  DeflateOffers extensions;

  HandshakeFields(const HttpHead &head, const uint8_t *data, const DeflateTerms &wish) : extensions(wish) {
    size_t cursor = 0;
    ByteView name;
    ByteView value;
    while (head.next_header(data, &cursor, &name, &value)) add(name, value);
  }

 private:
  void add(ByteView name, ByteView value) {
    const auto is = [name](const char *text) { return equal_ignore_case(name, text); };
    if (is("host")) return host.add(value);
    if (is("content-length")) return content_length.add(value);
    if (is("origin")) return origin.add(value);
    if (is("sec-websocket-key")) return key.add(value);
    if (is("sec-websocket-accept")) return accept.add(value);
    if (is("sec-websocket-version")) return version.add(value);
    if (is("transfer-encoding")) transfer_encoding = true;
    if (is("connection")) connection_lists_upgrade |= lists(value, "upgrade");
    if (is("upgrade")) {
      upgrade.add(value);
      upgrade_lists_websocket |= lists(value, "websocket");
    } else if (is("sec-websocket-protocol")) {
      subprotocol.add(value);
      subprotocols.add(value);
    } else if (is("sec-websocket-extensions")) {
      extension.add(value);
      extensions.add(value);
    }
  }
};

// RFC 6455 §10.2. Browsers send an Origin; who sends none is not a page that was lured here.
bool origin_is_allowed(const SingleField &origin, const Authority &host, const HandshakeConfig &config) {
  if (origin.count == 0) return true;
  if (origin.count > 1) return false;
  return (config.flags & kHandshakeAnyOrigin) != 0 || is_same_origin(origin.value, host) ||
         is_listed_origin(origin.value, config.origins, config.origin_count);
}

// The position of the first subprotocol of the config that `names` has, plus 1; 0 where there is none.
template <class Names>
uint32_t first_subprotocol(const HandshakeConfig &config, Names names) {
  for (size_t i = 0; i < config.subprotocol_count; ++i) {
    if (names(ByteView::of(config.subprotocols[i]))) return static_cast<uint32_t>(i + 1);
  }
  return 0;
}

// A body, or a second request taken for one, could be smuggled past whoever reads the lengths differently.
bool announces_body(const HandshakeFields &fields) {
  return fields.transfer_encoding || (fields.content_length.count > 0 && !fields.content_length.is_once("0"));
}

// A header that is there offers something.
template <class Offers>
bool is_offer(const SingleField &header, const Offers &offers) {
  return header.count == 0 || offers.valid();
}

// Takes the same time wherever the difference is, so that the answer cannot be guessed byte by byte.
bool equal_in_constant_time(const uint8_t *a, const uint8_t *b, size_t len) {
  uint8_t difference = 0;
  for (size_t i = 0; i < len; ++i) difference |= a[i] ^ b[i];
  return difference == 0;
}

}  // namespace

Status check_request(const HttpHead &head, const uint8_t *data, const HandshakeConfig &config, Agreement *out) {
  if (!head.complete() || !head.is_request()) return Status::kState;
  if (!(head.method(data) == ByteView::of("GET"))) return Status::kHttpMethod;
  const HandshakeFields fields(head, data, config.deflate);
  Authority host;
  if (fields.host.count != 1 || !parse_authority(fields.host.value, &host)) return Status::kHttpHost;
  if (!fields.upgrade_lists_websocket) return Status::kHttpUpgrade;
  if (!fields.connection_lists_upgrade) return Status::kHttpConnection;
  if (announces_body(fields)) return Status::kHttpBody;
  if (!fields.version.is_once("13")) return Status::kVersion;
  if (!origin_is_allowed(fields.origin, host, config)) return Status::kOrigin;
  if (!is_offer(fields.subprotocol, fields.subprotocols)) return Status::kSubprotocol;
  if (!is_offer(fields.extension, fields.extensions)) return Status::kExtension;
  if (fields.key.count != 1 || fields.key.value.size != kKeyLen) return Status::kKey;
  Agreement agreement;
  const Status status = accept_key(fields.key.value.data, agreement.accept);
  if (status != Status::kOk) return status;
  agreement.subprotocol = first_subprotocol(config, [&](ByteView name) { return fields.subprotocols.has(name); });
  agreement.deflate = fields.extensions.accepted();
  *out = agreement;
  return Status::kOk;
}

Status check_response(const HttpHead &head, const uint8_t *data, const HandshakeConfig &config,
                      const uint8_t key[kKeyLen], Agreement *out) {
  if (!head.complete() || head.is_request()) return Status::kState;
  Agreement agreement;
  const Status status = accept_key(key, agreement.accept);
  if (status != Status::kOk) return status;
  if (!(head.status(data) == ByteView::of("101"))) return Status::kHttpStatus;
  const HandshakeFields fields(head, data, config.deflate);
  if (fields.upgrade.count != 1 || !equal_ignore_case(fields.upgrade.value, "websocket")) return Status::kHttpUpgrade;
  if (!fields.connection_lists_upgrade) return Status::kHttpConnection;
  if (fields.content_length.count > 0 || fields.transfer_encoding) return Status::kHttpBody;  // RFC 9110 §8.6
  const SingleField &accept = fields.accept;
  if (accept.count != 1 || accept.value.size != kAcceptLen) return Status::kAccept;
  if (!equal_in_constant_time(accept.value.data, agreement.accept, kAcceptLen)) return Status::kAccept;
  const SingleField &extension = fields.extension;
  if (extension.count > 1) return Status::kExtension;  // RFC 6455 §11.3.2
  if (extension.count == 1 && !check_deflate_answer(config.deflate, extension.value, &agreement.deflate)) {
    return Status::kExtension;
  }
  if (fields.subprotocol.count > 0) {
    const ByteView chosen = fields.subprotocol.value;
    agreement.subprotocol = first_subprotocol(config, [chosen](ByteView name) { return name == chosen; });
    if (fields.subprotocol.count > 1 || agreement.subprotocol == 0) return Status::kSubprotocol;
  }
  *out = agreement;
  return Status::kOk;
}

}  // namespace tidewire
