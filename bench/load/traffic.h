// SPDX-License-Identifier: MIT
// The frames that are sent and the echoes that must come back. The bulk is made once and shared by all connections; a
// stamp in each payload, written just before use, makes every message different.
#ifndef TIDEWIRE_BENCH_LOAD_TRAFFIC_H_
#define TIDEWIRE_BENCH_LOAD_TRAFFIC_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bench/load/options.h"

namespace tidewire::load {

// A batch is what one connection has under way: `pipeline` messages of `size` bytes. Batch `round` of a connection
// differs from every other batch of any connection. The echo of a raw server is what was sent.
class Traffic {
 public:
  explicit Traffic(const Options &options);

  size_t sent_len() const { return sent_frame_len_ * pipeline_; }
  size_t echo_len() const { return echo_frame_len_ * pipeline_; }
  size_t echo_frame_len() const { return echo_frame_len_; }

  // The bytes of a batch from `offset` on; valid until the next call.
  std::span<const uint8_t> sent(uint32_t connection, uint64_t round, size_t offset);
  // The same of its echo: `len` bytes, which it must have.
  std::span<const uint8_t> echo(uint32_t connection, uint64_t round, size_t offset, size_t len);

 private:
  struct Variant {
    std::vector<uint8_t> sent;
    std::vector<uint8_t> echo;
    std::vector<uint64_t> keys;  // of each frame, twice the four bytes
  };

  void make_variant(bool text, uint64_t seed, Variant *out) const;
  Variant &variant(uint32_t connection, uint64_t round) { return variants_[(connection + round) % variants_.size()]; }

  bool raw_;
  size_t pipeline_;
  size_t stamp_len_;
  size_t sent_header_len_;
  size_t echo_header_len_;
  size_t sent_frame_len_;
  size_t echo_frame_len_;
  size_t size_;
  std::vector<Variant> variants_;
};

}  // namespace tidewire::load

#endif  // TIDEWIRE_BENCH_LOAD_TRAFFIC_H_
