// SPDX-License-Identifier: MIT
// permessage-deflate (RFC 7692): a server that sends text and one that receives it, without context takeover and with
// it. zlib alone, with the parameters of the engine's defaults, is the limit.
#include <zlib.h>

#include "bench/endpoints.h"
#include "bench/ours.h"
#include "bench/suite.h"

namespace tidewire::bench {
namespace {

constexpr int kLevel = 1;
constexpr int kMemoryLevel = 8;
constexpr int kWindowBits = 15;
constexpr size_t kTailLen = 4;  // bytes that end a flush and are not sent (RFC 7692 §7.2.1)

using Texts = std::vector<std::vector<uint8_t>>;  // sent in turn

// So many that their first has left the window when it comes again.
Texts make_texts(size_t len) {
  Numbers numbers(len);
  Texts texts(64 + (2 << kWindowBits) / len);
  for (std::vector<uint8_t> &text : texts) text = make_records(len, numbers);
  return texts;
}

// ---- Ours ----

// What a side of a connection is made with; tw_conn_create copies it.
struct DeflateSettings {
  DeflateSettings(Role role, bool takeover, tw_pool *pool) : config(OurConnection::open_config(role, pool)) {
    if (takeover) {
      deflate.max_context_len = 1 << 20;  // bytes: both directions fit
      negotiated.flags = TW_DEFLATE_SEND_TAKEOVER | TW_DEFLATE_RECEIVE_TAKEOVER;
    }
    negotiated.enabled = 1;
    negotiated.send_window_bits = kWindowBits;
    negotiated.receive_window_bits = kWindowBits;
    config.deflate = &deflate;
    config.negotiated = &negotiated;
  }
  DeflateSettings(const DeflateSettings &) = delete;
  DeflateSettings &operator=(const DeflateSettings &) = delete;

  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  tw_deflate negotiated = {};
  tw_conn_config config;
};

class OurDeflater : public Deflater {
 public:
  OurDeflater(Role role, bool takeover) : connection_(DeflateSettings(role, takeover, pool_.get()).config) {}

  void send(const std::vector<uint8_t> &text, Sink &sink) override {
    if (tw_conn_send(connection_.get(), TW_OPCODE_TEXT, text.data(), text.size(), 0) != TW_OK) return;
    connection_.flush(sink);
  }

 private:
  OurPool pool_;
  OurConnection connection_;
};

class OurInflater : public Decoder {
 public:
  OurInflater(Role role, bool takeover) : decoder_(DeflateSettings(role, takeover, pool_.get()).config) {}
  void decode(const Read &read, Receipt &receipt) override { decoder_.decode(read, receipt); }

 private:
  OurPool pool_;
  ReceiveDecoder decoder_;
};

// ---- zlib alone ----

class ZlibDeflater : public Deflater {
 public:
  explicit ZlibDeflater(bool takeover) : takeover_(takeover) {
    if (deflateInit2(&stream_, kLevel, Z_DEFLATED, -kWindowBits, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) die("zlib");
  }
  ~ZlibDeflater() override { deflateEnd(&stream_); }
  ZlibDeflater(const ZlibDeflater &) = delete;
  ZlibDeflater &operator=(const ZlibDeflater &) = delete;

  void send(const std::vector<uint8_t> &text, Sink &sink) override {
    if (!takeover_) deflateReset(&stream_);
    stream_.next_in = const_cast<uint8_t *>(text.data());  // it only reads
    stream_.avail_in = static_cast<uInt>(text.size());
    stream_.next_out = sink.end();
    stream_.avail_out = static_cast<uInt>(sink.room());
    deflate(&stream_, Z_SYNC_FLUSH);
    sink.grow(sink.room() - stream_.avail_out - kTailLen);
  }

 private:
  z_stream stream_ = {};
  bool takeover_;
};

// Inflates the payloads of a read, which lie unmasked one after the other.
class ZlibInflater {
 public:
  explicit ZlibInflater(bool takeover) : takeover_(takeover) {
    if (inflateInit2(&stream_, -kWindowBits) != Z_OK) die("zlib");
  }
  ~ZlibInflater() { inflateEnd(&stream_); }
  ZlibInflater(const ZlibInflater &) = delete;
  ZlibInflater &operator=(const ZlibInflater &) = delete;

  void take(const std::vector<uint8_t> &payload, Receipt &receipt) {
    if (!takeover_) inflateReset(&stream_);
    stream_.next_in = const_cast<uint8_t *>(payload.data());
    stream_.avail_in = static_cast<uInt>(payload.size());
    stream_.next_out = text_.get();
    stream_.avail_out = kReadLen;
    inflate(&stream_, Z_SYNC_FLUSH);
    receipt.take(text_.get(), kReadLen - stream_.avail_out);
  }

