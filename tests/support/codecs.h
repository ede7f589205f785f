// SPDX-License-Identifier: MIT
// Inflater and Deflater for tests: over memory that is counted, fed in pieces, with spans that end at a guard page.
#ifndef TIDEWIRE_TESTS_SUPPORT_CODECS_H_
#define TIDEWIRE_TESTS_SUPPORT_CODECS_H_

#include <gtest/gtest.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <algorithm>

#include "core/buffer/lease.h"
#include "core/message/deflate.h"
#include "tests/support/counting_allocator.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/test_bytes.h"

namespace tidewire::test {

// A lender over an allocator that counts.
struct LentMemory {
  LentMemory() { source.allocator = counting.core(); }

  CountingAllocator counting;
  LeaseSource source;
  Lender lender{&source};
};

// An inflater whose input comes in pieces and whose output goes to small spans, all of them against a guard page.
class InflaterUnderTest {
 public:
  explicit InflaterUnderTest(unsigned window_bits = 15) {
    EXPECT_EQ(Inflater::create(&memory.lender, window_bits, &inflater), Status::kOk);
  }
  ~InflaterUnderTest() {
    Inflater::destroy(&memory.lender, inflater);
    EXPECT_EQ(memory.lender.held_len(), 0u);
  }

  // A whole message. What it came to, the bytes before a fault included, is appended to `got`.
  Status message(const Bytes &payload, size_t piece = SIZE_MAX, size_t room = 4096) {
    size_t at = 0;
    while (at < payload.size()) {
      const size_t len = std::min(piece, payload.size() - at);
      const Status status = drain(payload.data() + at, len, room);
      if (status != Status::kOk) return status;
      at += len;
    }
    Status status;
    do {
      status = into_span(room, [&](MutBytes *out) { return inflater->finish(out); });
    } while (status == Status::kNeedRoom);
    return status;
  }

  LentMemory memory;
  Inflater *inflater = nullptr;
  Bytes got;

 private:
  Status drain(const uint8_t *data, size_t len, size_t room) {
    in_.refill(in_.back(len), len);
    if (len > 0) memcpy(in_.back(len), data, len);
    ByteView in = {in_.back(len), len};
    Status status;
    do {
      status = into_span(room, [&](MutBytes *out) { return inflater->inflate(&in, out); });
    } while (status == Status::kNeedRoom);
    EXPECT_TRUE(status != Status::kOk || in.size == 0);
    return status;
  }

  template <typename Call>
  Status into_span(size_t room, Call call) {
    uint8_t *start = out_.back(room);
    MutBytes out = {start, room};
    const Status status = call(&out);
    EXPECT_EQ(out.data + out.size, start + room);
    EXPECT_TRUE(status != Status::kNeedRoom || out.size == 0);
    got.insert(got.end(), start, out.data);
    return status;
  }

  GuardedBuffer in_{size_t{1} << 20};
  GuardedBuffer out_{size_t{1} << 16};
};

class DeflaterUnderTest {
 public:
  DeflaterUnderTest(unsigned level, unsigned memory_level, unsigned window_bits) {
    EXPECT_EQ(Deflater::create(&memory.lender, level, memory_level, window_bits, &deflater), Status::kOk);
  }
  ~DeflaterUnderTest() {
    Deflater::destroy(&memory.lender, deflater);
    EXPECT_EQ(memory.lender.held_len(), 0u);
  }

  Bytes fragment(const Bytes &bytes, bool last) {
    Bytes in = bytes;
    Bytes out(Deflater::bound(in.size()));
    size_t len = SIZE_MAX;
    EXPECT_EQ(deflater->deflate(view(in), last, {out.data(), out.size()}, &len), Status::kOk);
    EXPECT_LE(len, out.size());
    std::fill(in.begin(), in.end(), uint8_t{0xEE});  // the next fragment must not refer to this memory
    out.resize(len);
    return out;
  }
  Bytes message(const Bytes &bytes) { return fragment(bytes, true); }

  LentMemory memory;
  Deflater *deflater = nullptr;
};

// Bytes with repetitions near and far, and some without.
inline Bytes mixed(Rng &rng, size_t len) {
  Bytes out;
  while (out.size() < len) {
    const size_t part = pick(rng, 1, 300);
    if (out.empty() || rng() % 3 == 0) {
      const Bytes fresh = random_bytes(rng, part);
      out.insert(out.end(), fresh.begin(), fresh.end());
    } else {
      const size_t distance = pick(rng, 1, out.size());
      for (size_t i = 0; i < part; ++i) out.push_back(out[out.size() - distance]);
    }
  }
  out.resize(len);
  return out;
}

// Bytes of which no more than a few are alike, and that cost 9 bits each in the fixed code.
inline Bytes incompressible(Rng &rng, size_t len) {
  Bytes out(len);
  for (uint8_t &byte : out) byte = static_cast<uint8_t>(pick(rng, 144, 255));
  return out;
}

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_SUPPORT_CODECS_H_
