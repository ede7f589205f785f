// SPDX-License-Identifier: MIT
// Payloads, buffers and frame streams. Nothing here is timed.
#include "bench/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

namespace tidewire::bench {

void die(const std::string &what) {
  fprintf(stderr, "%s\n", what.c_str());
  abort();
}

uint32_t Numbers::next() {
  // The 64-bit linear congruential generator of Knuth's MMIX; its upper half passes for random.
  state_ = state_ * 6364136223846793005u + 1442695040888963407u;
  return static_cast<uint32_t>(state_ >> 32);
}

void RandomBytes::fill(uint8_t *out, size_t len) {
  if (sizeof(bytes_) - used_ < len) {
    if (getrandom(bytes_, sizeof(bytes_), 0) != sizeof(bytes_)) die("getrandom failed");
    used_ = 0;
  }
  memcpy(out, bytes_ + used_, len);
  used_ += len;
}

const char *name_of(Content content) {
  switch (content) {
    case Content::kBinary: return "Binary";
    case Content::kAscii: return "Ascii";
    case Content::kMultilingual: return "Multilingual";
  }
  return "";
}

namespace {

// None of its code points begins with E1, EC, F1 or F4, which become lead bytes that allow fewer second bytes when bit
// 0 is inverted.
constexpr char kMultilingualText[] =
    "Grüße aus Köln, καλημέρα κόσμε, доброе утро, שלום עולם, مرحبا بالعالم, नमस्ते दुनिया, "
    "你好世界, こんにちは世界, สวัสดีชาวโลก 🌊🚢🐟, naïve café — œuvre; ";

bool continues(char c) { return (static_cast<uint8_t>(c) & 0xc0) == 0x80; }

std::vector<uint8_t> multilingual(size_t len, Numbers &numbers) {
  const std::string sample = kMultilingualText;
  size_t start = numbers.below(static_cast<uint32_t>(sample.size()));
  while (continues(sample[start])) --start;
  std::string text = sample.substr(start);
  while (text.size() <= len) text += sample;
  size_t end = len;
  while (continues(text[end])) --end;
  text.resize(end);
  text.resize(len, '.');
  return {text.begin(), text.end()};
}

}  // namespace

std::vector<uint8_t> make_records(size_t len, Numbers &numbers) {
  static constexpr const char *kSymbols[] = {"EURUSD", "GBPUSD", "USDJPY", "AUDUSD", "USDCHF", "NZDUSD", "EURGBP"};
  std::string text = "[";
  while (text.size() < len) {
    char record[128];
    snprintf(record, sizeof(record),
             "{\"symbol\":\"%s\",\"bid\":%u.%05u,\"ask\":%u.%05u,\"size\":%u,\"time\":1700%06u},",
             kSymbols[numbers.below(7)], numbers.below(2), numbers.below(100000), numbers.below(2),
             numbers.below(100000), 100 * numbers.below(50), numbers.below(1000000));
    text += record;
  }
  text.resize(len);
  return {text.begin(), text.end()};
}

std::vector<uint8_t> make_payload(Content content, size_t len, Numbers &numbers) {
  if (content == Content::kMultilingual) return multilingual(len, numbers);
  std::vector<uint8_t> payload(len);
  for (uint8_t &byte : payload) {
    byte = static_cast<uint8_t>(content == Content::kAscii ? ' ' + numbers.below(94) : numbers.next());
  }
  return payload;
}

// ---- Buffers ----

void FreeMemory::operator()(uint8_t *memory) const { free(memory); }

std::unique_ptr<uint8_t[], FreeMemory> allocate_pages(size_t len) {
  constexpr size_t kPage = 4096;
  const size_t rounded = (len + kPage - 1) / kPage * kPage;
  auto *memory = static_cast<uint8_t *>(aligned_alloc(kPage, rounded));
  if (memory == nullptr) die("out of memory");
  memset(memory, 0, rounded);
  return std::unique_ptr<uint8_t[], FreeMemory>(memory);
}

Slots::Slots(size_t len, Start start) {
  constexpr size_t kLine = 64;
  constexpr size_t kTotal = 16384;
  const size_t stride = (len + kLine - 1) / kLine * kLine + kLine;
  size_t count = 1;
  while (count * 2 * stride <= kTotal) count *= 2;
  memory_ = allocate_pages(count * stride);
  Numbers numbers(len);
  for (size_t i = 0; i < count; ++i) {
    places_.push_back(memory_.get() + i * stride + (start == Start::kFramePayload ? 6 : numbers.below(kLine)));
  }
}

void Slots::fill(const std::vector<uint8_t> &bytes) {
  for (uint8_t *place : places_) memcpy(place, bytes.data(), bytes.size());
}

// ---- Frames ----

void Receipt::add_to_checksum(const uint8_t *data, size_t len) {
  checksum = checksum * 31 + len;
  for (size_t i = 0; i < len; ++i) checksum = checksum * 31 + data[i];
}

namespace {

constexpr size_t kHeaderMax = 14;  // bytes

void append_frame(std::vector<uint8_t> &out, uint8_t first, const uint8_t *payload, size_t len, Numbers &numbers) {
  out.push_back(first);
  const int len_bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;
  out.push_back(static_cast<uint8_t>(0x80 | (len_bytes == 0 ? len : len_bytes == 2 ? 126 : 127)));
  for (int i = len_bytes - 1; i >= 0; --i) out.push_back(static_cast<uint8_t>(uint64_t{len} >> (8 * i)));
  uint8_t key[4];
  for (uint8_t &byte : key) {
    byte = static_cast<uint8_t>(numbers.next());
    out.push_back(byte);
  }
  for (size_t i = 0; i < len; ++i) out.push_back(payload[i] ^ key[i % 4]);
}

}  // namespace

std::vector<Read> make_reads(Content content, size_t payload_len) {
  const bool random = payload_len == kRandomLen;
  const size_t longest = random ? kRandomMax : payload_len;
  Numbers numbers(longest);
  std::vector<Read> reads(random ? 64 : 1);
  for (Read &read : reads) {
    read.expected.check = true;
    do {
      const size_t len = random ? numbers.below(kRandomMax + 1) : payload_len;
      const std::vector<uint8_t> payload = make_payload(content, len, numbers);
      read.expected.take(payload.data(), payload.size());
      append_frame(read.bytes, content == Content::kBinary ? 0x82 : 0x81, payload.data(), len, numbers);
    } while (read.bytes.size() + longest + kHeaderMax <= kReadLen);
  }
  return reads;
}

Read make_fragmented_read(size_t payload_len, size_t fragments) {
  Numbers numbers(payload_len);
  Read read;
  read.expected.check = true;
  do {
    const std::vector<uint8_t> payload = make_payload(Content::kBinary, payload_len, numbers);
    read.expected.take(payload.data(), payload.size());
    for (size_t i = 0; i < fragments; ++i) {
      const size_t begin = payload_len * i / fragments;
      const size_t end = payload_len * (i + 1) / fragments;
      const int first = (i + 1 == fragments ? 0x80 : 0) | (i == 0 ? 2 : 0);
      append_frame(read.bytes, static_cast<uint8_t>(first), payload.data() + begin, end - begin, numbers);
    }
  } while (read.bytes.size() + payload_len + fragments * kHeaderMax <= kReadLen);
  return read;
}

std::unique_ptr<uint8_t[], FreeMemory> allocate_read_buffer() { return allocate_pages(kReadLen + kHeaderMax); }

// ---- Output ----

Batch make_batch(size_t payload_len) {
  Numbers numbers(payload_len);
  size_t count = kReadLen / (payload_len + kHeaderMax);
  if (count < 1) count = 1;
  if (count > 512) count = 512;
  Batch batch = {make_payload(Content::kBinary, payload_len, numbers), count};
  batch.payload.reserve(1);  // even of no bytes there is a pointer to copy from
  return batch;
}

void check_output(const std::string &row, const Sink &sink, const Batch &batch, bool masked) {
  size_t at = 0;
  const auto take = [&]() -> uint8_t {
    if (at == sink.len()) die(row + ": output is too short");
    return sink.data()[at++];
  };
  for (size_t i = 0; i < batch.count; ++i) {
    const uint8_t first = take();
    const uint8_t second = take();
    uint64_t len = second & 0x7f;
    if (len >= 126) {
      const int len_bytes = len == 126 ? 2 : 8;
      len = 0;
      for (int k = 0; k < len_bytes; ++k) len = len << 8 | take();
    }
    uint8_t key[4] = {0, 0, 0, 0};
    if (masked) {
      for (uint8_t &byte : key) byte = take();
    }
    if (first != 0x82 || (second >> 7 != 0) != masked || len != batch.payload.size()) die(row + ": wrong header");
    for (size_t k = 0; k < len; ++k) {
      if ((take() ^ key[k % 4]) != batch.payload[k]) die(row + ": wrong payload");
    }
  }
  if (at != sink.len()) die(row + ": output is too long");
}

}  // namespace tidewire::bench