 private:
  z_stream stream_ = {};
  bool takeover_;
  std::unique_ptr<uint8_t[], FreeMemory> text_ = allocate_pages(kReadLen);
};

// ---- Sending ----

Receipt receipt_of(const Texts &texts) {
  Receipt receipt;
  receipt.check = true;
  for (const std::vector<uint8_t> &text : texts) receipt.take(text.data(), text.size());
  return receipt;
}

// Every frame that a row sends must come back as the text that it was.
template <class MakeDeflater>
void check_send(const std::string &name, const Texts &texts, bool takeover, MakeDeflater make_deflater) {
  const auto deflater = make_deflater(takeover);
  OurInflater client(Role::kClient, takeover);
  Receipt receipt;
  receipt.check = true;
  for (const std::vector<uint8_t> &text : texts) {
    Sink sink;
    deflater->send(text, sink);
    if (sink.len() == 0 || (sink.data()[0] & 0x40) == 0) die(name + ": sent as it is");
    client.decode({{sink.data(), sink.data() + sink.len()}, {}}, receipt);
  }
  if (!(receipt == receipt_of(texts))) die(name + ": wrong messages");
}

template <class MakeDeflater>
void run_send(benchmark::State &state, const Texts &texts, bool takeover, MakeDeflater make_deflater) {
  const auto deflater = make_deflater(takeover);
  Sink sink;
  size_t turn = 0;
  uint64_t sent_len = 0;
  for (auto _ : state) {
    sink.clear();
    deflater->send(texts[turn++ % texts.size()], sink);
    sent_len += sink.len();
    benchmark::ClobberMemory();
  }
  set_per_message(state, state.iterations());
  set_compressed(state, sent_len, state.iterations() * texts[0].size());
}

void add_send_rows(size_t len, bool takeover) {
  const auto texts = std::make_shared<const Texts>(make_texts(len));
  const std::string what = takeover ? "DeflateSendTakeover" : "DeflateSend";
  const auto run = [=](auto make) { return [=](benchmark::State &state) { run_send(state, *texts, takeover, make); }; };
  const auto add = [&](const std::string &row, auto make) {
    add_row(
        what, row, len, [=](const std::string &name) { check_send(name, *texts, takeover, make); }, run(make));
  };
  add_row(
      what, "zlib", len, [](const std::string &) {}, run([](bool t) { return std::make_unique<ZlibDeflater>(t); }));
  add("tw_conn_send", [](bool t) { return std::make_unique<OurDeflater>(Role::kServer, t); });
  for (const Endpoint *peer : kEndpoints) {
    if (peer->make_deflater != nullptr) add(peer->name, peer->make_deflater);
  }
}

// ---- Receiving ----

// What a client of ours sends, as one read and as payloads that nothing but zlib needs.
struct Compressed {
  Read read;
  Texts payloads;
};

Compressed make_compressed(size_t len, bool takeover) {
  const Texts texts = make_texts(len);
  Compressed result;
  result.read.expected = receipt_of(texts);
  OurDeflater client(Role::kClient, takeover);
  ZlibDeflater zlib(takeover);
  for (const std::vector<uint8_t> &text : texts) {
    Sink sink;
    client.send(text, sink);
    result.read.bytes.insert(result.read.bytes.end(), sink.data(), sink.data() + sink.len());
    sink.clear();
    zlib.send(text, sink);
    // With the tail that the sender took away.
    result.payloads.emplace_back(sink.data(), sink.data() + sink.len() + kTailLen);
  }
  return result;
}

template <class MakeInflater>
void check_receive(const std::string &name, const Read &read, bool takeover, MakeInflater make_inflater) {
  const auto inflater = make_inflater(takeover);
  // The read begins without looking back, so that it may come again and again.
  for (int turn = 0; turn < 2; ++turn) {
    Receipt receipt;
    receipt.check = true;
    inflater->decode(read, receipt);
    if (!(receipt == read.expected)) die(name + ": wrong messages");
  }
}

template <class MakeInflater>
void run_receive(benchmark::State &state, const Read &read, bool takeover, MakeInflater make_inflater) {
  const auto inflater = make_inflater(takeover);
  Receipt receipt;
  for (auto _ : state) inflater->decode(read, receipt);
  benchmark::DoNotOptimize(receipt);
  set_per_message(state, receipt.messages);
}

void run_zlib_receive(benchmark::State &state, const Texts &payloads, bool takeover) {
  ZlibInflater inflater(takeover);
  Receipt receipt;
  for (auto _ : state) {
    for (const std::vector<uint8_t> &payload : payloads) inflater.take(payload, receipt);
  }
  benchmark::DoNotOptimize(receipt);
  set_per_message(state, receipt.messages);
}

void check_zlib_receive(const std::string &name, const Compressed &compressed, bool takeover) {
  ZlibInflater inflater(takeover);
  Receipt receipt;
  receipt.check = true;
  for (const std::vector<uint8_t> &payload : compressed.payloads) inflater.take(payload, receipt);
  if (!(receipt == compressed.read.expected)) die(name + ": wrong messages");
}

void add_receive_rows(size_t len, bool takeover) {
  const auto compressed = std::make_shared<const Compressed>(make_compressed(len, takeover));
  const std::string what = takeover ? "DeflateReceiveTakeover" : "DeflateReceive";
  const auto add = [&](const std::string &row, auto make) {
    add_row(
        what, row, len, [=](const std::string &name) { check_receive(name, compressed->read, takeover, make); },
        [=](benchmark::State &state) { run_receive(state, compressed->read, takeover, make); });
  };
  add_row(
      what, "zlib", len, [=](const std::string &name) { check_zlib_receive(name, *compressed, takeover); },
      [=](benchmark::State &state) { run_zlib_receive(state, compressed->payloads, takeover); });
  add("tw_conn_receive", [](bool t) { return std::make_unique<OurInflater>(Role::kServer, t); });
  for (const Endpoint *peer : kEndpoints) {
    if (peer->make_inflater != nullptr) add(peer->name, peer->make_inflater);
  }
}

}  // namespace

void register_benchmarks() {
  for (const bool takeover : {false, true}) {
    for (const size_t len : {200, 1 << 10, 16 << 10}) {
      add_send_rows(len, takeover);
      add_receive_rows(len, takeover);
    }
  }
}

}  // namespace tidewire::bench
