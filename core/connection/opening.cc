// SPDX-License-Identifier: MIT
// The opening handshake (RFC 6455 §4), until the first frame. What it needs is held in one block that goes when the
// connection is open.
#include <string.h>

#include <new>

#include "core/connection/connection.h"
#include "core/wire/accept_key.h"

namespace tidewire {

struct Opening {
  HandshakeConfig config;  // its strings are in this block, after the struct
  HttpHead head;
  uint8_t key[kKeyLen];    // client
  Lease *bytes = nullptr;  // of a head that came in pieces
  size_t len = 0;          // of bytes
  size_t block_len = 0;    // of the whole allocation
};

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
  uint8_t *out = output_.reserve(source_, len);
  if (out == nullptr) return Status::kNoMemory;
  status = build(MutBytes{out, len}, &len);
  if (status == Status::kOk) output_.commit(len);
  return status;
}

Status Connection::start_opening(const HandshakeConfig &config) {
  ConfigCopier measure(nullptr);
  measure.copy(config);
  const size_t block_len = sizeof(Opening) + measure.len();
  void *memory = source_.allocator.allocate(block_len);
  if (memory == nullptr) return Status::kNoMemory;
  opening_ = new (memory) Opening();
  opening_->block_len = block_len;
  opening_->config = ConfigCopier(reinterpret_cast<uint8_t *>(opening_ + 1)).copy(config);
  opening_->head.init(role_ == Role::kServer, config.limits);
  if (client()) {
    if (Status status = key_generate(random_, opening_->key); status != Status::kOk) return status;
    return queue_head(
        [this](MutBytes out, size_t *len) { return build_request(opening_->config, opening_->key, out, len); });
  }
  // A configuration that no response can be built from is the caller's mistake, and better known now.
  size_t len = 0;
  const uint8_t any_accept[kAcceptLen] = {};
  const Status status = build_response(opening_->config, any_accept, 0, {}, &len);
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
  return fail(status, head_len);
}

// Reads on in the head: in the input itself where it lies whole there, otherwise in a copy of what came so far, which
// never grows beyond the limit.
Status Connection::gather_head(Input *in, size_t *out_head_len, uint8_t **out_head, size_t *out_used) {
  Opening *opening = opening_;
  uint8_t *fed = in->data + in->pos;
  if (opening->len == 0) {
    const Status status = opening->head.parse(fed, in->left(), out_head_len);
    *out_head = fed;
    *out_used = *out_head_len;
    if (status != Status::kNeedInput) return status;
  }
  const size_t before = opening->len;
  const size_t most = opening->head.max_len() - before;
  const size_t more = in->left() < most ? in->left() : most;
  if (!keep_head(fed, more)) {
    *out_head_len = 0;
    return Status::kNoMemory;
  }
  *out_head = opening->bytes->bytes();
  const Status status = opening->head.parse(*out_head, opening->len, out_head_len);
  *out_used = status == Status::kOk ? *out_head_len - before : more;
  return status;
}

// Appends to the copy of the head. False without memory, and nothing has changed.
bool Connection::keep_head(const uint8_t *fed, size_t len) {
  Opening *opening = opening_;
  const size_t needed = opening->len + len;
  const size_t cap = opening->bytes == nullptr ? 0 : opening->bytes->cap;
  if (needed > cap) {
    const size_t usual = cap == 0 ? kFirstHeadLen : 2 * cap;
    Lease *larger = source_.acquire(needed < usual ? usual : needed);
    if (larger == nullptr) return false;
    if (opening->len > 0) memcpy(larger->bytes(), opening->bytes->bytes(), opening->len);
    source_.release(opening->bytes);
    opening->bytes = larger;
  }
  memcpy(opening->bytes->bytes() + opening->len, fed, len);
  opening->len = needed;
  return true;
}

Status Connection::finish_opening(uint8_t *head, size_t head_len, Input *in) {
  uint8_t accept[kAcceptLen];
  uint32_t subprotocol = 0;
  Status status;
  if (client()) {
    status = check_response(opening_->head, head, opening_->config, opening_->key, &subprotocol);
  } else {
    status = check_request(opening_->head, head, opening_->config, accept, &subprotocol);
    if (status == Status::kOk) {
      status = queue_head(
          [&](MutBytes out, size_t *len) { return build_response(opening_->config, accept, subprotocol, out, len); });
    }
  }
  if (status != Status::kOk) {
    queue_refusal(status);
    return fail(status, 0);
  }
  add_event(in, EventType::kOpen, 0, head, head_len, subprotocol);
  deliver(opening_->bytes);
  opening_->bytes = nullptr;
  drop_opening();
  state_ = State::kOpen;
  return Status::kOk;
}

// Without memory for the refusal the peer sees the stream end.
void Connection::queue_refusal(Status reason) {
  if (client()) return;
  queue_head([reason](MutBytes out, size_t *len) { return build_refusal(reason, out, len); });
}

void Connection::drop_opening() {
  if (opening_ == nullptr) return;
  source_.release(opening_->bytes);
  source_.allocator.release(opening_, opening_->block_len);
  opening_ = nullptr;
}

}  // namespace tidewire
