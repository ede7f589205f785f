// SPDX-License-Identifier: MIT
// FRAMES of README.md: output that is compared after inflation, because every compressor may write it in its own way.
#ifndef TIDEWIRE_TESTS_VECTORS_DEFLATED_FRAMES_H_
#define TIDEWIRE_TESTS_VECTORS_DEFLATED_FRAMES_H_

#include <stdint.h>
#include <tidewire/tidewire.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "tests/reference/connection_ref.h"

namespace tidewire::test {

struct ExpectedFrame {
  uint8_t first = 0;
  bool masked = false;
  reference::Bytes key;
  reference::Bytes data;
};

// What the peer of one connection would make of its frames.
class FrameInflater {
 public:
  FrameInflater() = default;
  ~FrameInflater();
  FrameInflater(const FrameInflater &) = delete;
  FrameInflater &operator=(const FrameInflater &) = delete;

  // Says how output differs from the frames; empty where it does not. `terms` are those of the side that sent it.
  std::string compare(reference::Bytes output, const std::vector<ExpectedFrame> &expected, const tw_deflate &terms);

 private:
  std::string compare_frame(const tw_frame &frame, const ExpectedFrame &expected, const tw_deflate &terms);
  bool begin_message(const tw_deflate &terms);
  bool inflate_all(reference::Bytes payload, reference::Bytes *out);

  z_stream stream_ = {};
  bool is_ready_ = false;
  bool in_compressed_message_ = false;
  bool at_block_boundary_ = false;  // after what was inflated last
};

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_VECTORS_DEFLATED_FRAMES_H_
