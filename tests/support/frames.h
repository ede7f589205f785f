// SPDX-License-Identifier: MIT
// Frames for tests: built octet by octet from a terse description, without the engine, and what is expected of decoding
// them.
#ifndef TIDEWIRE_TESTS_SUPPORT_FRAMES_H_
#define TIDEWIRE_TESTS_SUPPORT_FRAMES_H_

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <tidewire/tidewire.h>

#include <array>
#include <utility>
#include <vector>

#include "tests/reference/frame_ref.h"
#include "tests/reference/mask_ref.h"
#include "tests/support/test_bytes.h"

namespace tidewire::test {

using Key = std::array<uint8_t, 4>;
inline constexpr Key kRfcKey = {0x37, 0xFA, 0x21, 0x3D};  // of the examples in RFC 6455 §5.7

enum class LengthForm { kMinimal, k7Bit, k16Bit, k64Bit };

// What a frame looks like. The fields that nobody sets make a whole, unmasked, empty binary message.
struct FrameSpec {
  uint8_t opcode = TW_OPCODE_BINARY;
  uint8_t flags = TW_FRAME_FIN;  // TW_FRAME_...
  Bytes payload = {};            // before masking
  Key key = kRfcKey;             // used with TW_FRAME_MASKED
  LengthForm form = LengthForm::kMinimal;
};

// A header that declares `payload_len` bytes, in a form that may be wrong for it.
inline Bytes header_bytes(const FrameSpec &spec, uint64_t payload_len) {
  const uint8_t mask_bit = (spec.flags & TW_FRAME_MASKED) != 0 ? 0x80 : 0;
  LengthForm form = spec.form;
  if (form == LengthForm::kMinimal) {
    form = payload_len < 126 ? LengthForm::k7Bit : payload_len < 65536 ? LengthForm::k16Bit : LengthForm::k64Bit;
  }
  Bytes out = {static_cast<uint8_t>((spec.flags & 0xF0) | spec.opcode)};
  const auto add_big_endian = [&](int bytes) {
    for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<uint8_t>(payload_len >> (8 * i)));
  };
  if (form == LengthForm::k7Bit) {
    out.push_back(static_cast<uint8_t>(mask_bit | (payload_len & 0x7F)));
  } else if (form == LengthForm::k16Bit) {
    out.push_back(mask_bit | 126);
    add_big_endian(2);
  } else {
    out.push_back(mask_bit | 127);
    add_big_endian(8);
  }
  if (mask_bit != 0) out.insert(out.end(), spec.key.begin(), spec.key.end());
  return out;
}

// The whole frame as it stands on the wire.
inline Bytes wire(const FrameSpec &spec) {
  Bytes out = header_bytes(spec, spec.payload.size());
  const size_t header_len = out.size();
  out.insert(out.end(), spec.payload.begin(), spec.payload.end());
  if ((spec.flags & TW_FRAME_MASKED) != 0) {
    reference::mask(out.data() + header_len, spec.payload.data(), spec.payload.size(), spec.key.data(), 0);
  }
  return out;
}

inline Bytes wire_all(const std::vector<FrameSpec> &specs) {
  Bytes out;
  for (const FrameSpec &spec : specs) {
    const Bytes one = wire(spec);
    out.insert(out.end(), one.begin(), one.end());
  }
  return out;
}

// A frame as descriptors have it; `spec` owns the payload. For the encoders.
inline tw_frame descriptor(FrameSpec &spec) {
  tw_frame frame = {};
  frame.payload = spec.payload.data();
  frame.payload_len = spec.payload.size();
  frame.opcode = spec.opcode;
  frame.flags = spec.flags;
  memcpy(frame.masking_key, spec.key.data(), spec.key.size());
  return frame;
}

// Whether the decoded descriptor says what the reference read. `data` is the buffer that was decoded.
inline ::testing::AssertionResult same_frame(const tw_frame &got, const reference::Frame &want, const uint8_t *data) {
  const reference::FrameHeader &header = want.header;
  const uint8_t flags = static_cast<uint8_t>((header.fin ? TW_FRAME_FIN : 0) | (header.rsv1 ? TW_FRAME_RSV1 : 0) |
                                             (header.rsv2 ? TW_FRAME_RSV2 : 0) | (header.rsv3 ? TW_FRAME_RSV3 : 0) |
                                             (header.masked ? TW_FRAME_MASKED : 0));
  const auto differs = [](const char *what) { return ::testing::AssertionFailure() << what << " differs"; };
  if (got.opcode != header.opcode) return differs("opcode");
  if (got.flags != flags) return differs("flags");
  if (got.reserved != 0) return differs("reserved");
  if (got.header_len != header.len) return differs("header_len");
  if (got.offset != want.offset) return differs("offset");
  if (memcmp(got.masking_key, header.masking_key.data(), 4) != 0) return differs("masking_key");
  if (got.payload_len != want.payload.size()) return differs("payload_len");
  if (got.payload != data + want.offset + header.len) return differs("payload pointer");
  return same_bytes({got.payload, want.payload.size()}, view(want.payload));
}

// The result of tw_frames_decode on a copy of some bytes, which it keeps.
struct Decoded {
  Bytes data;
  tw_status status = TW_OK;
  std::vector<tw_frame> frames;
  size_t count = 0;
  size_t consumed = 0;
};

inline Decoded decode(Bytes data, uint32_t rules, size_t cap = 64) {
  Decoded out;
  out.data = std::move(data);
  out.frames.resize(cap);
  out.status =
      tw_frames_decode(out.data.data(), out.data.size(), rules, out.frames.data(), cap, &out.count, &out.consumed);
  return out;
}

// Whether a decoded batch is what the reference reads in the same bytes.
inline ::testing::AssertionResult same_batch(tw_status status, const tw_frame *got, size_t count, size_t consumed,
                                             const uint8_t *data, const reference::Frames &want) {
  if (status != want.status) {
    return ::testing::AssertionFailure() << tw_status_name(status) << ", expected " << tw_status_name(want.status);
  }
  if (count != want.frames.size()) {
    return ::testing::AssertionFailure() << count << " frames, expected " << want.frames.size();
  }
  if (consumed != want.consumed) {
    return ::testing::AssertionFailure() << consumed << " bytes consumed, expected " << want.consumed;
  }
  for (size_t i = 0; i < count; ++i) {
    const ::testing::AssertionResult same = same_frame(got[i], want.frames[i], data);
    if (!same) return ::testing::AssertionFailure() << "frame " << i << ": " << same.message();
  }
  return ::testing::AssertionSuccess();
}

// What the buffer must hold afterwards: the payloads that were read are unmasked, no other byte changed.
inline Bytes buffer_after(Bytes bytes, const reference::Frames &want) {
  for (const reference::Frame &frame : want.frames) {
    if (frame.payload.empty()) continue;
    memcpy(bytes.data() + frame.offset + frame.header.len, frame.payload.data(), frame.payload.size());
  }
  return bytes;
}

// Decodes a copy of `bytes` and compares status, count, consumed bytes, every frame and the buffer with the reference.
inline ::testing::AssertionResult decodes_as_reference(const Bytes &bytes, uint32_t rules, size_t cap = 64) {
  const Decoded got = decode(bytes, rules, cap);
  const reference::Frames want = reference::frames(bytes.data(), bytes.size(), rules, cap);
  const ::testing::AssertionResult same =
      same_batch(got.status, got.frames.data(), got.count, got.consumed, got.data.data(), want);
  return same ? same_bytes(view(got.data), view(buffer_after(bytes, want))) : same;
}

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_SUPPORT_FRAMES_H_
