// SPDX-License-Identifier: MIT
// From calls to queued output.
#include <algorithm>

#include "tests/reference/connection_ref.h"
#include "tests/reference/utf8_ref.h"

namespace tidewire::reference {
namespace {

constexpr uint32_t kSendFlags =
    TW_SEND_MORE | TW_SEND_VALID_UTF8 | TW_SEND_COMPRESS | TW_SEND_NO_COMPRESS | TW_SEND_BORROW | TW_SEND_MASK_IN_PLACE;
constexpr size_t kStoredMax = 65535;

void append(Bytes *to, const Bytes &bytes) { to->insert(to->end(), bytes.begin(), bytes.end()); }

// RFC 1951 §3.2.4. An empty block ends a fragment; of the last one's, four of its five bytes are left out (RFC 7692
// §7.2.1).
Bytes stored_blocks(const Bytes &data, bool last) {
  Bytes out;
  for (size_t at = 0; at < data.size(); at += kStoredMax) {
    const size_t len = std::min(kStoredMax, data.size() - at);
    const uint8_t low = static_cast<uint8_t>(len), high = static_cast<uint8_t>(len >> 8);
    append(&out, {0x00, low, high, static_cast<uint8_t>(~low), static_cast<uint8_t>(~high)});
    const auto begin = data.begin() + static_cast<ptrdiff_t>(at);
    out.insert(out.end(), begin, begin + static_cast<ptrdiff_t>(len));
  }
  append(&out, last ? Bytes{0x00} : Bytes{0x00, 0x00, 0x00, 0xFF, 0xFF});
  return out;
}

// A message is compressed or not from its first fragment on; what is masked where it lies is borrowed.
bool are_allowed(uint32_t flags, bool continuation) {
  const uint32_t choice = flags & (TW_SEND_COMPRESS | TW_SEND_NO_COMPRESS);
  const bool one_choice = choice == 0 || (!continuation && (choice & (choice - 1)) == 0);
  const bool may_mask = (flags & TW_SEND_MASK_IN_PLACE) == 0 || (flags & TW_SEND_BORROW) != 0;
  return (flags & ~kSendFlags) == 0 && one_choice && may_mask;
}

}  // namespace

tw_status Connection::send(uint32_t opcode, const Bytes &data, uint32_t flags) {
  const bool continuation = opcode == TW_OPCODE_CONTINUATION;
  if (opcode > TW_OPCODE_BINARY) return TW_ERR_ARGUMENT;
  if (!sending()) return TW_ERR_STATE;
  if (!are_allowed(flags, continuation)) return TW_ERR_ARGUMENT;
  if (continuation != sending_fragments_) return TW_ERR_STATE;  // §5.4
  const bool more = (flags & TW_SEND_MORE) != 0;
  const bool text = opcode == TW_OPCODE_TEXT || (continuation && sending_text_);
  Bytes so_far = continuation ? sent_text_ : Bytes();
  if (text && (flags & TW_SEND_VALID_UTF8) == 0) {
    append(&so_far, data);
    const Utf8Result result = utf8(so_far.data(), so_far.size());
    if (!(more ? result.is_prefix(so_far.size()) : result.is_text(so_far.size()))) return TW_ERR_TEXT;
  }
  const bool wanted = (flags & TW_SEND_COMPRESS) != 0 || data.size() >= deflate_config_.min_len;
  const bool chosen = deflate_.enabled != 0 && wanted && (flags & TW_SEND_NO_COMPRESS) == 0;
  const bool compressed = continuation ? sending_compressed_ : chosen;
  const Bytes payload = compressed ? stored_blocks(data, !more) : data;
  if (!has_room(payload.size())) return TW_ERR_LIMIT_OUTPUT;
  const bool rsv1 = compressed && !continuation;
  queue(static_cast<uint8_t>((more ? 0 : TW_FRAME_FIN) | (rsv1 ? TW_FRAME_RSV1 : 0) | opcode), payload);
  if (!more) ++stats_.messages_sent;
  if (compressed) {
    stats_.deflated_sent_len += payload.size();
    stats_.inflated_sent_len += data.size();
  }
  sending_fragments_ = more;
  sending_text_ = text;
  sending_compressed_ = compressed;
  sent_text_ = so_far;
  return TW_OK;
}

tw_status Connection::send_control(uint8_t opcode, const Bytes &data) {
  if (!sending()) return TW_ERR_STATE;
  if (data.size() > 125) return TW_ERR_CONTROL_LENGTH;
  if (!has_room(data.size())) return TW_ERR_LIMIT_OUTPUT;
  queue(TW_FRAME_FIN | opcode, data);
  return TW_OK;
}

Bytes Connection::take_output() {
  Bytes out;
  for (;;) {
    const Bytes part = take_output(SIZE_MAX);  // a pong may have waited until it was consumed
    if (part.empty()) return out;
    append(&out, part);
  }
}

Bytes Connection::take_output(size_t len) {
  if (planned_) carry_out_close();
  const auto end = output_.begin() + static_cast<ptrdiff_t>(std::min(len, output_.size()));
  const Bytes out(output_.begin(), end);
  output_.erase(output_.begin(), end);
  if (output_.size() <= config_.output_low_len) paused_ = false;
  if (pong_ && !paused_) {
    const Bytes payload = *pong_;
    if (!sending()) pong_.reset();
    if (pong_ && has_room(payload.size())) {
      queue(TW_FRAME_FIN | TW_OPCODE_PONG, payload);
      pong_.reset();
    }
  }
  return out;
}

// Header, masking key and payload count for max_output_len.
bool Connection::has_room(size_t payload_len) const {
  const uint64_t header_len = (payload_len < 126     ? 2u
                               : payload_len < 65536 ? 4u
                                                     : 10u) +
                              (config_.role == TW_ROLE_CLIENT ? 4u : 0u);
  return output_.size() + header_len + payload_len <= config_.max_output_len;
}

void Connection::queue(uint8_t first, const Bytes &payload) {
  const bool client = config_.role == TW_ROLE_CLIENT;
  const size_t extended = payload.size() < 126 ? 0 : payload.size() < 65536 ? 2 : 8;
  const size_t len7 = extended == 0 ? payload.size() : extended == 2 ? 126 : 127;
  Bytes frame = {first, static_cast<uint8_t>((client ? 0x80 : 0) | len7)};
  for (size_t i = extended; i > 0; --i) frame.push_back(static_cast<uint8_t>(payload.size() >> (8 * (i - 1))));
  uint8_t key[4] = {};
  for (size_t i = 0; client && i < 4; ++i) {
    key[i] = random_++;
    frame.push_back(key[i]);
  }
  for (size_t i = 0; i < payload.size(); ++i) frame.push_back(payload[i] ^ key[i % 4]);
  queue_bytes(frame);
  ++stats_.frames_sent;
  if ((first & 0x0F) >= TW_OPCODE_CLOSE) ++stats_.control_frames_sent;
}

void Connection::queue_bytes(const Bytes &bytes) {
  append(&output_, bytes);
  stats_.bytes_sent += bytes.size();
  if (output_.size() >= config_.output_high_len) paused_ = true;
}

void Connection::queue_close(uint32_t code, const Bytes &reason) {
  Bytes payload;
  if (code != 0) payload = {static_cast<uint8_t>(code >> 8), static_cast<uint8_t>(code)};
  append(&payload, reason);
  queue(TW_FRAME_FIN | TW_OPCODE_CLOSE, payload);
  close_.local_code = static_cast<uint16_t>(code == 0 ? 1005 : code);
}

void Connection::carry_out_close() {
  queue_close(*planned_, {});
  planned_.reset();
  state_ = TW_STATE_CLOSED;
}

}  // namespace tidewire::reference
