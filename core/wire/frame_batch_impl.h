// SPDX-License-Identifier: MIT
// The frame loop, included once by each frame_batch_<isa>.cc inside its namespace and target region, hence no guard and
// no includes. One turn reads one frame; whatever it does not understand at once it leaves to parse_frame_header.

// Which frames a loop is for: with a masking key, without one, or both.
enum class Masking : uint8_t { kAlways, kNever, kEither };

// Whether the loop goes on with a frame that begins with these two bytes, the first one lowest. 0: it does, with a text
// message of one frame; 1: with another frame; anything else: it does not, though the frame may still be allowed.
template <bool kMessages, Masking kMasking>
TW_ALWAYS_INLINE uint32_t frame_kind(uint32_t head, uint32_t forbidden_rsv) {
  constexpr uint32_t kWholeText = kFin | kText;
  constexpr uint32_t kMask = kMaskBit << 8;
  if (kMessages) {
    // A message of one frame: FIN, text or binary, no RSV bit. Compressed ones are not for this loop.
    constexpr uint32_t kTested = kMasking == Masking::kEither ? 0xFF : 0xFF | kMask;
    return (head & kTested) - (kMasking == Masking::kAlways ? kWholeText | kMask : kWholeText);
  }
  constexpr uint32_t kRefused = 2;
  if (kMasking == Masking::kAlways && (head & kMask) == 0) return kRefused;
  if (kMasking == Masking::kNever && (head & kMask) != 0) return kRefused;
  const uint8_t first = static_cast<uint8_t>(head);
  if ((first & forbidden_rsv) != 0 || !is_defined(first & kOpcodeBits)) return kRefused;
  const uint8_t len_bits = static_cast<uint8_t>(head >> 8) & ~kMaskBit;
  if (is_control(first) && ((first & kFin) == 0 || len_bits > kMaxControlPayload)) return kRefused;
  return first == kWholeText ? 0 : 1;
}

// The fields after Frame::tag, for one store: opcode, flags, header_len and key.
TW_ALWAYS_INLINE uint64_t small_fields(uint8_t first, bool masked, size_t header_len, uint32_t key) {
  const uint64_t opcode = first & kOpcodeBits;
  const uint64_t flags = (first & (kFin | kRsvBits)) | (masked ? kFrameMasked : 0u);
  return opcode << 8 | flags << 16 | static_cast<uint64_t>(header_len) << 24 | static_cast<uint64_t>(key) << 32;
}

struct Payload {
  uint8_t *data;
  size_t len;
};

// The payload of a frame whose length takes 16 or 64 bits. nullptr when it is cut, or its header at fault.
TW_ALWAYS_INLINE Payload find_long_payload(uint8_t *at, const uint8_t *end, uint64_t max_payload_len) {
  constexpr Payload kNone = {nullptr, 0};
  const size_t left = static_cast<size_t>(end - at);
  if (left < kMaxHeader) return kNone;
  const bool is_16 = (at[1] & ~kMaskBit) == kLength16;
  const uint64_t len = is_16 ? load_be16(at + 2) : load_be64(at + 2);
  const size_t header_len = (is_16 ? 4 : 10) + ((at[1] & kMaskBit) != 0 ? 4 : 0);
  const bool shortest = len >= (is_16 ? uint64_t{kLength16} : uint64_t{UINT16_MAX} + 1);
  if (!shortest || len > max_payload_len || len > left - header_len) return kNone;
  return {at + header_len, static_cast<size_t>(len)};
}

// Unmasks in place what the loop does not do itself: long payloads, and text that is not ASCII. False when `refused`
// asks for UTF-8 and it is not; without a masking key the payload is only looked at.
TW_NOINLINE inline bool unmask_payload(uint8_t *payload, size_t len, uint32_t key, bool masked, uint64_t refused) {
  if (refused == kRefuseNothing) {
    if (masked) mask(payload, payload, len, key);
    return true;
  }
  Utf8State state;
  const bool valid = masked ? unmask_utf8(payload, payload, len, key, &state) : utf8_step(&state, payload, len);
  return valid && state.need == 0;
}

// Text that is not UTF-8: finds the error, and leaves the frame as it was received.
TW_NOINLINE inline Status refuse_text(FrameBatch *batch, uint8_t *payload, size_t len, uint32_t key) {
  batch->error_offset = static_cast<size_t>(payload - batch->data) + utf8_first_error({}, payload, len);
  mask(payload, payload, len, key);
  return Status::kUtf8;
}

