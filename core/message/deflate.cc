// SPDX-License-Identifier: MIT
#include "core/message/deflate.h"

#include <limits.h>
#include <string.h>

#include <new>

// One set of names for the two interfaces of the library.
#if defined(TW_ZLIB_NG)
#include <zlib-ng.h>
#define TW_Z(name) ::zng_##name
using ZlibStream = zng_stream;
#else
#include <zlib.h>
#define TW_Z(name) ::name
using ZlibStream = z_stream;
#endif

namespace tidewire {

// Stands behind its codec in the lease, and before the library's memory.
struct CodecStream {
  ZlibStream zlib;
  uint8_t *unused;    // the library's next block
  size_t unused_len;  // bytes
};

namespace {

constexpr uint8_t kTail[4] = {0x00, 0x00, 0xff, 0xff};  // RFC 7692 §7.2.1
constexpr size_t kBlockAlign = 16;

constexpr size_t aligned(size_t len) { return (len + kBlockAlign - 1) / kBlockAlign * kBlockAlign; }

// ---- Memory ----

// What the library allocates. The states of inflate and deflate have less than 7.2 and 6.1 KB in zlib 1.2 and 1.3 and
// in zlib-ng 2; the rest of kStateLen is for what they are aligned with and for what later versions add.
constexpr size_t kStateLen = 8192;
constexpr size_t kNgAlignLen = 4096;         // of zlib-ng where it aligns to pages
constexpr size_t kNgWindowLen = 32768 + 64;  // of its inflate, whatever the window bits
constexpr size_t kNgHashLen = 65536 * 2;     // of its deflate, whatever the memory level

// zlib-ng may also take the place of zlib when the program starts.
bool is_zlib_ng() {
#if defined(TW_ZLIB_NG)
  return true;
#else
  return strstr(zlibVersion(), "zlib-ng") != nullptr;
#endif
}

size_t inflate_len(unsigned window_bits) {
  return kStateLen + (is_zlib_ng() ? kNgAlignLen + kNgWindowLen : size_t{1} << window_bits);
}

size_t deflate_len(unsigned window_bits, unsigned memory_level) {
  const size_t window_len = size_t{4} << window_bits;          // twice the window, and two bytes for each position
  const size_t symbols_len = size_t{5} << (memory_level + 6);  // bytes of output and symbols: 5 for each symbol
  const size_t hash_len = size_t{2} << (memory_level + 7);
  return kStateLen + window_len + symbols_len + (is_zlib_ng() ? kNgAlignLen + kNgHashLen : hash_len);
}

// The library has no window of 8 bits to deflate with. Its window of 9 serves: it refers no further back than the
// window less 262 bytes (its longest match and what it looks ahead), which is 250.
unsigned deflate_bits(unsigned window_bits) { return window_bits < 9 ? 9 : window_bits; }

void *take_block(void *opaque, unsigned count, unsigned size) {
  CodecStream *stream = static_cast<CodecStream *>(opaque);
  const size_t len = aligned(size_t{count} * size);
  if (len > stream->unused_len) return nullptr;
  uint8_t *block = stream->unused;
  stream->unused += len;
  stream->unused_len -= len;
  return block;
}

void leave_block(void *, void *) {}

Lease *lease_of(void *codec) { return static_cast<Lease *>(codec) - 1; }
const Lease *lease_of(const void *codec) { return static_cast<const Lease *>(codec) - 1; }

// Lends the memory of a codec of `codec_len` bytes, which comes first in the lease, its stream, and `library_len`
// bytes.
Status lend_codec(Lender *lender, size_t codec_len, size_t library_len, Lease **out_lease, CodecStream **out_stream) {
  const size_t head_len = aligned(codec_len) + aligned(sizeof(CodecStream));
  const Status status = lender->acquire_exact(head_len + library_len, out_lease);
  if (status != Status::kOk) return status;
  uint8_t *bytes = (*out_lease)->bytes();
  CodecStream *stream = new (bytes + aligned(codec_len)) CodecStream{};
  stream->unused = bytes + head_len;
  stream->unused_len = library_len;
  stream->zlib.zalloc = take_block;
  stream->zlib.zfree = leave_block;
  stream->zlib.opaque = stream;
  *out_stream = stream;
  return Status::kOk;
}

size_t context_len(size_t codec_len, size_t library_len) {
  return sizeof(Lease) + aligned(codec_len) + aligned(sizeof(CodecStream)) + library_len;
}

// ---- One call of the library ----

unsigned call_len(size_t len) { return static_cast<unsigned>(len < UINT_MAX ? len : UINT_MAX); }

// Gives the library as much of *in and *out as it can count.
void begin_call(ZlibStream *zlib, ByteView in, MutBytes out) {
  zlib->next_in = const_cast<uint8_t *>(in.data);  // is not written to
  zlib->avail_in = call_len(in.size);
  zlib->next_out = out.data;
  zlib->avail_out = call_len(out.size);
}

// Moves both on by what it took and wrote.
void end_call(const ZlibStream &zlib, ByteView *in, MutBytes *out) {
  *in = in->from(call_len(in->size) - zlib.avail_in);
  const size_t written_len = call_len(out->size) - zlib.avail_out;
  *out = {out->data + written_len, out->size - written_len};
}

// What inflate leaves in data_type.
constexpr unsigned kBetweenBlocks = 128;
constexpr unsigned kUnusedBits = 63;  // their number: bits that are taken and not yet understood

}  // namespace

size_t inflate_context_len(unsigned window_bits) { return context_len(sizeof(Inflater), inflate_len(window_bits)); }

size_t deflate_context_len(unsigned window_bits, unsigned memory_level) {
  return context_len(sizeof(Deflater), deflate_len(deflate_bits(window_bits), memory_level));
}

// ---- Inflater ----

Status Inflater::create(Lender *lender, unsigned window_bits, Inflater **out) {
  *out = nullptr;
  Lease *lease;
  CodecStream *stream;
  const Status status = lend_codec(lender, sizeof(Inflater), inflate_len(window_bits), &lease, &stream);
  if (status != Status::kOk) return status;
  if (TW_Z(inflateInit2)(&stream->zlib, -static_cast<int>(window_bits)) != Z_OK) {
    lender->release(lease);
    return Status::kNoMemory;
  }
  *out = new (lease->bytes()) Inflater(stream);
  return Status::kOk;
}

void Inflater::destroy(Lender *lender, Inflater *inflater) {
  if (inflater != nullptr) lender->release(lease_of(inflater));
}

size_t Inflater::held_len() const { return lease_of(this)->held_len(); }

void Inflater::reset() {
  TW_Z(inflateReset)(&stream_->zlib);
  *this = Inflater(stream_);
}

Status Inflater::step(ByteView *in, MutBytes *out) {
  ZlibStream &zlib = stream_->zlib;
  const size_t in_len = in->size;
  const size_t room = out->size;
  begin_call(&zlib, *in, *out);
  const int result = TW_Z(inflate)(&zlib, Z_SYNC_FLUSH);
  end_call(zlib, in, out);
  if (result == Z_STREAM_END) {
    // A block with BFINAL ends the library's stream, not the message (RFC 7692 §7.2.3.4).
    TW_Z(inflateResetKeep)(&zlib);
    between_blocks_ = true;
  } else if (in->size < in_len || out->size < room) {
    // Otherwise nothing has changed, whatever data_type says.
    between_blocks_ = (static_cast<unsigned>(zlib.data_type) & (kBetweenBlocks | kUnusedBits)) == kBetweenBlocks;
  }
  if (result >= Z_OK || result == Z_BUF_ERROR) return Status::kOk;
  return result == Z_MEM_ERROR ? Status::kNoMemory : Status::kDeflate;
}

Status Inflater::inflate(ByteView *in, MutBytes *out) {
  if (has_ahead_) {
    if (out->size == 0) return Status::kNeedRoom;
    *out->data = ahead_;
    *out = {out->data + 1, out->size - 1};
    has_ahead_ = false;
  }
  for (;;) {
    MutBytes ahead = {&ahead_, 1};
    MutBytes *to = out->size > 0 ? out : &ahead;
    const Status status = step(in, to);
    if (ahead.size == 0) {
      // An error after this byte is the next call's.
      has_ahead_ = true;
      return Status::kNeedRoom;
    }
    if (status != Status::kOk) return status;
    if (in->size == 0 && to->size > 0) return Status::kOk;
  }
}

Status Inflater::finish(MutBytes *out) {
  ByteView rest = {kTail + tail_len_, sizeof(kTail) - tail_len_};
  const Status status = inflate(&rest, out);
  tail_len_ = static_cast<uint8_t>(sizeof(kTail) - rest.size);
  if (status != Status::kOk) return status;
  tail_len_ = 0;
  return between_blocks_ ? Status::kOk : Status::kDeflate;
}

// ---- Deflater ----

Status Deflater::create(Lender *lender, unsigned level, unsigned memory_level, unsigned window_bits, Deflater **out) {
  *out = nullptr;
  const unsigned bits = deflate_bits(window_bits);
  Lease *lease;
  CodecStream *stream;
  const Status status = lend_codec(lender, sizeof(Deflater), deflate_len(bits, memory_level), &lease, &stream);
  if (status != Status::kOk) return status;
  const int result = TW_Z(deflateInit2)(&stream->zlib, static_cast<int>(level), Z_DEFLATED, -static_cast<int>(bits),
                                        static_cast<int>(memory_level), Z_DEFAULT_STRATEGY);
  if (result != Z_OK) {
    lender->release(lease);
    return Status::kNoMemory;
  }
  *out = new (lease->bytes()) Deflater(stream);
  return Status::kOk;
}

void Deflater::destroy(Lender *lender, Deflater *deflater) {
  if (deflater != nullptr) lender->release(lease_of(deflater));
}

size_t Deflater::held_len() const { return lease_of(this)->held_len(); }

void Deflater::reset() { TW_Z(deflateReset)(&stream_->zlib); }

size_t Deflater::bound(size_t len) {
  // Without a better choice the library writes literals of at most 9 bits, or stored blocks of at least 127 bytes with
  // 5 more for each; a block of the former has 10 bits more, for at least 127 bytes too. Then the last block, the bits
  // up to a byte's end, and an empty stored block.
  constexpr size_t kEndLen = 16;
  return len < SIZE_MAX / 2 ? len + len / 8 + len / 64 + kEndLen : SIZE_MAX;
}

Status Deflater::deflate(ByteView in, bool last, MutBytes out, size_t *out_len) {
  *out_len = 0;
  if (in.empty()) {
    // What was written so far ends with a block and a byte, and the library would add nothing. The 00 and the four
    // bytes that are left out are an empty stored block.
    if (!last) return Status::kOk;
    if (out.size == 0) return Status::kNeedRoom;
    out.data[0] = 0;
    *out_len = 1;
    return Status::kOk;
  }
  ZlibStream &zlib = stream_->zlib;
  const size_t cap = out.size;
  do {
    if (out.size == 0) return Status::kNeedRoom;
    begin_call(&zlib, in, out);
    TW_Z(deflate)(&zlib, zlib.avail_in == in.size ? Z_SYNC_FLUSH : Z_NO_FLUSH);
    end_call(zlib, &in, &out);
  } while (in.size > 0 || zlib.avail_out == 0);
  *out_len = cap - out.size - (last ? sizeof(kTail) : 0);
  return Status::kOk;
}

}  // namespace tidewire
