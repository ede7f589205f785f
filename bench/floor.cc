// SPDX-License-Identifier: MIT
// The floor rows. Each length is covered by vectors of which the last overlap those before; all that overlap are loaded
// before anything is stored, so that masking works in place.
#include "bench/peers.h"
#include "core/base/endian.h"
#include "core/base/macros.h"

#if TW_ARCH_X86_64
#include <immintrin.h>

namespace tidewire::bench {

TW_TARGET_BEGIN("avx2")
namespace {

// The key as it begins `skip` bytes further on.
TW_ALWAYS_INLINE uint32_t advance(uint32_t key, size_t skip) {
  return static_cast<uint32_t>((uint64_t{key} << 32 | key) >> (8 * (skip % 4)));
}

// Two overlapping words. Returns the bits that are set in any byte written.
template <class Word>
TW_ALWAYS_INLINE Word mask_pair(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key) {
  constexpr Word kEach = static_cast<Word>(~Word{0} / 0xffffffffu);  // 1 in every 4 bytes
  const Word first = load_raw<Word>(src) ^ key * kEach;
  const Word last = load_raw<Word>(src + len - sizeof(Word)) ^ advance(key, len) * kEach;
  store_raw(dst, first);
  store_raw(dst + len - sizeof(Word), last);
  return first | last;
}

// At most 31 bytes. Returns whether all that was written is ASCII.
TW_ALWAYS_INLINE bool mask_short(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key) {
  if (len >= 16) {
    const auto load = [](const uint8_t *p) { return _mm_loadu_si128(reinterpret_cast<const __m128i *>(p)); };
    const auto store = [](uint8_t *p, __m128i v) { _mm_storeu_si128(reinterpret_cast<__m128i *>(p), v); };
    const __m128i first = _mm_xor_si128(load(src), _mm_set1_epi32(static_cast<int>(key)));
    const __m128i last = _mm_xor_si128(load(src + len - 16), _mm_set1_epi32(static_cast<int>(advance(key, len))));
    store(dst, first);
    store(dst + len - 16, last);
    return _mm_movemask_epi8(_mm_or_si128(first, last)) == 0;
  }
  if (len >= 8) return (mask_pair<uint64_t>(dst, src, len, key) & 0x8080808080808080u) == 0;
  if (len >= 4) return (mask_pair<uint32_t>(dst, src, len, key) & 0x80808080u) == 0;
  if (len == 0) return true;
  const auto masked = [&](size_t i) { return static_cast<uint8_t>(src[i] ^ advance(key, i)); };
  const uint8_t first = masked(0), middle = masked(len / 2), last = masked(len - 1);
  dst[0] = first;
  dst[len / 2] = middle;
  dst[len - 1] = last;
  return ((first | middle | last) & 0x80) == 0;
}

TW_ALWAYS_INLINE __m256i load_masked(const uint8_t *p, __m256i key) {
  return _mm256_xor_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(p)), key);
}

TW_ALWAYS_INLINE __m256i store_vector(uint8_t *p, __m256i v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i *>(p), v);
  return v;
}

TW_ALWAYS_INLINE __m256i any_of(__m256i a, __m256i b, __m256i c, __m256i d) {
  return _mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d));
}

// Returns whether all that was written is ASCII; the compiler drops the test where nobody asks.
TW_ALWAYS_INLINE bool mask_any(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key) {
  if (len < 32) return mask_short(dst, src, len, key);
  const __m256i head = _mm256_set1_epi32(static_cast<int>(key));
  const __m256i tail = _mm256_set1_epi32(static_cast<int>(advance(key, len)));
  __m256i seen;
  if (len <= 64) {
    const __m256i a = load_masked(src, head), b = load_masked(src + len - 32, tail);
    seen = _mm256_or_si256(store_vector(dst, a), store_vector(dst + len - 32, b));
  } else {
    const size_t last = len - 64;
    const __m256i c = load_masked(src + last, tail), d = load_masked(src + last + 32, tail);
    if (len <= 128) {
      const __m256i a = load_masked(src, head), b = load_masked(src + 32, head);
      seen = _mm256_or_si256(store_vector(dst, a), store_vector(dst + 32, b));
    } else {
      const size_t before = len - 128;
      const __m256i a = load_masked(src + before, tail), b = load_masked(src + before + 32, tail);
      seen = _mm256_setzero_si256();
      for (size_t i = 0; i < before; i += 128) {
        const __m256i v0 = load_masked(src + i, head), v1 = load_masked(src + i + 32, head);
        const __m256i v2 = load_masked(src + i + 64, head), v3 = load_masked(src + i + 96, head);
        seen = _mm256_or_si256(seen, any_of(store_vector(dst + i, v0), store_vector(dst + i + 32, v1),
                                            store_vector(dst + i + 64, v2), store_vector(dst + i + 96, v3)));
      }
      seen = _mm256_or_si256(seen, _mm256_or_si256(store_vector(dst + before, a), store_vector(dst + before + 32, b)));
    }
    seen = _mm256_or_si256(seen, _mm256_or_si256(store_vector(dst + last, c), store_vector(dst + last + 32, d)));
  }
  return _mm256_movemask_epi8(seen) == 0;
}

void floor_mask(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key) { mask_any(dst, src, len, key); }

