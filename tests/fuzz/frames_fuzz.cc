// SPDX-License-Identifier: MIT
// tw_frames_decode and tw_frame_decode against the reference, with every kernel row. What was read is encoded again and
// must give the bytes that were read.
// Input: one byte of rules, one of capacity, then the read buffer.
#include <stdlib.h>
#include <string.h>
#include <tidewire/tidewire.h>
#include <tidewire/tw_unstable.h>

#include <vector>

#include "tests/fuzz/fuzz_input.h"
#include "tests/reference/frame_ref.h"

namespace {

using tidewire::fuzz::Input;
using tidewire::reference::Frame;
using tidewire::reference::FrameHeader;
using tidewire::reference::Frames;
using Bytes = std::vector<uint8_t>;

constexpr size_t kCanaryFrames = 1;

uint8_t flags_of(const FrameHeader &header) {
  return static_cast<uint8_t>((header.fin ? TW_FRAME_FIN : 0) | (header.rsv1 ? TW_FRAME_RSV1 : 0) |
                              (header.rsv2 ? TW_FRAME_RSV2 : 0) | (header.rsv3 ? TW_FRAME_RSV3 : 0) |
                              (header.masked ? TW_FRAME_MASKED : 0));
}

void check_header(const tw_frame &got, const FrameHeader &want) {
  FUZZ_CHECK(got.opcode == want.opcode);
  FUZZ_CHECK(got.flags == flags_of(want));
  FUZZ_CHECK(got.reserved == 0);
  FUZZ_CHECK(got.header_len == want.len);
  FUZZ_CHECK(got.payload_len == want.payload_len);
  FUZZ_CHECK(memcmp(got.masking_key, want.masking_key.data(), 4) == 0);
}

void check_frame(const tw_frame &got, const Frame &want, const uint8_t *data) {
  check_header(got, want.header);
  FUZZ_CHECK(got.offset == want.offset);
  FUZZ_CHECK(got.payload == data + want.offset + want.header.len);
  FUZZ_CHECK(want.payload.empty() || memcmp(got.payload, want.payload.data(), want.payload.size()) == 0);
}

// Headers and payloads, as they lie, are what was on the wire. Masks the payloads.
void check_views(const std::vector<tw_frame> &frames, size_t count, const uint8_t *wire, size_t len) {
  Bytes headers(count * TW_FRAME_HEADER_MAX);
  std::vector<tw_view> views(2 * count);
  size_t headers_len = 0;
  size_t view_count = 0;
  FUZZ_CHECK(tw_frames_encode_views(frames.data(), count, headers.data(), headers.size(), &headers_len, views.data(),
                                    &view_count) == TW_OK);
  size_t at = 0;
  for (size_t i = 0; i < view_count; ++i) {
    FUZZ_CHECK(views[i].len > 0 && views[i].len <= len - at && memcmp(views[i].data, wire + at, views[i].len) == 0);
    at += views[i].len;
  }
  FUZZ_CHECK(at == len);
}

// Encoding is the inverse of decoding: headers are minimal, so there is only one way to write a frame.
void check_encoded(const std::vector<tw_frame> &frames, size_t count, const uint8_t *wire, size_t len) {
  Bytes out(len);
  size_t out_len = 0;
  FUZZ_CHECK(tw_frames_encode(frames.data(), count, out.data(), out.size(), &out_len) == TW_OK);
  FUZZ_CHECK(out_len == len);
  FUZZ_CHECK(len == 0 || memcmp(out.data(), wire, len) == 0);
  check_views(frames, count, wire, len);
}

void check_batch(const uint8_t *wire, size_t len, uint32_t rules, size_t cap) {
  const Frames want = tidewire::reference::frames(wire, len, rules, cap);
  Bytes data(wire, wire + len);
  std::vector<tw_frame> frames(cap + kCanaryFrames);
  memset(frames.data(), 0xA5, frames.size() * sizeof(tw_frame));
  const tw_frame canary = frames[cap];
  size_t count = ~size_t{0};
  size_t consumed = ~size_t{0};
  const tw_status status = tw_frames_decode(data.data(), len, rules, frames.data(), cap, &count, &consumed);
  FUZZ_CHECK(status == want.status);
  FUZZ_CHECK(count == want.frames.size());
  FUZZ_CHECK(consumed == want.consumed);
  for (size_t i = 0; i < count; ++i) check_frame(frames[i], want.frames[i], data.data());
  FUZZ_CHECK(memcmp(&frames[cap], &canary, sizeof(canary)) == 0);
  // What was not read is as it was.
  FUZZ_CHECK(consumed == len || memcmp(data.data() + consumed, wire + consumed, len - consumed) == 0);
  check_encoded(frames, count, wire, consumed);
}

void check_first_header(const uint8_t *wire, size_t len, uint32_t rules) {
  FrameHeader want = {};
  const tw_status expected = tidewire::reference::frame_header(wire, len, rules, &want);
  tw_frame got = {};
  FUZZ_CHECK(tw_frame_decode(wire, len, rules, &got) == expected);
  if (expected != TW_OK) return;
  check_header(got, want);
  FUZZ_CHECK(got.payload == nullptr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_len) {
  Input parameters(input, input_len);
  uint32_t rules = parameters.byte() & 0x77u;
  // The two directions exclude each other.
  if ((rules & TW_DECODE_REQUIRE_MASKED) != 0) rules &= ~TW_DECODE_REQUIRE_UNMASKED;
  const size_t cap = parameters.byte();
  const uint8_t *wire = parameters.rest();
  const size_t len = parameters.rest_len();
  check_first_header(wire, len, rules);
  for (size_t i = 0; i < tw_unstable_kernel_count(); ++i) {
    tidewire::fuzz::g_context = tw_unstable_kernel_name(i);
    FUZZ_CHECK(tw_unstable_kernel_select(tidewire::fuzz::g_context) == TW_OK);
    check_batch(wire, len, rules, cap);
  }
  return 0;
}
