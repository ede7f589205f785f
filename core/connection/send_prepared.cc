// SPDX-License-Identifier: MIT
// Messages that are shared with other connections.
#include "core/connection/codec.h"
#include "core/connection/connection.h"
#include "core/message/prepared.h"

namespace tidewire {

Status Connection::send_prepared(Prepared *prepared) {
  if (!can_send() || send_opcode_ != 0) return Status::kState;
  const ByteView payload = prepared->plain().payload();
  const PreparedFrame *frame = &prepared->plain();
  Codec *codec = this->codec();
  if (codec != nullptr && wants_deflate(payload.size, prepared->flags())) {
    // What a kept context makes of the message is this connection's alone.
    if (codec->send_takeover()) return send(prepared->opcode(), payload, prepared->flags() | kSendValidUtf8);
    const DeflateSettings &deflate = settings().deflate;
    frame = &prepared->deflated({deflate.level, deflate.memory_level, codec->terms.send_window_bits});
  }
  const Status status = queue_prepared(*frame);
  if (status != Status::kOk) return status;
  messages_sent_++;
  if (frame->deflated) {
    codec->deflated_sent_len += frame->payload().size;
    codec->inflated_sent_len += payload.size;
  }
  return Status::kOk;
}

Status Connection::queue_prepared(const PreparedFrame &frame) {
  const ByteView payload = frame.payload();
  if (client() || payload.size < settings().min_borrow_len) {
    return queue_frame(frame.first(), payload, settings().max_output_len);
  }
  uint8_t *none = nullptr;
  Status status = admit_frame(payload.size, settings().max_output_len, nullptr);
  if (status == Status::kOk) status = output_.reserve_before_reference(&lender_, 0, &none);
  if (status != Status::kOk) return status;
  output_.refer(frame.bytes, frame.lease);
  count_frame(frame.first(), frame.bytes.size);
  return Status::kOk;
}

}  // namespace tidewire
