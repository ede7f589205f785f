// SPDX-License-Identifier: MIT
#include "tests/vectors/deflated_frames.h"

#include <algorithm>

namespace tidewire::test {

using reference::Bytes;

namespace {

constexpr int kBlockBoundary = 128;  // in z_stream.data_type

}  // namespace

FrameInflater::~FrameInflater() {
  if (is_ready_) inflateEnd(&stream_);
}

std::string FrameInflater::compare(Bytes output, const std::vector<ExpectedFrame> &expected, const tw_deflate &terms) {
  const bool is_client = !expected.empty() && expected[0].masked;
  const uint32_t rules = TW_DECODE_ALLOW_RSV1 | (is_client ? TW_DECODE_REQUIRE_MASKED : TW_DECODE_REQUIRE_UNMASKED);
  std::vector<tw_frame> frames(expected.size() + 1);
  size_t count = 0, consumed = 0;
  const tw_status status =
      tw_frames_decode(output.data(), output.size(), rules, frames.data(), frames.size(), &count, &consumed);
  if (status != TW_OK) return std::string("the output is not frames: ") + tw_status_name(status);
  if (count != expected.size()) return std::to_string(count) + " frames, not " + std::to_string(expected.size());
  for (size_t i = 0; i < count; ++i) {
    const std::string difference = compare_frame(frames[i], expected[i], terms);
    if (!difference.empty()) return "frame " + std::to_string(i) + ": " + difference;
  }
  return "";
}

std::string FrameInflater::compare_frame(const tw_frame &frame, const ExpectedFrame &expected,
                                         const tw_deflate &terms) {
  const unsigned first = (frame.flags & 0xF0u) | frame.opcode;
  if (first != expected.first) return "the first byte is " + std::to_string(first);
  if (expected.masked && !std::equal(expected.key.begin(), expected.key.end(), frame.masking_key)) return "another key";
  Bytes payload(frame.payload, frame.payload + frame.payload_len);
  if ((first & TW_FRAME_RSV1) != 0) {
    if (!begin_message(terms)) return "no compression was agreed on";
    in_compressed_message_ = true;
  }
  const bool is_compressed = in_compressed_message_ && frame.opcode < TW_OPCODE_CLOSE;
  if (is_compressed) {
    const bool is_last = (first & TW_FRAME_FIN) != 0;
    in_compressed_message_ = !is_last;
    if (is_last) payload.insert(payload.end(), {0x00, 0x00, 0xFF, 0xFF});
    Bytes inflated;
    if (!inflate_all(payload, &inflated)) return "the payload cannot be inflated";
    if (is_last && !at_block_boundary_) return "the message ends inside a block";
    payload = inflated;
  }
  return payload == expected.data ? "" : "another payload, of " + std::to_string(payload.size()) + " bytes";
}

bool FrameInflater::begin_message(const tw_deflate &terms) {
  if (terms.enabled == 0) return false;
  if (is_ready_) return (terms.flags & TW_DEFLATE_SEND_TAKEOVER) != 0 || inflateReset(&stream_) == Z_OK;
  is_ready_ = inflateInit2(&stream_, -terms.send_window_bits) == Z_OK;
  return is_ready_;
}

// One byte of output a call: zlib does not check distances within the output of a call against the window.
bool FrameInflater::inflate_all(Bytes payload, Bytes *out) {
  stream_.next_in = payload.data();
  stream_.avail_in = static_cast<uInt>(payload.size());
  for (;;) {
    uint8_t byte = 0;
    stream_.next_out = &byte;
    stream_.avail_out = 1;
    const uInt before = stream_.avail_in;
    const int result = inflate(&stream_, Z_SYNC_FLUSH);
    if (result != Z_OK && result != Z_BUF_ERROR) return false;
    // Only a call that takes input tells where it stands.
    if (stream_.avail_in != before) at_block_boundary_ = (stream_.data_type & kBlockBoundary) != 0;
    if (stream_.avail_out != 0) return stream_.avail_in == 0;
    out->push_back(byte);
  }
}

}  // namespace tidewire::test
