// SPDX-License-Identifier: MIT
// The opening handshake (RFC 6455 §4), until the first frame. What it needs is held in one block that goes when the
// connection is open.
#include "core/connection/opening.h"

#include <string.h>

#include <new>

#include "core/connection/codec.h"
#include "core/connection/connection.h"

namespace tidewire {

namespace {

constexpr size_t kFirstHeadLen = 1024 - sizeof(Lease);  // what most requests fit in

// Lays the arrays and strings of a configuration into one block; with block == nullptr it measures.
class ConfigCopier {
 public:
  explicit ConfigCopier(uint8_t *block) : block_(block) {}

  HandshakeConfig copy(const HandshakeConfig &from) {
    HandshakeConfig to = from;
    // Arrays of pointers first, for their alignment.
    const char **subprotocols = array<const char *>(from.subprotocol_count);
    const char **origins = array<const char *>(from.origin_count);
    Header *headers = array<Header>(from.header_count);
    strings(from.subprotocols, from.subprotocol_count, subprotocols);
    strings(from.origins, from.origin_count, origins);
    for (size_t i = 0; i < from.header_count; i++) {
      const Header header = {string(from.headers[i].name), string(from.headers[i].value)};
      if (block_ != nullptr) headers[i] = header;
    }
    to.subprotocols = subprotocols;
    to.origins = origins;
    to.headers = headers;
    to.host = string(from.host);
    to.target = string(from.target);
    to.origin = string(from.origin);
    return to;
  }

  size_t len() const { return len_; }

 private:
  template <class T>
  T *array(size_t count) {
    uint8_t *at = take(count * sizeof(T));
    return reinterpret_cast<T *>(at);
  }

  const char *string(const char *from) {
    if (from == nullptr) return nullptr;
    const size_t size = strlen(from) + 1;
    uint8_t *at = take(size);
    if (at != nullptr) memcpy(at, from, size);
    return reinterpret_cast<const char *>(at);
  }

  void strings(const char *const *from, size_t count, const char **to) {
    for (size_t i = 0; i < count; i++) {
      const char *copied = string(from[i]);
      if (block_ != nullptr) to[i] = copied;
    }
  }

  uint8_t *take(size_t size) {
    uint8_t *at = block_ == nullptr ? nullptr : block_ + len_;
    len_ += size;
    return at;
  }

