// SPDX-License-Identifier: MIT
// The frame loop, included once by each frame_batch_<isa>.cc inside its namespace and target region, hence no guard and
// no includes. One turn reads one frame; whatever it does not understand at once it leaves to parse_frame_header.

// The longest payload that is unmasked without a call.
constexpr size_t kInlinePayload = 4 * ShortVec::kSize;

inline bool utf8_whole(const uint8_t *data, size_t len) {
  Utf8State state;
  return utf8_step(&state, data, len) && state.need == 0;
}

// Unmasks a payload in place. False when it had to be UTF-8 and is not.
TW_ALWAYS_INLINE bool unmask_payload(uint8_t *payload, size_t len, uint32_t key, bool text) {
  if (TW_LIKELY(len <= kInlinePayload)) {
    const bool ascii = !xor_short<ShortVec>(payload, payload, len, key);
    return ascii || !text || utf8_whole(payload, len);
  }
  if (!text) {
    mask(payload, payload, len, key);
    return true;
  }
  Utf8State state;
  return unmask_utf8(payload, payload, len, key, &state) && state.need == 0;
}

// The rules of a batch, as the loop tests them on the first two bytes.
struct HeaderTest {
  uint8_t forbidden_rsv;  // bits of the first byte
  uint8_t mask_bit;       // that the second byte must have where `mask_care` has it
  uint8_t mask_care;

  explicit HeaderTest(uint32_t rules)
      : forbidden_rsv(static_cast<uint8_t>(kRsvBits & ~rules)),
        mask_bit((rules & kRequireMasked) != 0 ? kMaskBit : 0),
        mask_care((rules & (kRequireMasked | kRequireUnmasked)) != 0 ? kMaskBit : 0) {}

  template <bool kMessages>
  TW_ALWAYS_INLINE bool passes(uint8_t first, uint8_t second) const {
    if (((second ^ mask_bit) & mask_care) != 0) return false;
    // A message of one frame: FIN, text or binary, no RSV bit. Compressed ones are not for this loop.
    if (kMessages) return static_cast<uint8_t>(first - (kFin | kText)) <= kBinary - kText;
    if ((first & forbidden_rsv) != 0 || !is_defined(first & kOpcodeBits)) return false;
    return !is_control(first) || ((first & kFin) != 0 && (second & ~kMaskBit) <= kMaxControlPayload);
  }
};

template <bool kMessages>
inline Status loop(FrameBatch *batch) {
  const HeaderTest test(batch->rules);
  const bool validate = (batch->rules & kValidateText) != 0;
  const uint8_t *const begin = batch->data;
  const uint8_t *const end = batch->data + batch->len;
  uint8_t *at = batch->data + batch->pos;
  Frame *out = batch->frames + batch->count;
  const Frame *const out_end = batch->frames + batch->cap;
  Status status = Status::kOk;

  while (out != out_end) {
    const size_t left = static_cast<size_t>(end - at);
    if (left < 2) break;
    const uint8_t first = at[0], second = at[1];
    if (TW_UNLIKELY(!test.template passes<kMessages>(first, second))) break;

    const bool masked = (second & kMaskBit) != 0;
    size_t header_len = masked ? 6 : 2;
    uint64_t payload_len = second & ~kMaskBit;
    if (payload_len >= kLength16) {
      if (left < kMaxHeader) break;
      if (payload_len == kLength16) {
        payload_len = load_be16(at + 2);
        if (payload_len < kLength16) break;
        header_len += 2;
      } else {
        payload_len = load_be64(at + 2);
        if (payload_len <= UINT16_MAX) break;
        header_len += 8;
      }
    }
    if (payload_len > batch->max_payload_len || left < header_len || left - header_len < payload_len) break;

    uint8_t *const payload = at + header_len;
    const size_t len = static_cast<size_t>(payload_len);
    const bool text = first == (kFin | kText) && validate;
    uint32_t key = 0;
    bool valid = true;
    if (masked) {
      key = load_raw<uint32_t>(payload - 4);
      valid = unmask_payload(payload, len, key, text);
    } else if (text) {
      valid = utf8_whole(payload, len);
    }
    if (TW_UNLIKELY(!valid)) {
      batch->error_offset = static_cast<size_t>(payload - begin) + utf8_first_error({}, payload, len);
      status = Status::kUtf8;
      break;
    }
    const uint8_t flags =
        kMessages ? kFin : static_cast<uint8_t>((first & (kFin | kRsvBits)) | (masked ? kFrameMasked : 0));
    *out++ = {payload,
              payload_len,
              batch->tag,
              static_cast<uint8_t>(first & kOpcodeBits),
              flags,
              static_cast<uint8_t>(kMessages ? 0 : header_len),
              kMessages ? 0 : key,
              batch->base_offset + static_cast<size_t>(at - begin)};
    at = payload + len;
  }
  batch->pos = static_cast<size_t>(at - begin);
  batch->count = static_cast<size_t>(out - batch->frames);
  return status;
}

inline Status loop_messages(FrameBatch *batch) { return loop<true>(batch); }

inline Status loop_frames(FrameBatch *batch) {
  const Status status = loop<false>(batch);
  if (status != Status::kOk || batch->pos == batch->len) return status;
  if (batch->count == batch->cap) return Status::kNeedRoom;
  FrameHeader header;
  const Status fault = parse_frame_header(batch->data + batch->pos, batch->len - batch->pos, batch->rules, &header);
  if (fault != Status::kOk) return fault;
  return header.payload_len > batch->max_payload_len ? Status::kLimitFrame : Status::kNeedInput;
}
