// SPDX-License-Identifier: MIT
// What a server does with what it reads: pipelined masked frames to messages, text validated. Every row copies the read
// once, as the system would.
#include "bench/ours.h"
#include "bench/suite.h"
#include "tidewire/tw_unstable.h"

namespace tidewire::bench {
namespace {

constexpr size_t kBatch = 64;  // frames handled at a time

class CopyDecoder : public Decoder {
 public:
  void decode(const Read &read, Receipt &) override {
    memcpy(buffer_.get(), read.bytes.data(), read.bytes.size());
    benchmark::DoNotOptimize(buffer_.get());
    benchmark::ClobberMemory();
  }

 private:
  std::unique_ptr<uint8_t[], FreeMemory> buffer_ = allocate_read_buffer();
};

class FramesDecoder : public Decoder {
 public:
  void decode(const Read &read, Receipt &receipt) override {
    constexpr uint32_t kRules = TW_DECODE_REQUIRE_MASKED | TW_DECODE_VALIDATE_TEXT;
    uint8_t *at = buffer_.get();
    size_t len = read.bytes.size();
    memcpy(at, read.bytes.data(), len);
    tw_status status = TW_NEED_ROOM;
    while (status == TW_NEED_ROOM) {
      tw_frame frames[kBatch];
      size_t count = 0;
      size_t consumed = 0;
      status = tw_frames_decode(at, len, kRules, frames, kBatch, &count, &consumed);
      for (size_t i = 0; i < count; ++i) receipt.take(frames[i].payload, frames[i].payload_len);
      at += consumed;
      len -= consumed;
    }
  }

 private:
  std::unique_ptr<uint8_t[], FreeMemory> buffer_ = allocate_read_buffer();
};

class ConnectionDecoder : public Decoder {
 public:
  // `kernel`: the one to use; nullptr: the engine's choice.
  explicit ConnectionDecoder(const char *kernel) {
    const char *chosen = tw_unstable_kernel_selected();
    if (kernel != nullptr) tw_unstable_kernel_select(kernel);
    tw_conn_config config = TW_CONN_CONFIG_INIT;
    config.flags = TW_CONN_UPGRADED;
    if (tw_conn_create(&config, &conn_) != TW_OK) die("no connection");
    tw_unstable_kernel_select(chosen);
  }
  ~ConnectionDecoder() override { tw_conn_destroy(conn_); }
  ConnectionDecoder(const ConnectionDecoder &) = delete;
  ConnectionDecoder &operator=(const ConnectionDecoder &) = delete;

  void decode(const Read &read, Receipt &receipt) override {
    memcpy(buffer_.get(), read.bytes.data(), read.bytes.size());
    receive(conn_, buffer_.get(), read.bytes.size(),
            [&](const tw_event &message) { receipt.take(message.data, message.len); });
  }

 private:
  tw_conn *conn_ = nullptr;
  std::unique_ptr<uint8_t[], FreeMemory> buffer_ = allocate_read_buffer();
};

using Reads = std::shared_ptr<const std::vector<Read>>;  // a power of two

template <class MakeDecoder>
void check(const std::string &name, const Reads &reads, MakeDecoder make_decoder) {
  const auto decoder = make_decoder();
  for (const Read &read : *reads) {
    Receipt receipt;
    receipt.check = true;
    decoder->decode(read, receipt);
    if (!(receipt == read.expected)) die(name + ": wrong messages");
  }
}

template <class MakeDecoder>
void run(benchmark::State &state, const Reads &reads, MakeDecoder make_decoder) {
  const auto decoder = make_decoder();
  Receipt receipt;
  size_t turn = 0;
  uint64_t messages = 0;
  size_t bytes = 0;
  for (auto _ : state) {
    const Read &read = (*reads)[turn++ & (reads->size() - 1)];
    decoder->decode(read, receipt);
    benchmark::DoNotOptimize(receipt);
    messages += read.expected.messages;
    bytes += read.bytes.size();
  }
  set_per_message(state, messages);
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}

void add_rows(Content content, size_t payload_len) {
  const Reads reads = std::make_shared<const std::vector<Read>>(make_reads(content, payload_len));
  const std::string what = std::string("Decode") + name_of(content);
  const auto add = [&](const std::string &row, auto make_decoder) {
    add_row(
        what, row, payload_len, [=](const std::string &name) { check(name, reads, make_decoder); },
        [=](benchmark::State &state) { run(state, reads, make_decoder); });
  };
  add_row(
      what, "memcpy", payload_len, [](const std::string &) {},
      [=](benchmark::State &state) { run(state, reads, [] { return std::make_unique<CopyDecoder>(); }); });
  add("tw_frames_decode", [] { return std::make_unique<FramesDecoder>(); });
  add("tw_conn_receive", [] { return std::make_unique<ConnectionDecoder>(nullptr); });
  for (const Kernels *kernel : our_kernels()) {
    add(kernel->name, [=] { return std::make_unique<ConnectionDecoder>(kernel->name); });
  }
  for (const Peer *other : others()) {
    if (other == floor_row() && content == Content::kMultilingual) continue;  // knows no other text than ASCII
    add(other->name, other->make_decoder);
  }
}

}  // namespace

void register_benchmarks() {
  for (const Content content : {Content::kAscii, Content::kBinary}) {
    for (const size_t len : {size_t{0}, size_t{16}, size_t{125}, size_t{1024}, size_t{65536}, kRandomLen}) {
      add_rows(content, len);
    }
  }
  for (const size_t len : {16, 125, 1024, 65536}) add_rows(Content::kMultilingual, len);
}

}  // namespace tidewire::bench
