// SPDX-License-Identifier: MIT
// What most sends are: short whole messages that a server sends as they are. One loop checks and writes them; send()
// has a copy of it for one message, send_batch() one for many.
#ifndef TIDEWIRE_CORE_CONNECTION_SEND_PLAIN_H_
#define TIDEWIRE_CORE_CONNECTION_SEND_PLAIN_H_

#include "core/base/macros.h"
#include "core/connection/connection.h"
#include "core/wire/frame_encode.h"

namespace tidewire {

// Those that are allowed of a plain message: how it is sent does not depend on them.
inline constexpr uint32_t kPlainFlags = kSendValidUtf8 | kSendNoCompress | kSendBorrow;

// Longer payloads are worth a call of their own.
inline constexpr size_t kPlainPayloadEnd = UINT16_MAX + 1;

// Values, not the message: compilers fetch two of its fields with one load, which waits where they were just stored.
inline bool is_plain(uint32_t opcode, uint32_t flags, ByteView payload, size_t payload_end) {
  const bool is_data = opcode == kText || opcode == kBinary;
  const bool is_there = payload.data != nullptr || payload.size == 0;
  return is_data && is_there && (flags & ~kPlainFlags) == 0 && payload.size < payload_end;
}

inline bool is_unchecked_text(uint32_t opcode, uint32_t flags) {
  return opcode == kText && (flags & kSendValidUtf8) == 0;
}

// Plain payloads are shorter: they are neither referenced nor compressed, whatever else the flags say.
inline size_t Connection::plain_payload_end() const {
  const uint64_t min_borrow_len = settings().min_borrow_len, min_deflate_len = settings().deflate.min_len;
  uint64_t end = kPlainPayloadEnd;
  if (min_borrow_len < end) end = min_borrow_len;
  if (codec() != nullptr && min_deflate_len < end) end = min_deflate_len;
  return static_cast<size_t>(end);
}

// All the room that may be filled, with at least `len` bytes; none where max_output_len refuses them. Statuses of
// Lender::acquire.
inline Status Connection::reserve_plain(size_t len, MutBytes *out) {
  *out = {};
  const uint64_t max_output_len = settings().max_output_len;
  if (output_.size() > max_output_len || len > max_output_len - output_.size()) return Status::kOk;
  const uint64_t max_len = max_output_len - output_.size();
  uint8_t *data = nullptr;
  const Status status = output_.reserve(&lender_, len, settings().write_len, &data);
  if (status == Status::kOk) *out = {data, output_.room() < max_len ? output_.room() : static_cast<size_t>(max_len)};
  return status;
}

// For servers. Queues the messages that come first and are plain, and says how many; with kOk, whatever comes then is
// not plain, or to be refused, and left to send_any(). Otherwise there is no memory for it.
TW_ALWAYS_INLINE Status Connection::send_plain(const OutgoingMessage *messages, size_t count, size_t *out_count) {
  *out_count = 0;
  if (state_ != State::kOpen || send_opcode_ != 0) return Status::kOk;
  const size_t payload_end = plain_payload_end();
  const Kernels &row = kernels();
  Status status = Status::kOk;
  size_t sent = 0;
  uint8_t *start = nullptr, *out = nullptr, *end = nullptr;  // of the room; from start to out is written
  for (; sent < count; ++sent) {
    const auto [payload, opcode, flags] = messages[sent];
    if (!is_plain(opcode, flags, payload, payload_end)) break;
    const FrameHeader header{payload.size, 0, static_cast<uint8_t>(kFin | opcode), 0, false};
    const size_t header_len = frame_header_len(payload.size, false);
    if (static_cast<size_t>(end - out) < header_len + payload.size) {
      if (out != start) commit_output(static_cast<size_t>(out - start));
      MutBytes room;
      status = reserve_plain(header_len + payload.size, &room);
      start = out = room.data;
      end = out + room.size;
      if (room.size == 0) break;
    }
    write_frame_header(header, out);
    if (is_unchecked_text(opcode, flags)) {
      if (!copy_text(row, out + header_len, payload.data, payload.size)) break;
    } else {
      copy_payload(out + header_len, payload.data, payload.size);
    }
    out += header_len + payload.size;
  }
  if (out != start) commit_output(static_cast<size_t>(out - start));
  frames_sent_ += sent;
  messages_sent_ += sent;
  if (sent == 0 && output_.size() == 0) output_.clear(&lender_);  // room for text that was refused
  *out_count = sent;
  return status;
}

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_CONNECTION_SEND_PLAIN_H_
