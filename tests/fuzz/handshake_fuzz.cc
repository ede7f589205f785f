// SPDX-License-Identifier: MIT
// Heads of both roles against the reference, read in pieces. A head that is accepted must have what RFC 6455 asks for,
// and is accepted again wherever it lies; one that is refused gets a refusal that is itself a head. Compression is
// negotiated as the reference does it. What one side builds, the other accepts, and both agree.
// Input: one byte of limits ('0': the defaults), three of lengths of pieces ('~': all the rest), one of the wish for
// compression ('0': none), then what was received.
#include <string.h>
#include <strings.h>
#include <tidewire/tidewire.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_input.h"
#include "tests/reference/deflate_offer_ref.h"
#include "tests/reference/http_head_ref.h"

namespace {

using tidewire::fuzz::Input;
using tidewire::reference::HttpHead;
using tidewire::reference::HttpHeadLimits;
using Bytes = std::vector<uint8_t>;

// RFC 6455 §1.3: what the client of the responses sent, and what answers it.
const char kKey[] = "dGhlIHNhbXBsZSBub25jZQ==";
const char kProof[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

size_t piece_len(uint8_t byte) { return byte == '~' ? SIZE_MAX : size_t{byte} % 32 + 1; }

// What a byte wants of compression: a window in each of two groups of three bits, takeover in the rest.
struct Wish {
  tw_deflate_config config = TW_DEFLATE_CONFIG_INIT;
  tw_deflate terms = {};

  explicit Wish(uint8_t byte) {
    static const uint64_t kContextLens[] = {0, 64 << 10, 1 << 20, UINT64_MAX};  // 64 KiB: no room for a sender's
    static const uint8_t kTakeover[] = {0, TW_DEFLATE_RECEIVE_TAKEOVER,
                                        TW_DEFLATE_SEND_TAKEOVER | TW_DEFLATE_RECEIVE_TAKEOVER,
                                        TW_DEFLATE_SEND_TAKEOVER | TW_DEFLATE_RECEIVE_TAKEOVER};
    if (byte == '0') return;
    config.send_window_bits = 15u - byte % 8;
    config.receive_window_bits = 15u - byte / 8 % 8;
    config.max_context_len = kContextLens[byte / 64];
    terms = {1,
             kTakeover[byte / 64],
             static_cast<uint8_t>(config.send_window_bits),
             static_cast<uint8_t>(config.receive_window_bits),
             {}};
  }
  const tw_deflate_config *get() const { return terms.enabled != 0 ? &config : nullptr; }
};

struct Parameters {
  tw_handshake_config config = TW_HANDSHAKE_CONFIG_INIT;
  HttpHeadLimits limits;
  size_t piece_lens[3];
  uint8_t wish_byte;
  Wish wish{'0'};

  explicit Parameters(Input *input) {
    static const char *const kSubprotocols[] = {"chat", "v2"};
    static const char *const kOrigins[] = {"https://good.test", "null"};
    const uint8_t byte = input->byte();
    if (byte != '0') {
      limits = {size_t{byte} * 4 + 1, size_t{byte} % 8 + 1, size_t{byte} % 64 + 1};
      config.max_head_len = static_cast<uint32_t>(limits.head_len);
      config.max_header_count = static_cast<uint32_t>(limits.header_count);
      config.max_line_len = static_cast<uint32_t>(limits.line_len);
    }
    config.subprotocols = kSubprotocols;
    config.subprotocol_count = 2;
    config.origins = kOrigins;
    config.origin_count = 2;
    for (size_t &len : piece_lens) len = piece_len(input->byte());
    wish_byte = input->byte();
    wish = Wish(wish_byte);
    config.deflate = wish.get();
  }
  Parameters(const Parameters &) = delete;
  Parameters &operator=(const Parameters &) = delete;
};

std::string str(tw_view view) { return std::string(view.data, view.data + view.len); }

// Every value of the header with this name.
std::vector<std::string> values_of(const HttpHead &head, const char *name) {
  std::vector<std::string> out;
  for (const auto &[other, value] : head.headers) {
    if (strcasecmp(other.c_str(), name) == 0) out.push_back(value);
  }
  return out;
}

bool is_once(const HttpHead &head, const char *name, const std::string &value) {
  return values_of(head, name) == std::vector<std::string>{value};
}

// Reads the input in pieces, each time in memory of exactly the size received. Whether the head became complete.
bool read_head(const std::string &received, uint32_t role, const Parameters &parameters, tw_head *head,
               HttpHead *want) {
  FUZZ_CHECK(tw_head_init(head, role, &parameters.config) == TW_OK);
  tw_status status = TW_NEED_INPUT;
  size_t len = 0;
  for (size_t piece = 0; len < received.size() && status == TW_NEED_INPUT; ++piece) {
    len += std::min(received.size() - len, parameters.piece_lens[piece % 3]);
    const Bytes data(received.begin(), received.begin() + static_cast<ptrdiff_t>(len));
    *want = tidewire::reference::http_head(received.substr(0, len), role == TW_ROLE_SERVER, parameters.limits);
    size_t out_len = 0;
    status = tw_head_parse(head, data.data(), data.size(), &out_len);
    FUZZ_CHECK(status == want->status);
    if (status == TW_OK) FUZZ_CHECK(out_len == want->len);
    if (status < 0) FUZZ_CHECK(out_len == want->line_at);
  }
  return status == TW_OK;
}

void check_parts(const tw_head &head, const Bytes &data, const HttpHead &want, uint32_t role) {
  const tw_status asked = role == TW_ROLE_SERVER ? TW_OK : TW_ERR_STATE;
  const tw_status answered = role == TW_ROLE_SERVER ? TW_ERR_STATE : TW_OK;
  tw_view part = {nullptr, 0};
  FUZZ_CHECK(tw_head_method(&head, data.data(), &part) == asked);
  FUZZ_CHECK(str(part) == want.method);
  FUZZ_CHECK(tw_head_target(&head, data.data(), &part) == asked);
  FUZZ_CHECK(str(part) == want.target);
  part = {nullptr, 0};
  FUZZ_CHECK(tw_head_status(&head, data.data(), &part) == answered);
  FUZZ_CHECK(str(part) == want.status_code);
}

void check_headers(const tw_head &head, const Bytes &data, const HttpHead &want) {
  tw_view name = {nullptr, 0};
  tw_view value = {nullptr, 0};
  for (size_t i = 0; i < want.headers.size(); ++i) {
    FUZZ_CHECK(tw_head_header(&head, data.data(), nullptr, i, &name, &value) == TW_OK);
    FUZZ_CHECK(str(name) == want.headers[i].first);
    FUZZ_CHECK(str(value) == want.headers[i].second);
    const char *same_name = want.headers[i].first.c_str();
    const std::vector<std::string> values = values_of(want, same_name);
    for (size_t j = 0; j < values.size(); ++j) {
      FUZZ_CHECK(tw_head_header(&head, data.data(), same_name, j, nullptr, &value) == TW_OK);
      FUZZ_CHECK(str(value) == values[j]);
    }
    FUZZ_CHECK(tw_head_header(&head, data.data(), same_name, values.size(), nullptr, &value) == TW_NEED_INPUT);
  }
  FUZZ_CHECK(tw_head_header(&head, data.data(), nullptr, want.headers.size(), &name, &value) == TW_NEED_INPUT);
}

// Builds the refusal into exactly the room that it asks for, and reads it as a client would.
void check_refusal(tw_status reason) {
  size_t len = 0;
  FUZZ_CHECK(tw_refusal_build(reason, nullptr, 0, &len) == TW_NEED_ROOM);
  Bytes refusal(len);
  FUZZ_CHECK(tw_refusal_build(reason, refusal.data(), len, &len) == TW_OK);
  const HttpHead head = tidewire::reference::http_head(std::string(refusal.begin(), refusal.end()), false, {});
  FUZZ_CHECK(head.status == TW_OK);
  FUZZ_CHECK(is_once(head, "Content-Length", std::to_string(len - head.len)));
}

tw_agreement untouched() {
  tw_agreement out;
  memset(&out, '?', sizeof(out));
  return out;
}

bool are_equal(const tw_agreement &a, const tw_agreement &b) { return memcmp(&a, &b, sizeof(a)) == 0; }

bool are_equal(const tw_deflate &a, const tw_deflate &b) { return memcmp(&a, &b, sizeof(a)) == 0; }

std::string proof_of(const tw_agreement &agreement) {
  return std::string(agreement.accept, agreement.accept + TW_ACCEPT_LEN);
}

// What a request must have to be accepted.
void check_accepted(const HttpHead &want, const tw_agreement &agreement) {
  FUZZ_CHECK(want.method == "GET");
  FUZZ_CHECK(values_of(want, "Host").size() == 1);
  FUZZ_CHECK(!values_of(want, "Upgrade").empty());
  FUZZ_CHECK(!values_of(want, "Connection").empty());
  FUZZ_CHECK(values_of(want, "Transfer-Encoding").empty());
  FUZZ_CHECK(values_of(want, "Content-Length").empty() || is_once(want, "Content-Length", "0"));
  FUZZ_CHECK(is_once(want, "Sec-WebSocket-Version", "13"));
  FUZZ_CHECK(values_of(want, "Origin").size() <= 1);
  FUZZ_CHECK(values_of(want, "Sec-WebSocket-Key").size() == 1);
  const std::string key = values_of(want, "Sec-WebSocket-Key")[0];
  std::string proof(TW_ACCEPT_LEN, '?');
  FUZZ_CHECK(key.size() == TW_KEY_LEN);
  FUZZ_CHECK(tw_accept_key(reinterpret_cast<const uint8_t *>(key.data()), reinterpret_cast<uint8_t *>(proof.data())) ==
             TW_OK);
  FUZZ_CHECK(proof_of(agreement) == proof);
  FUZZ_CHECK(agreement.subprotocol <= 2);
  if (agreement.subprotocol > 0) FUZZ_CHECK(!values_of(want, "Sec-WebSocket-Protocol").empty());
}

// Builds the response into exactly the room that it asks for, and reads it as a client would.
void build_response(const tw_handshake_config &config, const tw_agreement &agreement, Bytes *out) {
  size_t len = 0;
  FUZZ_CHECK(tw_response_build(&config, &agreement, nullptr, 0, &len) == TW_NEED_ROOM);
  out->resize(len);
  FUZZ_CHECK(tw_response_build(&config, &agreement, out->data(), len, &len) == TW_OK);
  const HttpHead head = tidewire::reference::http_head(std::string(out->begin(), out->end()), false, {});
  FUZZ_CHECK(head.status == TW_OK && head.len == len);
  FUZZ_CHECK(is_once(head, "Sec-WebSocket-Accept", proof_of(agreement)));
  FUZZ_CHECK(values_of(head, "Sec-WebSocket-Extensions").size() == agreement.deflate.enabled);
  FUZZ_CHECK(values_of(head, "Sec-WebSocket-Protocol").size() == (agreement.subprotocol > 0 ? 1 : 0));
}

void check_request(const tw_head &head, const Bytes &data, const HttpHead &want, const Parameters &parameters) {
  tw_agreement agreement = untouched();
  const tw_status status = tw_request_check(&head, data.data(), &parameters.config, &agreement);
  tw_agreement again = untouched();
  const Bytes moved(data);
  FUZZ_CHECK(tw_request_check(&head, moved.data(), &parameters.config, &again) == status);
  FUZZ_CHECK(are_equal(agreement, again));
  const auto deflate =
      tidewire::reference::accept_deflate(parameters.wish.terms, values_of(want, "Sec-WebSocket-Extensions"));
  if (status == TW_OK) {
    Bytes response;
    check_accepted(want, agreement);
    FUZZ_CHECK(deflate && are_equal(agreement.deflate, *deflate));
    build_response(parameters.config, agreement, &response);
  } else {
    FUZZ_CHECK(status < 0);
    if (status == TW_ERR_EXTENSION) FUZZ_CHECK(!deflate);
    FUZZ_CHECK(are_equal(agreement, untouched()));
    check_refusal(status);
  }
}

void check_response(const tw_head &head, const Bytes &data, const HttpHead &want, const Parameters &parameters) {
  const uint8_t *key = reinterpret_cast<const uint8_t *>(kKey);
  tw_agreement agreement = untouched();
  const tw_status status = tw_response_check(&head, data.data(), &parameters.config, key, &agreement);
  tw_agreement again = untouched();
  const Bytes moved(data);
  FUZZ_CHECK(tw_response_check(&head, moved.data(), &parameters.config, key, &again) == status);
  FUZZ_CHECK(are_equal(agreement, again));
  const auto deflate =
      tidewire::reference::check_deflate(parameters.wish.terms, values_of(want, "Sec-WebSocket-Extensions"));
  if (status != TW_OK) {
    FUZZ_CHECK(status < 0 && are_equal(agreement, untouched()));
    if (status == TW_ERR_EXTENSION) FUZZ_CHECK(!deflate);
    return;
  }
  FUZZ_CHECK(want.status_code == "101");
  FUZZ_CHECK(values_of(want, "Upgrade").size() == 1 && !values_of(want, "Connection").empty());
  FUZZ_CHECK(is_once(want, "Sec-WebSocket-Accept", kProof) && proof_of(agreement) == kProof);
  FUZZ_CHECK(values_of(want, "Content-Length").empty() && values_of(want, "Transfer-Encoding").empty());
  FUZZ_CHECK(deflate && are_equal(agreement.deflate, *deflate));
  const std::vector<std::string> chosen = values_of(want, "Sec-WebSocket-Protocol");
  const uint32_t subprotocol = agreement.subprotocol;
  FUZZ_CHECK(subprotocol == 0 ? chosen.empty()
                              : chosen == std::vector<std::string>{parameters.config.subprotocols[subprotocol - 1]});
}

tw_head read_whole(const Bytes &data, uint32_t role) {
  tw_head head;
  size_t len = 0;
  FUZZ_CHECK(tw_head_init(&head, role, nullptr) == TW_OK);
  FUZZ_CHECK(tw_head_parse(&head, data.data(), data.size(), &len) == TW_OK && len == data.size());
  return head;
}

// A client that wants what the wish says, and a server that wants something else.
void check_both_roles(const Parameters &parameters) {
  const uint8_t *key = reinterpret_cast<const uint8_t *>(kKey);
  const Wish other(static_cast<uint8_t>(parameters.wish_byte * 37 + 11));
  tw_handshake_config client = parameters.config;
  client.host = "a.test";
  tw_handshake_config server = parameters.config;
  server.deflate = other.get();

  size_t len = 0;
  FUZZ_CHECK(tw_request_build(&client, key, nullptr, 0, &len) == TW_NEED_ROOM);
  Bytes request(len);
  FUZZ_CHECK(tw_request_build(&client, key, request.data(), len, &len) == TW_OK);
  tw_head head = read_whole(request, TW_ROLE_SERVER);
  tw_agreement theirs = untouched();
  FUZZ_CHECK(tw_request_check(&head, request.data(), &server, &theirs) == TW_OK);
  Bytes response;
  build_response(server, theirs, &response);
  head = read_whole(response, TW_ROLE_CLIENT);
  tw_agreement ours = untouched();
  FUZZ_CHECK(tw_response_check(&head, response.data(), &client, key, &ours) == TW_OK);

  FUZZ_CHECK(ours.subprotocol == theirs.subprotocol && proof_of(ours) == proof_of(theirs));
  FUZZ_CHECK(ours.deflate.enabled == (parameters.wish.terms.enabled & other.terms.enabled));
  FUZZ_CHECK(ours.deflate.enabled == theirs.deflate.enabled);
  FUZZ_CHECK(ours.deflate.send_window_bits == theirs.deflate.receive_window_bits);
  FUZZ_CHECK(ours.deflate.receive_window_bits == theirs.deflate.send_window_bits);
  const auto has = [](const tw_deflate &terms, unsigned flag) { return (terms.flags & flag) != 0; };
  FUZZ_CHECK(has(ours.deflate, TW_DEFLATE_SEND_TAKEOVER) == has(theirs.deflate, TW_DEFLATE_RECEIVE_TAKEOVER));
  FUZZ_CHECK(has(ours.deflate, TW_DEFLATE_RECEIVE_TAKEOVER) == has(theirs.deflate, TW_DEFLATE_SEND_TAKEOVER));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len) {
  Input front(input, input_len);
  const Parameters parameters(&front);
  tidewire::fuzz::g_context = "both roles";
  check_both_roles(parameters);
  const std::string received(front.rest(), front.rest() + front.rest_len());
  for (const uint32_t role : {TW_ROLE_SERVER, TW_ROLE_CLIENT}) {
    tidewire::fuzz::g_context = role == TW_ROLE_SERVER ? "request" : "response";
    tw_head head;
    HttpHead want;
    if (!read_head(received, role, parameters, &head, &want)) {
      if (role == TW_ROLE_SERVER && want.status < 0) check_refusal(want.status);
      continue;
    }
    // The head alone: nothing after it may be looked at.
    const Bytes data(received.begin(), received.begin() + static_cast<ptrdiff_t>(want.len));
    check_parts(head, data, want, role);
    check_headers(head, data, want);
    role == TW_ROLE_SERVER ? check_request(head, data, want, parameters) : check_response(head, data, want, parameters);
  }
  return 0;
}
