// SPDX-License-Identifier: MIT
// What the benchmarks work on: payloads, buffers, streams of masked frames, and the checks that a row did its work.
#ifndef TIDEWIRE_BENCH_DATA_H_
#define TIDEWIRE_BENCH_DATA_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <memory>
#include <string>
#include <vector>

namespace tidewire::bench {

// Ends the program: a benchmark of wrong results is worthless.
[[noreturn]] void die(const std::string &what);

// Pseudo-random numbers, the same for a seed, so that all runs work on the same data.
class Numbers {
 public:
  explicit Numbers(uint64_t seed) : state_(seed) {}
  uint32_t next();
  uint32_t below(uint32_t bound) { return next() % bound; }

 private:
  uint64_t state_;
};

// Unpredictable bytes as the engine draws them, for peers that leave masking keys to their user.
class RandomBytes {
 public:
  void fill(uint8_t *out, size_t len);

 private:
  uint8_t bytes_[4096];
  size_t used_ = sizeof(bytes_);
};

enum class Content { kBinary, kAscii, kMultilingual };

// "Binary", "Ascii", "Multilingual".
const char *name_of(Content content);

// JSON records as an application sends them: `len` bytes that compress, and no two alike.
std::vector<uint8_t> make_records(size_t len, Numbers &numbers);

// Exactly `len` bytes. Multilingual text has code points of 1 to 4 bytes, and stays valid UTF-8 when bit 0 of every
// byte is inverted.
std::vector<uint8_t> make_payload(Content content, size_t len, Numbers &numbers);

// ---- Buffers ----

struct FreeMemory {
  void operator()(uint8_t *memory) const;
};

// Page-aligned.
std::unique_ptr<uint8_t[], FreeMemory> allocate_pages(size_t len);

// Places of `len` bytes to be used in turn, so that no call loads what the call before it has just stored. Together
// they take 16 KiB, or one place where that is more.
class Slots {
 public:
  enum class Start {
    kFramePayload,  // 6 bytes after a cache line begins: a client frame with a short header at the start of a buffer
    kAnywhere,
  };

  Slots(size_t len, Start start);
  void fill(const std::vector<uint8_t> &bytes);
  uint8_t *operator[](size_t turn) const { return places_[turn & (places_.size() - 1)]; }
  size_t count() const { return places_.size(); }

 private:
  std::unique_ptr<uint8_t[], FreeMemory> memory_;
  std::vector<uint8_t *> places_;  // a power of two
};

// ---- Frames ----

// What a decoder delivered.
struct Receipt {
  uint64_t messages = 0;
  uint64_t payload_len = 0;  // bytes
  uint64_t checksum = 0;     // of the payloads in their order; 0 unless `check`
  bool check = false;

  void take(const uint8_t *data, size_t len) {
    ++messages;
    payload_len += len;
    if (check) add_to_checksum(data, len);
  }
  bool operator==(const Receipt &other) const {
    return messages == other.messages && payload_len == other.payload_len && checksum == other.checksum;
  }

 private:
  void add_to_checksum(const uint8_t *data, size_t len);
};

// What one read of a server's socket brings: whole masked frames, each a message.
struct Read {
  std::vector<uint8_t> bytes;
  Receipt expected;
};

constexpr size_t kReadLen = 65536;  // bytes; one larger frame is a read of its own
constexpr size_t kRandomLen = ~size_t{0};
constexpr size_t kRandomMax = 125;  // bytes

// One read of payloads of one length; or, for kRandomLen, 64 different reads of random lengths up to kRandomMax.
std::vector<Read> make_reads(Content content, size_t payload_len);

// One read of binary messages, each in `fragments` frames of equal length: 64 KiB of whole messages, or one.
Read make_fragmented_read(size_t payload_len, size_t fragments);

// Room for any read of make_reads, at the start of a page.
std::unique_ptr<uint8_t[], FreeMemory> allocate_read_buffer();

// ---- Output ----

// What a server or a client sends in one go: one payload again and again, until 64 KiB or 512 messages are reached.
struct Batch {
  std::vector<uint8_t> payload;
  size_t count;  // messages
};
Batch make_batch(size_t payload_len);

// Stands for the socket that is written to: everything is copied into it once.
class Sink {
 public:
  Sink() : memory_(allocate_pages(kCapacity)) {}
  void clear() { len_ = 0; }
  void write(const void *data, size_t len) { memcpy(grow(len), data, len); }
  // For encoders that write frames where they are told to.
  uint8_t *end() { return memory_.get() + len_; }
  size_t room() const { return kCapacity - len_; }
  uint8_t *grow(size_t len) {
    if (len > room()) die("a row wrote more than its batch");
    uint8_t *start = end();
    len_ += len;
    return start;
  }
  const uint8_t *data() const { return memory_.get(); }
  size_t len() const { return len_; }

 private:
  static constexpr size_t kCapacity = 4 * kReadLen;
  std::unique_ptr<uint8_t[], FreeMemory> memory_;
  size_t len_ = 0;
};

// Dies unless the sink holds the batch as unfragmented binary messages, masked or not, and nothing else.
void check_output(const std::string &row, const Sink &sink, const Batch &batch, bool masked);

}  // namespace tidewire::bench

#endif  // TIDEWIRE_BENCH_DATA_H_
