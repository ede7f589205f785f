// SPDX-License-Identifier: MIT
// The frame loop, included once by each frame_batch_<isa>.cc inside its namespace and target region, hence no guard and
// no includes. One turn reads one frame; whatever it does not understand at once it leaves to parse_frame_header.

inline bool utf8_whole(const uint8_t *data, size_t len) {
  Utf8State state;
  return utf8_step(&state, data, len) && state.need == 0;
}

// Unmasks a payload in place. False when it had to be UTF-8 and is not.
inline bool unmask_long_payload(uint8_t *payload, size_t len, uint32_t key, bool text) {
  if (!text) {
    mask(payload, payload, len, key);
    return true;
  }
  Utf8State state;
  return unmask_utf8(payload, payload, len, key, &state) && state.need == 0;
}

// Same for less than kLength16 bytes, without a call unless text is not ASCII.
TW_ALWAYS_INLINE bool unmask_short_payload(uint8_t *payload, size_t len, uint32_t key, bool text) {
  constexpr size_t kInlineLen = 4 * ShortVec::kSize;
  if (kInlineLen < kLength16 && len > kInlineLen) return unmask_long_payload(payload, len, key, text);
  const bool ascii = !xor_short<ShortVec>(payload, payload, len, key);
  return TW_LIKELY(ascii) || !text || utf8_whole(payload, len);
}

// Which frames a loop is for: with a masking key, without one, or both.
enum class Masking : uint8_t { kAlways, kNever, kEither };

// Whether the loop goes on with a frame that starts with these bytes. What it refuses may still be allowed.
template <bool kMessages, Masking kMasking>
TW_ALWAYS_INLINE bool header_passes(uint8_t first, uint8_t second, uint8_t forbidden_rsv) {
  if (kMasking == Masking::kAlways && (second & kMaskBit) == 0) return false;
  if (kMasking == Masking::kNever && (second & kMaskBit) != 0) return false;
  // A message of one frame: FIN, text or binary, no RSV bit. Compressed ones are not for this loop.
  if (kMessages) return static_cast<uint8_t>(first - (kFin | kText)) <= kBinary - kText;
  if ((first & forbidden_rsv) != 0 || !is_defined(first & kOpcodeBits)) return false;
  return !is_control(first) || ((first & kFin) != 0 && (second & ~kMaskBit) <= kMaxControlPayload);
}

// Reads a length of 16 or 64 bits. False when it is not in the shortest form, or may not be there whole.
TW_ALWAYS_INLINE bool read_long_length(const uint8_t *at, size_t left, uint64_t *payload_len, size_t *header_len) {
  if (left < kMaxHeader) return false;
  if (*payload_len == kLength16) {
    *payload_len = load_be16(at + 2);
    *header_len += 2;
    return *payload_len >= kLength16;
  }
  *payload_len = load_be64(at + 2);
  *header_len += 8;
  return *payload_len > UINT16_MAX;
}

// The fields after Frame::tag, for one store: opcode, flags, header_len and key.
template <bool kMessages>
TW_ALWAYS_INLINE uint64_t small_fields(uint8_t first, bool masked, size_t header_len, uint32_t key) {
  const uint64_t opcode = first & kOpcodeBits;
  if (kMessages) return opcode << 8 | uint64_t{kFin} << 16;
  const uint64_t flags = (first & (kFin | kRsvBits)) | (masked ? kFrameMasked : 0u);
  return opcode << 8 | flags << 16 | static_cast<uint64_t>(header_len) << 24 | static_cast<uint64_t>(key) << 32;
}

template <bool kMessages, Masking kMasking>
inline Status loop(FrameBatch *batch) {
  // All that the loop needs is in locals: for all the compiler knows, unmasking a payload changes *batch.
  const uint8_t *const begin = batch->data;
  const uint8_t *const end = batch->data + batch->len;
  const uint64_t max_payload_len = batch->max_payload_len;
  const uint64_t max_short_len = max_payload_len < kLength16 ? max_payload_len : kLength16 - 1;
  const uint64_t base_offset = batch->base_offset;
  const uint8_t forbidden_rsv = static_cast<uint8_t>(kRsvBits & ~batch->rules);
  const uint64_t tag = batch->tag;
  const bool validate = (batch->rules & kValidateText) != 0;
  uint8_t *at = batch->data + batch->pos;
  Frame *out = batch->frames + batch->count;
  const Frame *const out_end = batch->frames + batch->cap;
  Status status = Status::kOk;

  constexpr size_t kLeastFrame = kMasking == Masking::kAlways ? 6 : 2;
  while (out != out_end) {
    const size_t left = static_cast<size_t>(end - at);
    if (TW_UNLIKELY(left < kLeastFrame)) break;
    const uint8_t first = at[0], second = at[1];
    if (TW_UNLIKELY((!header_passes<kMessages, kMasking>(first, second, forbidden_rsv)))) break;

    const bool masked = kMasking == Masking::kAlways || (kMasking == Masking::kEither && (second & kMaskBit) != 0);
    size_t header_len = masked ? 6 : 2;
    uint64_t payload_len = second & ~kMaskBit;
    const bool is_short = payload_len <= max_short_len;
    if (!is_short) {
      if (payload_len < kLength16 || !read_long_length(at, left, &payload_len, &header_len)) break;
      if (payload_len > max_payload_len) break;
    }
    if (kMasking == Masking::kEither && left < header_len) break;
    if (TW_UNLIKELY(left - header_len < payload_len)) break;

    uint8_t *const payload = at + header_len;
    const size_t len = static_cast<size_t>(payload_len);
    const bool text = first == (kFin | kText) && validate;
    uint32_t key = 0;
    bool valid = true;
    if (masked) {
      key = load_raw<uint32_t>(payload - 4);
      valid = TW_LIKELY(is_short) ? unmask_short_payload(payload, len, key, text)
                                  : unmask_long_payload(payload, len, key, text);
    } else if (text) {
      valid = utf8_whole(payload, len);
    }
    if (TW_UNLIKELY(!valid)) {
      batch->error_offset = static_cast<size_t>(payload - begin) + utf8_first_error({}, payload, len);
      mask(payload, payload, len, key);  // the frame stays as it was received
      status = Status::kUtf8;
      break;
    }
    out->payload = payload;
    out->payload_len = payload_len;
    store_raw(&out->tag, tag | small_fields<kMessages>(first, masked, header_len, key));
    out->offset = base_offset + static_cast<size_t>(at - begin);
    out++;
    at = payload + len;
  }
  batch->pos = static_cast<size_t>(at - begin);
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
