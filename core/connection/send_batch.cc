// SPDX-License-Identifier: MIT
// Many messages in one call: runs of them are checked first, then written into one room.
#include "core/connection/connection.h"
#include "core/wire/frame_encode.h"

namespace tidewire {
namespace {

constexpr size_t kRunCount = 64;  // messages

constexpr uint32_t kRunFlags = kSendValidUtf8 | kSendNoCompress | kSendBorrow;

}  // namespace

Status Connection::send_batch(const OutgoingMessage *messages, size_t count, size_t *out_count) {
  *out_count = 0;
  while (*out_count < count) {
    const OutgoingMessage *next = messages + *out_count;
    size_t sent = send_run(next, count - *out_count);
    if (sent == 0) {
      if (Status status = send_one(*next); status != Status::kOk) return status;
      sent = 1;
    }
    *out_count += sent;
  }
  return Status::kOk;
}

Status Connection::send_one(const OutgoingMessage &message) {
  if (message.payload.data == nullptr && message.payload.size > 0) return Status::kNull;
  if (message.opcode > kBinary) return Status::kArgument;
  return send(static_cast<uint8_t>(message.opcode), message.payload, message.flags);
}

// Queues the messages that come first and are whole and sent as they are, as many as find room beside the first one;
// whatever is refused is left to send(). Returns how many.
size_t Connection::send_run(const OutgoingMessage *messages, size_t count) {
  const uint64_t max_output_len = settings().max_output_len;
  if (!can_send() || send_opcode_ != 0 || output_.size() > max_output_len) return 0;
  uint64_t max_len = max_output_len - output_.size();
  size_t run = 0, len = 0;
  uint8_t *out = nullptr;
  for (const size_t most = count < kRunCount ? count : kRunCount; run < most; ++run) {
    const size_t payload_len = messages[run].payload.size;
    const size_t header_len = frame_header_len(payload_len, client());
    if (header_len > max_len - len || payload_len > max_len - len - header_len || !fits_run(messages[run])) break;
    len += header_len + payload_len;
    if (run > 0) continue;
    if (output_.reserve(&lender_, len, settings().write_len, &out) != Status::kOk) return 0;
    if (output_.room() < max_len) max_len = output_.room();
  }
  if (run == 0) return 0;
  uint32_t keys[kRunCount];
  if (client() && next_keys(keys, run) != Status::kOk) return 0;
  for (size_t i = 0; i < run; ++i) {
    const OutgoingMessage &message = messages[i];
    const uint8_t first = static_cast<uint8_t>(kFin | message.opcode);
    const FrameHeader header{message.payload.size, client() ? keys[i] : 0, first, 0, client()};
    out += write_frame(kernels(), header, message.payload.data, out);
  }
  commit_output(len);
  frames_sent_ += run;
  messages_sent_ += run;
  return run;
}

bool Connection::fits_run(const OutgoingMessage &message) const {
  const auto [payload, opcode, flags] = message;
  if ((opcode != kText && opcode != kBinary) || (flags & ~kRunFlags) != 0) return false;
  if (payload.data == nullptr && payload.size > 0) return false;
  if (borrows(payload.size, flags)) return false;
  if (codec() != nullptr && wants_deflate(payload.size, flags)) return false;
  if (opcode != kText || (flags & kSendValidUtf8) != 0) return true;
  Utf8State utf8;
  return kernels().utf8_step(&utf8, payload.data, payload.size) && utf8.need == 0;
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
