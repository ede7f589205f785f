// SPDX-License-Identifier: MIT
// What a connection's output means: its frames one by one, unmasked and inflated. Compressors are free in what they
// write, so that outputs are compared by this.
#ifndef TIDEWIRE_TESTS_SUPPORT_OUTPUT_READER_H_
#define TIDEWIRE_TESTS_SUPPORT_OUTPUT_READER_H_

#include <stddef.h>
#include <stdint.h>
#include <tidewire/tidewire.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "tests/reference/frame_ref.h"
#include "tests/reference/inflate_ref.h"

namespace tidewire::test {

struct OutputFrame {
  uint8_t first;  // FIN, RSV bits and opcode
  std::array<uint8_t, 4> key;
  reference::Bytes meaning;  // of the payload; of a head, all of it
  size_t payload_len;        // bytes on the wire
};

// Reads the output of one connection in the order in which it was written.
class OutputReader {
 public:
  explicit OutputReader(uint32_t role)
      : rules_(TW_DECODE_ALLOW_RSV1 |
               (role == TW_ROLE_CLIENT ? TW_DECODE_REQUIRE_MASKED : TW_DECODE_REQUIRE_UNMASKED)) {}

  // Whole frames, and heads of the opening handshake. False where it is anything else, or refers to bytes that the peer
  // need not keep by the terms of compression as they are now.
  bool read(const reference::Bytes &output, const tw_deflate &terms, std::vector<OutputFrame> *out) {
    terms_ = terms;
    reference::Bytes rest = output;
    while (!rest.empty()) {
      const size_t head_len = this->head_len(rest);
      if (head_len > 0) {
        out->push_back({0, {}, reference::Bytes(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(head_len)), 0});
        rest.erase(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(head_len));
        continue;
      }
      const reference::Frames frames = reference::frames(rest.data(), rest.size(), rules_, 1);
      if (frames.frames.empty() || !add(frames.frames[0], rest[0], out)) return false;
      rest.erase(rest.begin(), rest.begin() + static_cast<ptrdiff_t>(frames.consumed));
    }
    return true;
  }

  // Payload bytes of compressed messages so far, and what they inflate to.
  uint64_t deflated_len() const { return deflated_len_; }
  uint64_t inflated_len() const { return inflated_len_; }

 private:
  // A refusal has a body, and nothing comes after it.
  static size_t head_len(const reference::Bytes &bytes) {
    const std::string_view text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
    if (!text.starts_with("GET ") && !text.starts_with("HTTP/")) return 0;
    const size_t end = text.starts_with("HTTP/1.1 1") || text.starts_with("GET ") ? text.find("\r\n\r\n") : text.npos;
    return end == text.npos ? bytes.size() : end + 4;
  }

  bool add(const reference::Frame &frame, uint8_t first, std::vector<OutputFrame> *out) {
    out->push_back({first, frame.header.masking_key, frame.payload, frame.payload.size()});
    if (frame.header.opcode >= TW_OPCODE_CLOSE) return !frame.header.rsv1;
    if (frame.header.opcode != TW_OPCODE_CONTINUATION) {
      compressed_ = frame.header.rsv1;
      payload_.clear();
      read_len_ = 0;
    } else if (frame.header.rsv1) {
      return false;
    }
    return !compressed_ || inflate(frame, &out->back().meaning);
  }

  bool inflate(const reference::Frame &frame, reference::Bytes *meaning) {
    payload_.insert(payload_.end(), frame.payload.begin(), frame.payload.end());
    const reference::Inflated message = reference::inflate(payload_, frame.header.fin, window_);
    const size_t window_len = size_t{1} << terms_.send_window_bits;
    if (message.verdict != reference::InflateVerdict::ok || message.max_distance > window_len) return false;
    meaning->assign(message.bytes.begin() + static_cast<ptrdiff_t>(read_len_), message.bytes.end());
    read_len_ = message.bytes.size();
    deflated_len_ += frame.payload.size();
    inflated_len_ += meaning->size();
    if (frame.header.fin && (terms_.flags & TW_DEFLATE_SEND_TAKEOVER) != 0) {
      window_.insert(window_.end(), message.bytes.begin(), message.bytes.end());
    }
    return true;
  }

  uint32_t rules_;
  tw_deflate terms_ = {};
  bool compressed_ = false;   // the message under way
  reference::Bytes payload_;  // of it
  size_t read_len_ = 0;       // of what it means
  reference::Bytes window_;   // what earlier messages mean
  uint64_t deflated_len_ = 0;
  uint64_t inflated_len_ = 0;
};

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_SUPPORT_OUTPUT_READER_H_
