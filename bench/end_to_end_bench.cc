// SPDX-License-Identifier: MIT
// A server that echoes: takes a read, and sends each of its messages back. Every row copies the read once and the
// replies once, as the system would. And 100 messages that are sent before anything is written.
#include "bench/endpoints.h"
#include "bench/heap.h"
#include "bench/ours.h"
#include "bench/suite.h"
#include "core/base/endian.h"

namespace tidewire::bench {
namespace {

// Headers rewritten, payloads unmasked and copied: text of ASCII, one frame for each message, nothing else.
class FloorEcho : public Echo {
 public:
  void echo(const Read &read, Sink &sink) override {
    memcpy(buffer_.get(), read.bytes.data(), read.bytes.size());
    uint8_t *at = buffer_.get();
    const uint8_t *end = at + read.bytes.size();
    while (at < end) {
      const uint8_t short_len = at[1] & 0x7f;
      const size_t len_bytes = short_len < 126 ? 0 : short_len == 126 ? 2 : 8;
      const size_t len = len_bytes == 0 ? short_len : len_bytes == 2 ? load_be16(at + 2) : load_be64(at + 2);
      uint8_t *payload = at + 2 + len_bytes + 4;
      if (!unmask_(payload, len, load_raw<uint32_t>(payload - 4))) return;
      uint8_t *out = sink.grow(2 + len_bytes + len);
      memcpy(out, at, 2 + len_bytes);
      out[1] = short_len;
      memcpy(out + 2 + len_bytes, payload, len);
      at = payload + len;
    }
  }

 private:
  UnmaskUtf8Fn unmask_ = floor_row()->unmask_utf8;
  std::unique_ptr<uint8_t[], FreeMemory> buffer_ = allocate_read_buffer();
};

// Both copies, nothing between them.
class CopyEcho : public Echo {
 public:
  void echo(const Read &read, Sink &sink) override {
    memcpy(buffer_.get(), read.bytes.data(), read.bytes.size());
    benchmark::ClobberMemory();
    sink.write(buffer_.get(), read.bytes.size());
  }

 private:
  std::unique_ptr<uint8_t[], FreeMemory> buffer_ = allocate_read_buffer();
};

class PooledEcho : public Echo {
 protected:
  tw_conn *conn() { return connection_.get(); }
  OurConnection &connection() { return connection_; }
  uint8_t *buffer() { return buffer_.get(); }

 private:
  OurPool pool_;
  OurConnection connection_{OurConnection::open_config(Role::kServer, pool_.get())};
  std::unique_ptr<uint8_t[], FreeMemory> buffer_ = allocate_read_buffer();
};

class SendEcho : public PooledEcho {
 public:
  void echo(const Read &read, Sink &sink) override {
    memcpy(buffer(), read.bytes.data(), read.bytes.size());
    receive(conn(), buffer(), read.bytes.size(), [&](const tw_event &event) {
      // What was validated when it came in.
      tw_conn_send(conn(), event.opcode, event.data, event.len, TW_SEND_VALID_UTF8);
    });
    connection().flush(sink);
  }
};

// All replies at once, from where the messages lie: they are written before the next read.
class BatchEcho : public PooledEcho {
  static constexpr uint32_t kFlags = TW_SEND_VALID_UTF8 | TW_SEND_BORROW;

 public:
  void echo(const Read &read, Sink &sink) override {
    memcpy(buffer(), read.bytes.data(), read.bytes.size());
    uint8_t *data = buffer();
    size_t len = read.bytes.size();
    tw_status status = TW_NEED_ROOM;
    while (status == TW_NEED_ROOM) {
      tw_event events[kEventCap];
      size_t count = 0;
      size_t consumed = 0;
      status = tw_conn_receive(conn(), data, len, events, kEventCap, &count, &consumed);
      tw_message replies[kEventCap];
      size_t reply_count = 0;
      for (size_t i = 0; i < count; ++i) {
        if (events[i].type != TW_EVENT_MESSAGE) continue;
        replies[reply_count++] = {events[i].data, events[i].len, events[i].opcode, kFlags};
      }
      size_t sent = 0;
      tw_conn_send_batch(conn(), replies, reply_count, &sent);
      data += consumed;
      len -= consumed;
    }
    connection().flush(sink);
  }
};

using Reads = std::shared_ptr<const std::vector<Read>>;  // a power of two

template <class MakeEcho>
void check(const std::string &name, const Reads &reads, MakeEcho make_echo) {
  const auto echo = make_echo();
  for (const Read &read : *reads) {
    Sink sink;
    echo->echo(read, sink);
    // A client of ours reads what it says.
    ReceiveDecoder client(OurConnection::open_config(Role::kClient, nullptr));
    Receipt receipt;
    receipt.check = true;
    client.decode({{sink.data(), sink.data() + sink.len()}, {}}, receipt);
    if (!(receipt == read.expected)) die(name + ": wrong replies");
  }
}

template <class MakeEcho>
void run(benchmark::State &state, const Reads &reads, MakeEcho make_echo) {
  const auto echo = make_echo();
  Sink sink;
  const auto turn_over = [&](size_t turn) {
    const Read &read = (*reads)[turn & (reads->size() - 1)];
    sink.clear();
    echo->echo(read, sink);
    benchmark::ClobberMemory();
    return read.expected.messages;
  };
  for (size_t turn = 0; turn < reads->size() + 2; ++turn) turn_over(turn);
  const uint64_t before = heap_now().allocations;
  size_t turn = 0;
  uint64_t messages = 0;
  for (auto _ : state) messages += turn_over(turn++);
  set_per_message(state, messages);
  set_allocations(state, heap_now().allocations - before, messages);
}

void add_echo_rows(size_t len) {
  const Reads reads = std::make_shared<const std::vector<Read>>(make_reads(Content::kAscii, len));
  const auto add = [&](const std::string &row, auto make_echo) {
    add_row(
        "EndToEnd", row, len, [=](const std::string &name) { check(name, reads, make_echo); },
        [=](benchmark::State &state) { run(state, reads, make_echo); });
  };
  add_row(
      "EndToEnd", "memcpy", len, [](const std::string &) {},
      [=](benchmark::State &state) { run(state, reads, [] { return std::make_unique<CopyEcho>(); }); });
  if (floor_row() != nullptr) add("floor", [] { return std::make_unique<FloorEcho>(); });
  add("tw_conn_send", [] { return std::make_unique<SendEcho>(); });
  add("tw_conn_send_batch", [] { return std::make_unique<BatchEcho>(); });
  for (const Endpoint *peer : kEndpoints) add(peer->name, peer->make_echo);
}

// How often the system must be asked to write 100 messages.
void add_flush_row(size_t len) {
  add_row(
      "Flush", "tw_conn_send", len, [](const std::string &) {},
      [=](benchmark::State &state) {
        OurPool pool;
        OurConnection connection(OurConnection::open_config(Role::kServer, pool.get()));
        const std::vector<uint8_t> payload(len);
        Sink sink;
        size_t writes = 0;
        for (auto _ : state) {
          sink.clear();
          for (int i = 0; i < 100; ++i) {
            if (tw_conn_send(connection.get(), TW_OPCODE_BINARY, payload.data(), len, 0) != TW_OK) die("not sent");
          }
          writes = connection.flush(sink);
        }
        state.counters["writes"] = static_cast<double>(writes);
      });
}

}  // namespace

void register_benchmarks() {
  for (const size_t len : {size_t{16}, size_t{125}, size_t{1024}, size_t{65536}, kRandomLen}) add_echo_rows(len);
  add_flush_row(125);
}

}  // namespace tidewire::bench
