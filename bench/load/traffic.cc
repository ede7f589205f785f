// SPDX-License-Identifier: MIT
#include "bench/load/traffic.h"

#include <algorithm>
#include <cstring>
#include <random>

namespace tidewire::load {
namespace {

constexpr size_t kMaxVariants = 8;
constexpr size_t kVariantsLen = size_t{512} * 1024;  // bytes of all variants; more would only miss the cache
constexpr size_t kStampLen = 16;

// Header of a final frame with the minimal length (RFC 6455 5.2), without a masking key.
size_t write_header(bool text, bool masked, size_t size, uint8_t *out) {
  const uint8_t mask = masked ? 0x80 : 0;
  out[0] = text ? 0x81 : 0x82;
  if (size < 126) {
    out[1] = static_cast<uint8_t>(mask | size);
    return 2;
  }
  const size_t width = size < 65536 ? 2 : 8;
  out[1] = mask | (width == 2 ? 126 : 127);
  for (size_t i = 0; i < width; i++) out[2 + i] = static_cast<uint8_t>(uint64_t{size} >> (8 * (width - 1 - i)));
  return 2 + width;
}

// 32 bits as eight of the letters a-p, so that text stays text.
uint64_t letters(uint32_t value) {
  uint64_t spread = value;
  spread = (spread | spread << 16) & 0x0000ffff0000ffff;
  spread = (spread | spread << 8) & 0x00ff00ff00ff00ff;
  spread = (spread | spread << 4) & 0x0f0f0f0f0f0f0f0f;
  return spread + 0x6161616161616161;
}

// Writes the message's number and its connection. Where the payload is shorter, the lowest digits of the number remain.
void stamp(uint8_t *payload, size_t len, uint64_t number, uint32_t connection, uint64_t key) {
  const uint64_t words[2] = {letters(static_cast<uint32_t>(number)) ^ key, letters(connection) ^ key};
  if (len == kStampLen) {
    std::memcpy(payload, words, kStampLen);
  } else {
    std::memcpy(payload, words, len);
  }
}

}  // namespace

Traffic::Traffic(const Options &options)
    : raw_(options.raw),
      pipeline_(options.pipeline),
      stamp_len_(std::min(size_t{options.size}, kStampLen)),
      size_(options.size) {
  uint8_t header[14];
  echo_header_len_ = write_header(options.text, false, size_, header);
  sent_header_len_ = echo_header_len_ + 4;
  sent_frame_len_ = sent_header_len_ + size_;
  echo_frame_len_ = raw_ ? sent_frame_len_ : echo_header_len_ + size_;
  variants_.resize(std::clamp(kVariantsLen / sent_len(), size_t{1}, kMaxVariants));
  for (size_t i = 0; i < variants_.size(); i++) make_variant(options.text, i, &variants_[i]);
}

void Traffic::make_variant(bool text, uint64_t seed, Variant *out) const {
  std::mt19937_64 random(seed);
  out->sent.resize(sent_len());
  out->echo.resize(echo_len());
  out->keys.resize(pipeline_);
  for (size_t i = 0; i < pipeline_; i++) {
    uint8_t *sent = out->sent.data() + i * sent_frame_len_;
    uint8_t *echo = out->echo.data() + i * echo_frame_len_;
    const uint64_t half = random() & 0xffffffff;
    out->keys[i] = half << 32 | half;
    write_header(text, true, size_, sent);
    std::memcpy(sent + sent_header_len_ - 4, &out->keys[i], 4);
    write_header(text, false, size_, echo);
    for (size_t j = 0; j < size_; j++) {
      const uint64_t value = random();
      const auto byte = static_cast<uint8_t>(text ? ' ' + value % 95 : value);
      echo[echo_header_len_ + j] = byte;
      sent[sent_header_len_ + j] = byte ^ sent[sent_header_len_ - 4 + j % 4];
    }
  }
}

std::span<const uint8_t> Traffic::sent(uint32_t connection, uint64_t round, size_t offset) {
  Variant &chosen = variant(connection, round);
  for (size_t i = offset / sent_frame_len_; i < pipeline_; i++) {
    uint8_t *payload = chosen.sent.data() + i * sent_frame_len_ + sent_header_len_;
    stamp(payload, stamp_len_, round * pipeline_ + i, connection, chosen.keys[i]);
  }
  return std::span<const uint8_t>(chosen.sent).subspan(offset);
}

std::span<const uint8_t> Traffic::echo(uint32_t connection, uint64_t round, size_t offset, size_t len) {
  if (raw_) return sent(connection, round, offset).first(len);
  Variant &chosen = variant(connection, round);
  for (size_t i = offset / echo_frame_len_; i * echo_frame_len_ < offset + len; i++) {
    uint8_t *payload = chosen.echo.data() + i * echo_frame_len_ + echo_header_len_;
    stamp(payload, stamp_len_, round * pipeline_ + i, connection, 0);
  }
  return std::span<const uint8_t>(chosen.echo).subspan(offset, len);
}

}  // namespace tidewire::load
