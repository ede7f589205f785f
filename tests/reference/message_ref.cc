// SPDX-License-Identifier: MIT
#include "tests/reference/message_ref.h"

#include <algorithm>

#include "tests/reference/utf8_ref.h"

namespace tidewire::reference {
namespace {

// The ratio is judged after so many bytes, twice as many ..., and at the end: that does not depend on the cuts.
constexpr size_t kCheckpointLen = 1024;
constexpr size_t kRatioFreeLen = 64 * 1024;

Bytes first_bytes(const Bytes &bytes, size_t len) {
  return Bytes(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(len));
}

bool exceeds_ratio(const Bytes &payload, size_t checkpoint, const Bytes &window, const MessageRules &rules) {
  const size_t most = std::max<size_t>(kRatioFreeLen, size_t{rules.max_ratio} * checkpoint);
  return inflate(first_bytes(payload, checkpoint), false, window, most).verdict == InflateVerdict::too_long;
}

// Everything of the payload up to the first checkpoint that is not passed, or to the end.
Reading inflate_message(const Bytes &payload, bool whole, const Bytes &window, const MessageRules &rules) {
  Reading out;
  size_t len = payload.size();
  for (size_t checkpoint = kCheckpointLen; checkpoint <= len; checkpoint += kCheckpointLen) {
    if (exceeds_ratio(payload, checkpoint, window, rules)) len = checkpoint, out.fault = TW_ERR_LIMIT_RATIO;
  }
  if (out.fault == TW_OK && whole && exceeds_ratio(payload, len, window, rules)) out.fault = TW_ERR_LIMIT_RATIO;
  const bool ends = whole && out.fault == TW_OK;
  const Inflated inflated = inflate(first_bytes(payload, len), ends, window, rules.max_len);
  out.bytes = inflated.bytes;
  if (inflated.verdict == InflateVerdict::bad) out.fault = TW_ERR_DEFLATE;
  if (inflated.verdict == InflateVerdict::too_long) out.fault = TW_ERR_LIMIT_MESSAGE;
  return out;
}

}  // namespace

void Message::begin(uint8_t opcode, bool compressed) {
  opcode_ = opcode;
  compressed_ = compressed;
}

void Message::add_frame(const Bytes &payload) {
  payload_.insert(payload_.end(), payload.begin(), payload.end());
  ++frames_;
}

// Of several faults the one counts that the message's bytes come to first.
Reading Message::read(const Bytes &part, bool whole, const Bytes &window, const MessageRules &rules) const {
  Reading out;
  out.bytes = payload_;
  out.bytes.insert(out.bytes.end(), part.begin(), part.end());
  if (compressed_) out = inflate_message(out.bytes, whole, window, rules);
  if (opcode_ != TW_OPCODE_TEXT || !rules.validate_text) return out;
  const Utf8Result text = utf8(out.bytes.data(), out.bytes.size());  // RFC 6455 §8.1
  const bool ends = whole && out.fault == TW_OK;
  if (!(ends ? text.is_text(out.bytes.size()) : text.is_prefix(out.bytes.size()))) {
    out.bytes.resize(text.error_offset);
    out.fault = TW_ERR_UTF8;
  }
  return out;
}

}  // namespace tidewire::reference