// The same with stores that do not cross cache lines: the first vector covers the bytes before the first aligned one.
void floor_mask_aligned(uint8_t *dst, const uint8_t *src, size_t len, uint32_t key) {
  if (len <= 128) return floor_mask(dst, src, len, key);
  const __m256i first = load_masked(src, _mm256_set1_epi32(static_cast<int>(key)));
  const size_t skip = 32 - reinterpret_cast<uintptr_t>(dst) % 32;
  const __m256i head = _mm256_set1_epi32(static_cast<int>(advance(key, skip)));
  const __m256i tail = _mm256_set1_epi32(static_cast<int>(advance(key, len)));
  const size_t before = len - 128;
  const __m256i a = load_masked(src + before, tail), b = load_masked(src + before + 32, tail);
  const __m256i c = load_masked(src + before + 64, tail), d = load_masked(src + before + 96, tail);
  for (size_t i = skip; i < before; i += 128) {
    const __m256i v0 = load_masked(src + i, head), v1 = load_masked(src + i + 32, head);
    const __m256i v2 = load_masked(src + i + 64, head), v3 = load_masked(src + i + 96, head);
    store_vector(dst + i, v0);
    store_vector(dst + i + 32, v1);
    store_vector(dst + i + 64, v2);
    store_vector(dst + i + 96, v3);
  }
  store_vector(dst, first);
  store_vector(dst + before, a);
  store_vector(dst + before + 32, b);
  store_vector(dst + before + 64, c);
  store_vector(dst + before + 96, d);
}

bool floor_unmask_ascii(uint8_t *data, size_t len, uint32_t key) { return mask_any(data, data, len, key); }

bool floor_ascii(const uint8_t *data, size_t len) {
  uint8_t short_seen = 0;
  if (len < 32) {
    for (size_t i = 0; i < len; ++i) short_seen |= data[i];
    return short_seen < 0x80;
  }
  const __m256i none = _mm256_setzero_si256();
  __m256i seen = load_masked(data + len - 32, none);
  size_t i = 0;
  for (; i + 128 <= len; i += 128) {
    seen = _mm256_or_si256(seen, any_of(load_masked(data + i, none), load_masked(data + i + 32, none),
                                        load_masked(data + i + 64, none), load_masked(data + i + 96, none)));
  }
  for (; i + 32 <= len; i += 32) seen = _mm256_or_si256(seen, load_masked(data + i, none));
  return _mm256_movemask_epi8(seen) == 0;
}

// Unmasks the frames from `at` on, and stops at the first that is not a whole one with a whole message.
void decode_frames(uint8_t *at, const uint8_t *end, Receipt &receipt) {
  while (end - at >= 6) {
    size_t len = at[1] & 0x7f;
    const bool is_masked = (at[1] & 0x80) != 0;
    const bool is_text = at[0] == 0x81;
    uint8_t *payload = at + 6;
    if (TW_UNLIKELY(len >= 126)) {
      payload += len == 126 ? 2 : 8;
      if (payload > end) return;
      len = len == 126 ? load_be16(at + 2) : load_be64(at + 2);
    }
    if (!is_masked || (!is_text && at[0] != 0x82) || static_cast<size_t>(end - payload) < len) return;
    const bool is_ascii = mask_any(payload, payload, len, load_raw<uint32_t>(payload - 4));
    if (is_text && !is_ascii) return;
    receipt.take(payload, len);
    at = payload + len;
  }
}

void encode_frames(const Batch &batch, bool masked, Sink &sink) {
  constexpr uint32_t kKey = 0x9a4c2f61;
  const size_t len = batch.payload.size();
  const size_t len_bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;
  for (size_t i = 0; i < batch.count; ++i) {
    uint8_t *out = sink.grow(2 + len_bytes + (masked ? 4 : 0) + len);
    out[0] = 0x82;
    out[1] = static_cast<uint8_t>((masked ? 0x80 : 0) | (len_bytes == 0 ? len : len_bytes == 2 ? 126 : 127));
    if (len_bytes == 2) store_be16(out + 2, static_cast<uint16_t>(len));
    if (len_bytes == 8) store_be64(out + 2, len);
    out += 2 + len_bytes;
    if (masked) {
      store_raw(out, kKey);
      mask_any(out + 4, batch.payload.data(), len, kKey);
    } else {
      memcpy(out, batch.payload.data(), len);
    }
  }
}

}  // namespace
TW_TARGET_END()

namespace {

class FloorDecoder : public Decoder {
 public:
  void decode(const Read &read, Receipt &receipt) override {
    memcpy(buffer_.get(), read.bytes.data(), read.bytes.size());
    decode_frames(buffer_.get(), buffer_.get() + read.bytes.size(), receipt);
  }

 private:
  std::unique_ptr<uint8_t[], FreeMemory> buffer_ = allocate_read_buffer();
};

class FloorEncoder : public Encoder {
 public:
  explicit FloorEncoder(Role role) : masked_(role == Role::kClient) {}
  void encode(const Batch &batch, Sink &sink) override { encode_frames(batch, masked_, sink); }

 private:
  bool masked_;
};

}  // namespace

MaskFn aligned_floor_mask() { return __builtin_cpu_supports("avx2") ? floor_mask_aligned : nullptr; }

const Peer *floor_row() {
  static constexpr Peer kFloor = {
      .name = "floor",
      .mask = floor_mask,
      .utf8_valid = floor_ascii,
      .unmask_utf8 = floor_unmask_ascii,
      .accept_key = nullptr,
      .make_decoder = []() -> std::unique_ptr<Decoder> { return std::make_unique<FloorDecoder>(); },
      .make_encoder = [](Role role) -> std::unique_ptr<Encoder> { return std::make_unique<FloorEncoder>(role); },
  };
  return __builtin_cpu_supports("avx2") ? &kFloor : nullptr;
}

}  // namespace tidewire::bench
#else

namespace tidewire::bench {

MaskFn aligned_floor_mask() { return nullptr; }
const Peer *floor_row() { return nullptr; }

}  // namespace tidewire::bench
#endif
