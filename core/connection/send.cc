// SPDX-License-Identifier: MIT
// From calls to queued output.
#include "core/connection/connection.h"
#include "core/connection/send_plain.h"
#include "core/wire/frame_encode.h"

namespace tidewire {
namespace {

constexpr uint32_t kSendFlags = kSendMore | kSendValidUtf8 | kCompressionChoice | kSendBorrow | kSendMaskInPlace;

}  // namespace

Status Connection::send(uint8_t opcode, ByteView payload, uint32_t flags) {
  if (client()) return send_any(opcode, payload, flags);
  const OutgoingMessage message{payload, opcode, flags};
  size_t count = 0;
  const Status status = send_plain(&message, 1, &count);
  return TW_LIKELY(count == 1) || status != Status::kOk ? status : send_any(opcode, payload, flags);
}

TW_NOINLINE Status Connection::send_any(uint8_t opcode, ByteView payload, uint32_t flags) {
  if (!can_send()) return Status::kState;
  const bool continuation = opcode == kContinuation;
  // The choice is made once for a message, with its first fragment.
  const uint32_t known = continuation ? kSendFlags & ~kCompressionChoice : kSendFlags;
  if (!send_flags_valid(flags, known)) return Status::kArgument;
  if (!continuation && opcode != kText && opcode != kBinary) return Status::kArgument;
  if (continuation != (send_opcode_ != 0)) return Status::kState;  // RFC 6455 §5.4

  const bool more = (flags & kSendMore) != 0;
  const uint8_t message_opcode = continuation ? send_opcode_ : opcode;
  Utf8State utf8 = send_utf8_;
  if (message_opcode == kText && (flags & kSendValidUtf8) == 0) {
    if (!kernels().utf8_step(&utf8, payload.data, payload.size)) return Status::kText;
    if (!more && utf8.need != 0) return Status::kText;
  }
  const bool deflated = codec() != nullptr && (continuation ? send_deflated_ : start_deflated(payload, flags));
  const uint8_t first = static_cast<uint8_t>((more ? 0 : kFin) | opcode);
  const Status status = deflated ? queue_deflated(first, payload, !more) : queue_message(first, payload, flags);
  if (status != Status::kOk) return status;
  send_opcode_ = more ? message_opcode : uint8_t{0};
  send_utf8_ = more ? utf8 : Utf8State{};
  send_deflated_ = more && deflated;
  if (!more) messages_sent_++;
  return Status::kOk;
}

Status Connection::send_control(uint8_t opcode, ByteView payload) {
  if (!can_send()) return Status::kState;
  if (payload.size > kMaxControlPayload) return Status::kControlLength;
  return queue_control(opcode, payload, settings().max_output_len);
}

size_t Connection::output(ByteView *views, size_t cap) {
  if (close_planned_) carry_out_close();
  return output_.views(views, cap);
}

Status Connection::consume_output(size_t len) {
  if (len > output_.size()) return Status::kArgument;
  output_.consume(&lender_, len);
  if (paused_ && output_.size() <= settings().output_low_len) resume();
  if (pong_ != nullptr && !paused_) send_pending_pong();
  return Status::kOk;
}

void Connection::pause() {
  paused_ = true;
  if (logs(kLogDebug)) log_output("paused");
}

void Connection::resume() {
  paused_ = false;
  if (logs(kLogDebug)) log_output("resumed");
}

// A pong that finds no room still waits for it.
void Connection::send_pending_pong() {
  const ByteView payload{pong_->bytes() + 1, pong_->bytes()[0]};
  if (queue_control(kPong, payload, settings().max_output_len) == Status::kOk) drop_pong();
}

Status Connection::queue_message(uint8_t first, ByteView payload, uint32_t flags) {
  return borrows(payload.size, flags) ? queue_borrowed(first, payload)
                                      : queue_frame(first, payload, settings().max_output_len);
}

// Below min_borrow_len a copy costs less than one more view; what must be masked is copied while it is.
bool Connection::borrows(size_t len, uint32_t flags) const {
  const uint32_t needed = client() ? kSendBorrow | kSendMaskInPlace : kSendBorrow;
  return (flags & needed) == needed && len >= settings().min_borrow_len;
}

// The payload stays where it is; a client's is masked there, once nothing can fail any more.
Status Connection::queue_borrowed(uint8_t first, ByteView payload) {
  FrameHeader header{payload.size, 0, first, 0, client()};
  uint8_t *out = nullptr;
  Status status = admit_frame(payload.size, settings().max_output_len, &header);
  if (status == Status::kOk) status = output_.reserve_before_reference(&lender_, kMaxHeader, &out);
  if (status != Status::kOk) return status;
  write_frame_header(header, out);
  uint8_t *bytes = const_cast<uint8_t *>(payload.data);  // as the flag allows
  if (client()) kernels().mask(bytes, bytes, payload.size, header.key);
  const size_t header_len = frame_header_len(payload.size, client());
  output_.commit(header_len);
  output_.refer(payload);
  count_frame(first, header_len + payload.size);
  return Status::kOk;
}

Status Connection::queue_frame(uint8_t first, ByteView payload, uint64_t max_output_len) {
  FrameHeader header{payload.size, 0, first, 0, client()};
  uint8_t *out = nullptr;
  const Status status = reserve_frame(payload.size, max_output_len, &header, &out);
  if (status == Status::kOk) commit_frame(first, write_frame(kernels(), header, payload.data, out));
  return status;
}

Status Connection::queue_control(uint8_t opcode, ByteView payload, uint64_t max_output_len) {
  const Status status = queue_frame(static_cast<uint8_t>(kFin | opcode), payload, max_output_len);
  if (status == Status::kOk && logs(kLogDebug)) log_control("sent", opcode, payload.size);
  return status;
}

// Room for a frame with that much payload, and the key of its header.
Status Connection::reserve_frame(size_t payload_len, uint64_t max_output_len, FrameHeader *header, uint8_t **out) {
  const Status status = admit_frame(payload_len, max_output_len, header);
  if (status != Status::kOk) return status;
  return output_.reserve(&lender_, frame_header_len(payload_len, client()) + payload_len, settings().write_len, out);
}

// Whether a frame with that much payload may be queued, and the key of its header.
Status Connection::admit_frame(size_t payload_len, uint64_t max_output_len, FrameHeader *header) {
  const uint64_t queued = output_.size() + uint64_t{frame_header_len(payload_len, client())};
  if (queued > max_output_len || payload_len > max_output_len - queued) return Status::kLimitOutput;
  return client() ? next_key(&header->key) : Status::kOk;
}

void Connection::commit_frame(uint8_t first, size_t len) {
  output_.commit(len);
  count_frame(first, len);
}

void Connection::count_frame(uint8_t first, size_t len) {
  count_output(len);
  frames_sent_++;
  if (is_control(first)) control_frames_sent_++;
}

// A fresh key for each frame (RFC 6455 §5.3). They are fetched several at a time: a system call costs more than a
// frame.
Status Connection::next_key(uint32_t *out) {
  if (keys_left_ == 0) {
    const Status status = settings().random.fill(reinterpret_cast<uint8_t *>(keys_), sizeof(keys_));
    if (status != Status::kOk) return status;
    keys_left_ = kKeyCount;
  }
  *out = keys_[kKeyCount - keys_left_--];
  return Status::kOk;
}

}  // namespace tidewire