  uint8_t *block_;
  size_t len_ = 0;
};

}  // namespace

// Queues what build(MutBytes, size_t *) writes; without room it tells how much it needs.
template <class Build>
Status Connection::queue_head(Build build) {
  size_t len = 0;
  Status status = build(MutBytes{}, &len);
  if (status != Status::kNeedRoom) return status;
  uint8_t *out = nullptr;
  status = output_.reserve(&lender_, len, settings().write_len, &out);
  if (status == Status::kOk) status = build(MutBytes{out, len}, &len);
  if (status == Status::kOk) commit_output(len);
  return status;
}

Status Connection::start_opening(const HandshakeConfig &config) {
  ConfigCopier measure(nullptr);
  measure.copy(config);
  Lease *lease = nullptr;
  const Status lent = lender_.acquire(sizeof(Opening) + measure.len(), &lease);
  if (lent != Status::kOk) return lent;
  opening_ = new (lease->bytes()) Opening();
  opening_->config = ConfigCopier(reinterpret_cast<uint8_t *>(opening_ + 1)).copy(config);
  opening_->head.init(role_ == Role::kServer, config.limits);
  if (client()) {
    if (Status status = key_generate(settings().random, opening_->key); status != Status::kOk) return status;
    return queue_head(
        [this](MutBytes out, size_t *len) { return build_request(opening_->config, opening_->key, out, len); });
  }
  // A configuration that no response can be built from is the caller's mistake, and better known now.
  Agreement any;
  memset(any.accept, 'A', kAcceptLen - 1);
  any.accept[kAcceptLen - 1] = '=';
  size_t len = 0;
  const Status status = build_response(opening_->config, any, {}, &len);
  return status == Status::kNeedRoom ? Status::kOk : status;
}

Status Connection::read_head(Input *in) {
  size_t head_len = 0, used = 0;
  uint8_t *head = nullptr;
  const Status status = gather_head(in, &head_len, &head, &used);
  if (status == Status::kOk) {
    in->pos += used;
    return finish_opening(head, head_len, in);
  }
  if (status == Status::kNeedInput) {
    in->pos += used;
    return Status::kOk;
  }
  queue_refusal(status);
  return fail(status, head_len, head == nullptr ? ByteView() : opening_->head.bad_line(head));
}

// Reads on in the head: in the input itself where it lies whole there, otherwise in a copy of what came so far, which
// never grows beyond the limit. Without memory for that, *out_head is left alone.
Status Connection::gather_head(Input *in, size_t *out_head_len, uint8_t **out_head, size_t *out_used) {
  Opening *opening = opening_;
  uint8_t *fed = in->data + in->pos;
  if (opening->len == 0) {
    const Status status = opening->head.parse(fed, in->left(), out_head_len);
    *out_used = *out_head_len;
    if (status != Status::kNeedInput) {
      *out_head = fed;
      return status;
    }
  }
  const size_t before = opening->len;
  const size_t most = opening->head.limits().head_len - before;
  const size_t more = in->left() < most ? in->left() : most;
  Status status = keep_head(fed, more);
  if (status != Status::kOk) {
    *out_head_len = 0;
    return status;
  }
  *out_head = opening->bytes->bytes();
  status = opening->head.parse(*out_head, opening->len, out_head_len);
  *out_used = status == Status::kOk ? *out_head_len - before : more;
  return status;
}

// Appends to the copy of the head. An error changes nothing.
Status Connection::keep_head(const uint8_t *fed, size_t len) {
  Opening *opening = opening_;
  const size_t needed = opening->len + len;
  const size_t cap = opening->bytes == nullptr ? 0 : opening->bytes->cap;
  if (needed > cap) {
    const size_t max_len = opening->head.limits().head_len;
    const size_t usual = cap == 0 ? kFirstHeadLen : 2 * cap;
    const size_t grown = needed < usual ? usual : needed;
    const bool is_largest = cap > max_len / 4 || grown >= max_len;
    Lease *larger = nullptr;
    // The largest one may not be rounded up to a size class.
    const Status status = is_largest ? lender_.acquire_exact(max_len, &larger) : lender_.acquire(grown, &larger);
    if (status != Status::kOk) return status;
    if (opening->len > 0) memcpy(larger->bytes(), opening->bytes->bytes(), opening->len);
    lender_.release(opening->bytes);
    opening->bytes = larger;
  }
  memcpy(opening->bytes->bytes() + opening->len, fed, len);
  opening->len = needed;
  return Status::kOk;
}

Status Connection::finish_opening(uint8_t *head, size_t head_len, Input *in) {
  Agreement agreement;
  Status status;
  if (client()) {
    status = check_response(opening_->head, head, opening_->config, opening_->key, &agreement);
  } else {
    status = check_request(opening_->head, head, opening_->config, &agreement);
    if (status == Status::kOk) {
      status =
          queue_head([&](MutBytes out, size_t *len) { return build_response(opening_->config, agreement, out, len); });
    }
  }
  if (status != Status::kOk) {
    queue_refusal(status);
    return fail(status, 0, {head, head_len});
  }
  if (logs(kLogInfo)) {
    const uint32_t chosen = agreement.subprotocol;
    log_opened(chosen == 0 ? nullptr : opening_->config.subprotocols[chosen - 1], agreement.deflate);
  }
  Lease *bytes = opening_->bytes;
  opening_->bytes = nullptr;
  drop_opening();
  deliver(bytes);
  status = open(agreement.deflate);
  if (status != Status::kOk) return fail(status, 0);
  add_event(in, EventType::kOpen, 0, {head, head_len}, agreement.subprotocol, 0);
  return Status::kOk;
}

// From here on the stream has frames. On an error there is no compression.
Status Connection::open(const DeflateTerms &terms) {
  state_ = State::kOpen;
  opened_ = true;
  codec_ = nullptr;
  since_ = ping_at_ = now_;
  if (terms.enabled == 0) return Status::kOk;
  Lease *lease = nullptr;
  const Status status = lender_.acquire(sizeof(Codec), &lease);
  if (status != Status::kOk) return status;
  codec_ = new (lease->bytes()) Codec();
  codec_->terms = terms;
  codec_->terms.flags &= kDeflateSendTakeover | kDeflateReceiveTakeover;
  return Status::kOk;
}

// Without memory for the refusal the peer sees the stream end.
void Connection::queue_refusal(Status reason) {
  if (client()) return;
  queue_head([reason](MutBytes out, size_t *len) { return build_refusal(reason, out, len); });
}

void Connection::drop_opening() {
  if (opening_ == nullptr) return;
  lender_.release(opening_->bytes);
  lender_.release(reinterpret_cast<Lease *>(opening_) - 1);
  opening_ = nullptr;
}

}  // namespace tidewire
