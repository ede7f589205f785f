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

// Bytes of the payload to the first checkpoint that is not passed; 0: there is none.
size_t failed_checkpoint(const Bytes &payload, bool whole, const Bytes &window, const MessageRules &rules) {
  for (size_t checkpoint = kCheckpointLen; checkpoint <= payload.size(); checkpoint += kCheckpointLen) {
    if (exceeds_ratio(payload, checkpoint, window, rules)) return checkpoint;
  }
  return whole && exceeds_ratio(payload, payload.size(), window, rules) ? payload.size() : 0;
}

// Inflates as far as the ratio allows. A fault before the checkpoint that was not passed comes first.
Reading inflate_message(const Bytes &payload, bool whole, const Bytes &window, const MessageRules &rules) {
  const size_t failed = failed_checkpoint(payload, whole, window, rules);
  const Bytes judged = first_bytes(payload, failed > 0 ? failed : payload.size());
  const Inflated inflated = inflate(judged, whole && failed == 0, window, rules.max_len);
  Reading out = {inflated.bytes, failed > 0 ? TW_ERR_LIMIT_RATIO : TW_OK};
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
