// SPDX-License-Identifier: MIT
// Many messages in one call.
#include "core/connection/connection.h"
#include "core/connection/send_plain.h"
#include "core/wire/frame_encode.h"

namespace tidewire {
namespace {

constexpr size_t kRunCount = 64;  // messages

}  // namespace

Status Connection::send_batch(const OutgoingMessage *messages, size_t count, size_t *out_count) {
  *out_count = 0;
  while (*out_count < count) {
    const OutgoingMessage *next = messages + *out_count;
    const size_t left = count - *out_count;
    size_t sent = 0;
    Status status = client() ? send_masked(next, left, &sent) : send_plain(next, left, &sent);
    if (status == Status::kOk && sent == 0) {
      status = send_one(*next);
      sent = status == Status::kOk ? 1 : 0;
    }
    *out_count += sent;
    if (status != Status::kOk) return status;
  }
  return Status::kOk;
}

Status Connection::send_one(const OutgoingMessage &message) {
  if (message.payload.data == nullptr && message.payload.size > 0) return Status::kNull;
  if (message.opcode > kBinary) return Status::kArgument;
  return send_any(static_cast<uint8_t>(message.opcode), message.payload, message.flags);
}

// A client's send_plain(), of as many messages as find room beside the first one. All are checked before the masking
// keys are drawn, so that no key is drawn for a message that is refused.
Status Connection::send_masked(const OutgoingMessage *messages, size_t count, size_t *out_count) {
  *out_count = 0;
  if (state_ != State::kOpen || send_opcode_ != 0) return Status::kOk;
  const size_t payload_end = plain_payload_end();
  const Kernels &row = kernels();
  const size_t most = count < kRunCount ? count : kRunCount;
  MutBytes room;
  size_t run = 0, len = 0;
  for (; run < most; ++run) {
    const auto [payload, opcode, flags] = messages[run];
    if (!is_plain(opcode, flags, payload, payload_end)) break;
    if (is_unchecked_text(opcode, flags) && !utf8_whole(row, payload.data, payload.size)) break;
    const size_t frame_len = frame_header_len(payload.size, true) + payload.size;
    if (run == 0) {
      if (Status status = reserve_plain(frame_len, &room); status != Status::kOk) return status;
    }
    if (frame_len > room.size - len) break;
    len += frame_len;
  }
  if (run == 0) return Status::kOk;
  uint32_t keys[kRunCount];
  if (Status status = next_keys(keys, run); status != Status::kOk) return status;
  uint8_t *out = room.data;
  for (size_t i = 0; i < run; ++i) {
    const auto [payload, opcode, flags] = messages[i];
    const FrameHeader header{payload.size, keys[i], static_cast<uint8_t>(kFin | opcode), 0, true};
    out += write_frame(row, header, payload.data, out);
  }
  commit_output(len);
  frames_sent_ += run;
  messages_sent_ += run;
  *out_count = run;
  return Status::kOk;
}

// As many calls of next_key, with fewer ones of the random source.
Status Connection::next_keys(uint32_t *out, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const size_t left = count - i;
    if (keys_left_ == 0 && left > kKeyCount) {
      return settings().random.fill(reinterpret_cast<uint8_t *>(out + i), left * sizeof(*out));
    }
    if (Status status = next_key(out + i); status != Status::kOk) return status;
  }
  return Status::kOk;
}

}  // namespace tidewire
