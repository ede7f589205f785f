// SPDX-License-Identifier: MIT
// Our connections as a C program uses them, with a pool, for suites that look at more than one call.
#ifndef TIDEWIRE_BENCH_OURS_H_
#define TIDEWIRE_BENCH_OURS_H_

#include <algorithm>

#include "bench/peers.h"
#include "tidewire/tidewire.h"

namespace tidewire::bench {

constexpr size_t kEventCap = 64;  // events handled at a time

class OurPool {
 public:
  explicit OurPool(const tw_allocator *allocator = nullptr) {
    tw_pool_config config = TW_POOL_CONFIG_INIT;
    config.allocator = allocator;
    if (tw_pool_create(&config, &pool_) != TW_OK) die("no pool");
  }
  ~OurPool() { tw_pool_destroy(pool_); }
  OurPool(const OurPool &) = delete;
  OurPool &operator=(const OurPool &) = delete;
  tw_pool *get() { return pool_; }

 private:
  tw_pool *pool_ = nullptr;
};

class OurConnection {
 public:
  explicit OurConnection(const tw_conn_config &config) {
    if (tw_conn_create(&config, &conn_) != TW_OK) die("no connection");
  }
  ~OurConnection() { tw_conn_destroy(conn_); }
  OurConnection(const OurConnection &) = delete;
  OurConnection &operator=(const OurConnection &) = delete;
  tw_conn *get() { return conn_; }

  // A connection whose handshake was done elsewhere, with defaults.
  static tw_conn_config open_config(Role role, tw_pool *pool) {
    tw_conn_config config = TW_CONN_CONFIG_INIT;
    config.role = role == Role::kServer ? TW_ROLE_SERVER : TW_ROLE_CLIENT;
    config.flags = TW_CONN_UPGRADED;
    config.pool = pool;
    return config;
  }

  // Writes all that is queued to the sink. Returns in how many calls, of as many views as writev takes.
  size_t flush(Sink &sink) {
    constexpr size_t kViews = 1024;  // IOV_MAX
    tw_view views[kViews];
    size_t calls = 0;
    size_t count = 0;
    for (; tw_conn_output(conn_, views, kViews, &count) == TW_OK && count != 0; ++calls) {
      size_t len = 0;
      for (size_t i = 0; i < count; ++i) {
        sink.write(views[i].data, views[i].len);
        len += views[i].len;
      }
      tw_conn_output_consume(conn_, len);
    }
    return calls;
  }

 private:
  tw_conn *conn_ = nullptr;
};

// Gives every message of `data` to take(event). False: the connection failed.
template <class Take>
bool receive(tw_conn *conn, uint8_t *data, size_t len, Take take) {
  tw_status status = TW_NEED_ROOM;
  while (status == TW_NEED_ROOM) {
    tw_event events[kEventCap];
    size_t count = 0;
    size_t consumed = 0;
    status = tw_conn_receive(conn, data, len, events, kEventCap, &count, &consumed);
    for (size_t i = 0; i < count; ++i) {
      if (events[i].type == TW_EVENT_MESSAGE) take(events[i]);
    }
    data += consumed;
    len -= consumed;
  }
  return status == TW_OK;
}

// Copies a read, as a socket would, in pieces of at most 64 KiB into one buffer, and calls feed(buffer, len) for each.
template <class Feed>
void read_in_pieces(const Read &read, uint8_t *buffer, Feed feed) {
  for (size_t done = 0; done < read.bytes.size();) {
    const size_t len = std::min(kReadLen, read.bytes.size() - done);
    memcpy(buffer, read.bytes.data() + done, len);
    if (!feed(buffer, len)) return;  // shows in the receipt or in the sink
    done += len;
  }
}

// A server that reads into a buffer of its own.
class ReceiveDecoder : public Decoder {
 public:
  explicit ReceiveDecoder(const tw_conn_config &config) : connection_(config) {}

  void decode(const Read &read, Receipt &receipt) override {
    read_in_pieces(read, buffer_.get(), [&](uint8_t *data, size_t len) {
      return receive(connection_.get(), data, len, [&](const tw_event &event) { receipt.take(event.data, event.len); });
    });
  }

 private:
  OurConnection connection_;
  std::unique_ptr<uint8_t[], FreeMemory> buffer_ = allocate_read_buffer();
};

}  // namespace tidewire::bench

#endif  // TIDEWIRE_BENCH_OURS_H_
