// SPDX-License-Identifier: MIT
// Messages that come in ten masked fragments each, put together. Reads are of at most 64 KiB, or as long as each
// library likes them; every row copies them once, as the system would.
#include "bench/heap.h"
#include "bench/ours.h"
#include "bench/suite.h"

namespace tidewire::bench {
namespace {

constexpr size_t kFragments = 10;

class CopyDecoder : public Decoder {
 public:
  void decode(const Read &read, Receipt &) override {
    read_in_pieces(read, buffer_.get(), [](uint8_t *data, size_t) {
      benchmark::DoNotOptimize(data);
      benchmark::ClobberMemory();
      return true;
    });
  }

 private:
  std::unique_ptr<uint8_t[], FreeMemory> buffer_ = allocate_read_buffer();
};

class PooledDecoder : public Decoder {
 protected:
  tw_conn_config config() { return OurConnection::open_config(Role::kServer, pool_.get()); }

 private:
  OurPool pool_;
};

class OurReceiveDecoder : public PooledDecoder {
 public:
  void decode(const Read &read, Receipt &receipt) override { decoder_.decode(read, receipt); }

 private:
  ReceiveDecoder decoder_{config()};
};

// Reads into the memory that the connection offers.
class ReadBufferDecoder : public PooledDecoder {
 public:
  void decode(const Read &read, Receipt &receipt) override {
    for (size_t done = 0; done < read.bytes.size();) {
      uint8_t *room = nullptr;
      size_t cap = 0;
      if (tw_conn_read_buffer(connection_.get(), 0, &room, &cap) != TW_OK) return;
      const size_t len = std::min({cap, kReadLen, read.bytes.size() - done});
      memcpy(room, read.bytes.data() + done, len);
      if (!commit(len, receipt)) return;
      done += len;
    }
  }

 private:
  bool commit(size_t len, Receipt &receipt) {
    tw_status status = TW_NEED_ROOM;
    for (; status == TW_NEED_ROOM; len = 0) {
      tw_event events[kEventCap];
      size_t count = 0;
      status = tw_conn_read_commit(connection_.get(), len, events, kEventCap, &count);
      for (size_t i = 0; i < count; ++i) receipt.take(events[i].data, events[i].len);
    }
    return status == TW_OK;
  }

  OurConnection connection_{config()};
};

// Puts messages together in memory of its own.
class ReceiveIntoDecoder : public PooledDecoder {
 public:
  void decode(const Read &read, Receipt &receipt) override {
    message_.resize(std::max(message_.size(), read.bytes.size()));
    read_in_pieces(read, buffer_.get(), [&](uint8_t *data, size_t len) { return feed(data, len, receipt); });
  }

 private:
  bool feed(uint8_t *data, size_t len, Receipt &receipt) {
    tw_status status = TW_NEED_ROOM;
    while (status == TW_NEED_ROOM) {
      tw_event event;
      size_t count = 0;
      size_t consumed = 0;
      status = tw_conn_receive_into(connection_.get(), data, len, message_.data(), message_.size(), &event, 1, &count,
                                    &consumed);
      if (count != 0) receipt.take(event.data, event.len);
      data += consumed;
      len -= consumed;
    }
    return status == TW_OK;
  }

  OurConnection connection_{config()};
  std::vector<uint8_t> message_;
  std::unique_ptr<uint8_t[], FreeMemory> buffer_ = allocate_read_buffer();
};

using SharedRead = std::shared_ptr<const Read>;

template <class MakeDecoder>
void check(const std::string &name, const SharedRead &read, MakeDecoder make_decoder) {
  const auto decoder = make_decoder();
  for (int turn = 0; turn < 3; ++turn) {
    Receipt receipt;
    receipt.check = true;
    decoder->decode(*read, receipt);
    if (!(receipt == read->expected)) die(name + ": wrong messages");
  }
}

template <class MakeDecoder>
void run(benchmark::State &state, const SharedRead &read, MakeDecoder make_decoder) {
  const auto decoder = make_decoder();
  Receipt receipt;
  for (int turn = 0; turn < 3; ++turn) decoder->decode(*read, receipt);
  const uint64_t before = heap_now().allocations;
  for (auto _ : state) {
    decoder->decode(*read, receipt);
    benchmark::DoNotOptimize(receipt);
  }
  const uint64_t messages = state.iterations() * read->expected.messages;
  set_per_message(state, messages);
  set_allocations(state, heap_now().allocations - before, messages);
}

void add_rows(size_t len) {
  const SharedRead read = std::make_shared<const Read>(make_fragmented_read(len, kFragments));
  const auto add = [&](const std::string &row, auto make_decoder) {
    add_row(
        "Reassembly", row, len, [=](const std::string &name) { check(name, read, make_decoder); },
        [=](benchmark::State &state) { run(state, read, make_decoder); });
  };
  add_row(
      "Reassembly", "memcpy", len, [](const std::string &) {},
      [=](benchmark::State &state) { run(state, read, [] { return std::make_unique<CopyDecoder>(); }); });
  add("tw_conn_receive", [] { return std::make_unique<OurReceiveDecoder>(); });
  add("tw_conn_read_buffer", [] { return std::make_unique<ReadBufferDecoder>(); });
  add("tw_conn_receive_into", [] { return std::make_unique<ReceiveIntoDecoder>(); });
  for (const Peer *peer : kPeers) {
    if (peer->make_decoder != nullptr) add(peer->name, peer->make_decoder);
  }
}

}  // namespace

void register_benchmarks() {
  for (const size_t len : {16, 125, 1 << 10, 16 << 10, 64 << 10, 1 << 20}) add_rows(len);
}

}  // namespace tidewire::bench
