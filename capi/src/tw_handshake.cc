// SPDX-License-Identifier: MIT
// The handshake: heads, the checks and the builders of both roles, keys.
#include <string.h>

#include "capi/src/guard.h"
#include "capi/src/handshake_config.h"
#include "capi/src/seams.h"
#include "core/wire/accept_key.h"
#include "core/wire/handshake.h"
#include "core/wire/http_head.h"

namespace tidewire {
namespace {

static_assert(TW_KEY_LEN == kKeyLen && TW_ACCEPT_LEN == kAcceptLen);
static_assert(sizeof(HttpHead) <= sizeof(tw_head) && __is_trivially_copyable(HttpHead));
static_assert(sizeof(Agreement) == sizeof(tw_agreement) &&
              offsetof(Agreement, deflate) == offsetof(tw_agreement, deflate) &&
              offsetof(Agreement, accept) == offsetof(tw_agreement, accept));
static_assert(sizeof(DeflateTerms) == sizeof(tw_deflate) &&
              offsetof(DeflateTerms, flags) == offsetof(tw_deflate, flags) &&
              offsetof(DeflateTerms, send_window_bits) == offsetof(tw_deflate, send_window_bits) &&
              offsetof(DeflateTerms, receive_window_bits) == offsetof(tw_deflate, receive_window_bits));
static_assert(kDeflateSendTakeover == TW_DEFLATE_SEND_TAKEOVER &&
              kDeflateReceiveTakeover == TW_DEFLATE_RECEIVE_TAKEOVER && kDeflateWindowAsked == TW_DEFLATE_WINDOW_ASKED);

// A tw_head holds the bytes of an HttpHead.
HttpHead load_head(const tw_head &head) {
  HttpHead out;
  memcpy(static_cast<void *>(&out), &head, sizeof(out));
  return out;
}

void store_head(const HttpHead &head, tw_head *out) {
  *out = tw_head{};
  memcpy(out, &head, sizeof(head));
}

tw_view to_c(ByteView view) { return {view.data, view.size}; }

tw_agreement to_c(const Agreement &agreement) {
  tw_agreement out;
  memcpy(&out, &agreement, sizeof(out));
  return out;
}

Agreement from_c(const tw_agreement &agreement) {
  Agreement out;
  memcpy(static_cast<void *>(&out), &agreement, sizeof(out));
  return out;
}

enum class HeadPart { kMethod, kTarget, kStatus };

tw_status head_part(const tw_head *head, const uint8_t *data, HeadPart part, tw_view *out) {
  if (head == nullptr || data == nullptr || out == nullptr) return TW_ERR_NULL;
  const HttpHead ours = load_head(*head);
  if (!ours.complete() || ours.is_request() == (part == HeadPart::kStatus)) return TW_ERR_STATE;
  switch (part) {
    case HeadPart::kMethod: *out = to_c(ours.method(data)); break;
    case HeadPart::kTarget: *out = to_c(ours.target(data)); break;
    case HeadPart::kStatus: *out = to_c(ours.status(data)); break;
  }
  return TW_OK;
}

}  // namespace
}  // namespace tidewire

using namespace tidewire;

