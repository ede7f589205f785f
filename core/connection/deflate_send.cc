// SPDX-License-Identifier: MIT
// Compressed messages on their way out (RFC 7692 §7.2.1): deflate straight into the output, then put the header before
// the bytes and mask them.
#include <string.h>

#include "core/connection/codec.h"
#include "core/connection/connection.h"

namespace tidewire {

// Whether a message whose first fragment has `len` bytes is to be compressed, where that was negotiated.
bool Connection::wants_deflate(size_t len, uint32_t flags) const {
  const bool wanted = (flags & kSendCompress) != 0 || len >= settings().deflate.min_len;
  return wanted && (flags & kSendNoCompress) == 0;
}

// Whether the message that begins with this payload is compressed; its deflater is then there. Without memory for one
// the message is sent as it is.
bool Connection::start_deflated(ByteView payload, uint32_t flags) {
  if (!wants_deflate(payload.size, flags)) return false;
  if (codec_->deflater != nullptr) return true;
  const DeflateSettings &deflate = settings().deflate;
  const Status status = Deflater::create(&lender_, deflate.level, deflate.memory_level, codec_->terms.send_window_bits,
                                         &codec_->deflater);
  return status == Status::kOk;
}

Status Connection::queue_deflated(uint8_t first, ByteView payload, bool last) {
  const size_t bound = Deflater::bound(payload.size);
  FrameHeader header{0, 0, first, 0, client()};
  uint8_t *out = nullptr;
  Status status = reserve_frame(bound, settings().max_output_len, &header, &out);
  size_t len = 0;
  // The bytes land where a header for `bound` ends; the real one is never longer.
  uint8_t *body = out == nullptr ? nullptr : out + frame_header_len(bound, client());
  if (status == Status::kOk) status = codec_->deflater->deflate(payload, last, {body, bound}, &len);
  const bool starts = send_opcode_ == 0;
  if (status != Status::kOk) {
    if (starts && !codec_->send_takeover()) release_deflater();
    return status;
  }
  const bool whole = starts && last;
  const bool gains = !whole || codec_->send_takeover() || deflation_gains(payload.size, len);
  if (gains && (first & kOpcodeBits) != kContinuation) header.first |= kRsv1;
  // Without a context to keep, nothing obliges to send it compressed.
  const uint8_t *sent = gains ? body : payload.data;
  if (!gains) len = payload.size;
  header.payload_len = len;
  const size_t header_len = frame_header_len(len, client());
  memmove(out + header_len, sent, len);
  kernels().mask(out + header_len, out + header_len, len, header.key);
  write_frame_header(header, out);
  commit_frame(first, header_len + len);
  if (gains) {
    codec_->deflated_sent_len += len;
    codec_->inflated_sent_len += payload.size;
  }
  if (last && !codec_->send_takeover()) release_deflater();
  return Status::kOk;
}

void Connection::release_deflater() {
  Deflater::destroy(&lender_, codec_->deflater);
  codec_->deflater = nullptr;
}

}  // namespace tidewire