template <bool kMessages, Masking kMasking>
inline Status loop(FrameBatch *batch) {
  constexpr size_t kInlineLen = 4 * ShortVec::kSize;  // at most this much is unmasked without a call
  constexpr size_t kLeastHeader = kMasking == Masking::kAlways ? 6 : 2;
  if (batch->len - batch->pos < kLeastHeader) return Status::kOk;
  // All that the loop needs is in locals: for all the compiler knows, unmasking a payload changes *batch.
  const uint8_t *const end = batch->data + batch->len;
  const uint8_t *const last_start = end - kLeastHeader;
  const uint64_t max_payload_len = batch->max_payload_len;
  const uint64_t max_short_len = max_payload_len < kLength16 ? max_payload_len : kLength16 - 1;
  const uint64_t offset_of_null = batch->base_offset - reinterpret_cast<uintptr_t>(batch->data);
  const uint32_t forbidden_rsv = kRsvBits & ~batch->rules;
  const uint64_t tag = batch->tag;
  const uint64_t message_fields = uint64_t{batch->tag} | uint64_t{kText} << 8 | uint64_t{kFin} << 16;
  const uint64_t refused_in_text = (batch->rules & kValidateText) != 0 ? kRefuseNonAscii : kRefuseNothing;
  uint8_t *at = batch->data + batch->pos;
  Frame *out = batch->frames + batch->count;
  const Frame *const out_end = batch->frames + batch->cap;
  Status status = Status::kOk;

  while (out != out_end && at <= last_start) {
    const uint32_t kind = frame_kind<kMessages, kMasking>(load_raw<uint16_t>(at), forbidden_rsv);
    if (TW_UNLIKELY(kind > 1)) break;
    const bool masked = kMasking == Masking::kAlways || (kMasking == Masking::kEither && (at[1] & kMaskBit) != 0);
    const uint64_t refused = (uint64_t{kind} - 1) & refused_in_text;  // kind 0 is text
    Payload payload = {at + (masked ? 6 : 2), at[1] - (masked ? size_t{kMaskBit} : 0)};
    const bool is_short = payload.len <= max_short_len;
    if (TW_LIKELY(is_short)) {
      const uintptr_t payload_end = reinterpret_cast<uintptr_t>(payload.data) + payload.len;
      if (TW_UNLIKELY(payload_end > reinterpret_cast<uintptr_t>(end))) break;
    } else {
      if (payload.len < kLength16) break;
      payload = find_long_payload(at, end, max_payload_len);
      if (payload.data == nullptr) break;
    }
    const uint32_t key = masked ? load_raw<uint32_t>(payload.data - 4) : 0;
    bool done = !masked && refused == kRefuseNothing;
    if (masked && TW_LIKELY(is_short) && (kInlineLen >= kLength16 || payload.len <= kInlineLen)) {
      done = xor_short<ShortVec>(payload.data, payload.data, payload.len, key, refused);
    }
    if (TW_UNLIKELY(!done) && !unmask_payload(payload.data, payload.len, key, masked, refused)) {
      status = refuse_text(batch, payload.data, payload.len, key);
      break;
    }
    out->payload = payload.data;
    out->payload_len = payload.len;
    const size_t header_len = static_cast<size_t>(payload.data - at);
    store_raw(&out->tag,
              kMessages ? message_fields + (uint64_t{kind} << 8) : tag | small_fields(at[0], masked, header_len, key));
    out->offset = offset_of_null + reinterpret_cast<uintptr_t>(at);
    out++;
    at = payload.data + payload.len;
  }
  batch->pos = static_cast<size_t>(at - batch->data);
  batch->count = static_cast<size_t>(out - batch->frames);
  return status;
}

template <bool kMessages>
inline Status loop_for_rules(FrameBatch *batch) {
  if ((batch->rules & kRequireMasked) != 0) return loop<kMessages, Masking::kAlways>(batch);
  if ((batch->rules & kRequireUnmasked) != 0) return loop<kMessages, Masking::kNever>(batch);
  return loop<kMessages, Masking::kEither>(batch);
}

inline Status loop_messages(FrameBatch *batch) { return loop_for_rules<true>(batch); }

inline Status loop_frames(FrameBatch *batch) {
  const Status status = loop_for_rules<false>(batch);
  if (status != Status::kOk || batch->pos == batch->len) return status;
  if (batch->count == batch->cap) return Status::kNeedRoom;
  FrameHeader header;
  const Status fault = parse_frame_header(batch->data + batch->pos, batch->len - batch->pos, batch->rules, &header);
  if (fault != Status::kOk) return fault;
  return header.payload_len > batch->max_payload_len ? Status::kLimitFrame : Status::kNeedInput;
}