extern "C" {

tw_status tw_head_init(tw_head *head, uint32_t role, const tw_handshake_config *config) {
  if (head == nullptr) return TW_ERR_NULL;
  if (role > TW_ROLE_CLIENT) return TW_ERR_ARGUMENT;
  HandshakeConfig ours;
  const Status status = read_handshake_config(config, &ours);
  if (status != Status::kOk) return to_c(status);
  HttpHead fresh;
  fresh.init(role == TW_ROLE_SERVER, ours.limits);
  store_head(fresh, head);
  return TW_OK;
}

tw_status tw_head_parse(tw_head *head, const uint8_t *data, size_t len, size_t *out_head_len) {
  if (head == nullptr || out_head_len == nullptr || (data == nullptr && len > 0)) return TW_ERR_NULL;
  HttpHead ours = load_head(*head);
  const Status status = ours.parse(data, len, out_head_len);
  store_head(ours, head);
  return to_c(status);
}

tw_status tw_head_method(const tw_head *head, const uint8_t *data, tw_view *out_method) {
  return head_part(head, data, HeadPart::kMethod, out_method);
}

tw_status tw_head_target(const tw_head *head, const uint8_t *data, tw_view *out_target) {
  return head_part(head, data, HeadPart::kTarget, out_target);
}

tw_status tw_head_status(const tw_head *head, const uint8_t *data, tw_view *out_status) {
  return head_part(head, data, HeadPart::kStatus, out_status);
}

tw_status tw_head_header(const tw_head *head, const uint8_t *data, const char *name, size_t index, tw_view *out_name,
                         tw_view *out_value) {
  if (head == nullptr || data == nullptr || out_value == nullptr) return TW_ERR_NULL;
  const HttpHead ours = load_head(*head);
  if (!ours.complete()) return TW_ERR_STATE;
  ByteView found_name;
  ByteView value;
  if (!ours.header(data, ByteView::of(name), index, &found_name, &value)) return TW_NEED_INPUT;
  if (out_name != nullptr) *out_name = to_c(found_name);
  *out_value = to_c(value);
  return TW_OK;
}

tw_status tw_head_next(const tw_head *head, const uint8_t *data, size_t *cursor, tw_view *out_name,
                       tw_view *out_value) {
  if (head == nullptr || data == nullptr || cursor == nullptr || out_value == nullptr) return TW_ERR_NULL;
  const HttpHead ours = load_head(*head);
  if (!ours.complete()) return TW_ERR_STATE;
  ByteView name;
  ByteView value;
  if (!ours.next_header(data, cursor, &name, &value)) return TW_NEED_INPUT;
  if (out_name != nullptr) *out_name = to_c(name);
  *out_value = to_c(value);
  return TW_OK;
}

tw_status tw_request_check(const tw_head *head, const uint8_t *data, const tw_handshake_config *config,
                           tw_agreement *out_agreement) {
  if (head == nullptr || data == nullptr || out_agreement == nullptr) return TW_ERR_NULL;
  HandshakeConfig ours;
  Agreement agreement;
  Status status = read_handshake_config(config, &ours);
  if (status == Status::kOk) status = check_request(load_head(*head), data, ours, &agreement);
  if (status == Status::kOk) *out_agreement = to_c(agreement);
  return to_c(status);
}

tw_status tw_response_build(const tw_handshake_config *config, const tw_agreement *agreement, uint8_t *out, size_t cap,
                            size_t *out_len) {
  if (agreement == nullptr || out_len == nullptr || (out == nullptr && cap > 0)) return TW_ERR_NULL;
  HandshakeConfig ours;
  Status status = read_handshake_config(config, &ours);
  if (status == Status::kOk) status = build_response(ours, from_c(*agreement), {out, cap}, out_len);
  return to_c(status);
}

tw_status tw_refusal_build(tw_status reason, uint8_t *out, size_t cap, size_t *out_len) {
  if (out_len == nullptr || (out == nullptr && cap > 0)) return TW_ERR_NULL;
  return to_c(build_refusal(static_cast<Status>(reason), {out, cap}, out_len));
}

tw_status tw_key_generate(const tw_random *random, uint8_t key[TW_KEY_LEN]) {
  if (key == nullptr) return TW_ERR_NULL;
  RandomSource source;
  Status status = read_random(random, &source);
  if (status == Status::kOk) status = key_generate(source, key);
  return to_c(status);
}

tw_status tw_request_build(const tw_handshake_config *config, const uint8_t key[TW_KEY_LEN], uint8_t *out, size_t cap,
                           size_t *out_len) {
  if (key == nullptr || out_len == nullptr || (out == nullptr && cap > 0)) return TW_ERR_NULL;
  HandshakeConfig ours;
  Status status = read_handshake_config(config, &ours);
  if (status == Status::kOk) status = build_request(ours, key, {out, cap}, out_len);
  return to_c(status);
}

tw_status tw_response_check(const tw_head *head, const uint8_t *data, const tw_handshake_config *config,
                            const uint8_t key[TW_KEY_LEN], tw_agreement *out_agreement) {
  if (head == nullptr || data == nullptr || key == nullptr || out_agreement == nullptr) return TW_ERR_NULL;
  HandshakeConfig ours;
  Agreement agreement;
  Status status = read_handshake_config(config, &ours);
  if (status == Status::kOk) status = check_response(load_head(*head), data, ours, key, &agreement);
  if (status == Status::kOk) *out_agreement = to_c(agreement);
  return to_c(status);
}

tw_status tw_accept_key(const uint8_t key[TW_KEY_LEN], uint8_t accept[TW_ACCEPT_LEN]) {
  if (key == nullptr || accept == nullptr) return TW_ERR_NULL;
  return to_c(accept_key(key, accept));
}

}  // extern "C"
