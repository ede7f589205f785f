// SPDX-License-Identifier: MIT
// A session written as bytes: configuration, frames, calls and cuts. The engine, fed in pieces, and the reference, fed
// whole, go through it side by side; the first difference ends the process. What fuzzers and random tests drive.
#ifndef TIDEWIRE_TESTS_VECTORS_SESSION_SCRIPT_H_
#define TIDEWIRE_TESTS_VECTORS_SESSION_SCRIPT_H_

#include <stddef.h>
#include <stdint.h>
#include <tidewire/tidewire.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/reference/connection_ref.h"
#include "tests/vectors/engine_session.h"

namespace tidewire::test {

// Byte 0 is the configuration, byte 1 seeds the cuts. Each step starts with a byte: its low three bits are what to do,
// the high five a small number, mostly a length.
class SessionScript {
 public:
  enum Action : uint8_t { kRaw, kFrame, kLongFrame, kSend, kControl, kClose, kHeadOrEof, kOutput };

  SessionScript(const uint8_t *data, size_t len) : data_(data), len_(len) {}
  ~SessionScript() {
    if (pool_ != nullptr) require_idle_pool();
    tw_pool_destroy(pool_);
  }
  SessionScript(const SessionScript &) = delete;
  SessionScript &operator=(const SessionScript &) = delete;

  void run() {
    configure(byte());
    cuts_ = byte() + 1u;
    EngineSession engine;
    require(engine.create(config_) == TW_OK, "a good configuration makes a connection");
    reference::Connection reference = make_reference(config_);
    engine_ = &engine;
    reference_ = &reference;
    compare_state();
    while (len_ > 0) step(byte());
    take_output();
  }

  // Events seen and failures met, so that a test can tell that its sessions are not all alike.
  size_t event_count() const { return event_count_; }
  tw_status failure() const { return failure_; }

 private:
  uint8_t byte() {
    if (len_ == 0) return 0;
    --len_;
    return *data_++;
  }

  reference::Bytes bytes(size_t count) {
    const size_t present = std::min(count, len_);
    reference::Bytes out(data_, data_ + present);
    data_ += present;
    len_ -= present;
    return out;
  }

  void configure(uint8_t choice) {
    config_.role = (choice & 0x01) != 0 ? TW_ROLE_CLIENT : TW_ROLE_SERVER;
    handshake_.host = "h";
    handshake_.max_head_len = 512;
    config_.handshake = &handshake_;
    config_.flags = (choice & 0x02) != 0 ? 0 : TW_CONN_UPGRADED;
    if ((choice & 0x04) != 0) {
      config_.max_frame_len = 40;
      config_.max_message_len = 100;
      config_.max_fragments = 4;
    }
    if ((choice & 0x08) != 0) config_.max_output_len = 64;
    if ((choice & 0x10) != 0) {
      require(tw_pool_create(nullptr, &pool_) == TW_OK, "tw_pool_create");
      config_.pool = pool_;
    }
  }

  void step(uint8_t first) {
    const size_t number = first >> 3;
    const reference::Bytes payload = is_sized(first & 7) ? bytes(number) : reference::Bytes();
    switch (first & 7) {
      case kRaw: return feed(bytes(number + 1));
      case kFrame: {
        const uint8_t header = byte();
        return feed(frame(header, bytes(number)));
      }
      case kLongFrame: {
        const uint8_t header = byte(), filler = byte();
        return feed(frame(header, reference::Bytes(number * 67, filler)));
      }
      case kSend: {
        const uint8_t how = byte();
        return compare_call(engine_->send(how & 3, payload, how >> 6), reference_->send(how & 3, payload, how >> 6));
      }
      case kControl: {
        const reference::Bytes data = number == 31 ? reference::Bytes(126) : payload;
        if (number % 2 == 0) return compare_call(engine_->ping(data), reference_->ping(data));
        return compare_call(engine_->pong(data), reference_->pong(data));
      }
      case kClose: {
        const uint32_t high = byte(), code = high * 256 + byte();
        return compare_call(engine_->close(code, payload), reference_->close(code, payload));
      }
      case kHeadOrEof:
        if (number < 30) return feed(head(number));
        return compare_call(engine_->receive_eof(), reference_->receive_eof());
      case kOutput: return take_output();
    }
  }

  static bool is_sized(int action) { return action == kSend || action == kControl || action == kClose; }

  // A frame with a true length, masked as the role of the engine demands.
  reference::Bytes frame(uint8_t first, const reference::Bytes &payload) const {
    const bool masked = config_.role == TW_ROLE_SERVER;
    reference::Bytes out = {first, static_cast<uint8_t>((masked ? 0x80 : 0) | std::min<size_t>(payload.size(), 126))};
    if (payload.size() >= 126) {
      out.push_back(static_cast<uint8_t>(payload.size() >> 8));
      out.push_back(static_cast<uint8_t>(payload.size()));
    }
    const uint8_t key[4] = {first, 0x5A, static_cast<uint8_t>(payload.size()), 0xC3};
    if (masked) out.insert(out.end(), key, key + 4);
    for (size_t i = 0; i < payload.size(); ++i) out.push_back(payload[i] ^ (masked ? key[i % 4] : 0));
    return out;
  }

  // The peer's head: good with even numbers, with a fault in the line `number` otherwise.
  reference::Bytes head(size_t number) const {
    std::vector<std::string> lines = {"GET / HTTP/1.1",
                                      "Host: h",
                                      "Upgrade: websocket",
                                      "Connection: Upgrade",
                                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                                      "Sec-WebSocket-Version: 13"};
    if (config_.role == TW_ROLE_CLIENT) {
      lines = {"HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
               "Sec-WebSocket-Accept: Bz3qJYTGdOe8gUSpLosEdiLKDrk="};
    }
    if (number % 2 != 0) lines[number / 2 % lines.size()][number % 5] = 'x';
    std::string text;
    for (const std::string &line : lines) text += line + "\r\n";
    text += "\r\n";
    return reference::Bytes(text.begin(), text.end());
  }

  size_t next_cut() {
    cuts_ = cuts_ * 1103515245u + 12345u;
    return cuts_ >> 16;
  }

  void feed(const reference::Bytes &data) {
    std::vector<reference::Event> events, expected;
    tw_status status = TW_OK;
    size_t at = 0;
    do {
      const size_t len = std::min(data.size() - at, 1 + next_cut() % 23);
      const auto begin = data.begin() + static_cast<ptrdiff_t>(at);
      const reference::Bytes piece(begin, begin + static_cast<ptrdiff_t>(len));
      status = engine_->receive(piece, 1 + next_cut() % 3, &events);
      at += len;
    } while (status == TW_OK && at < data.size());
    require(status == reference_->receive(data, &expected), "receive has the status of the reference");
    require(events == expected, "receive has the events of the reference");
    event_count_ += events.size();
    if (status < 0) failure_ = status;
    compare_state();
  }

  void compare_call(tw_status status, tw_status expected) {
    require(status == expected, "the call has the status of the reference");
    compare_state();
  }

  void compare_state() {
    require(engine_->state() == reference_->state(), "the state is that of the reference");
    require(engine_->failure() == reference_->failure(), "the error is that of the reference");
    require(engine_->wants() == reference_->wants(), "what is wanted is that of the reference");
  }

  void take_output() {
    require(engine_->take_output() == reference_->take_output(), "the output is that of the reference");
    compare_state();
  }

  void require_idle_pool() {
    tw_pool_stats stats = TW_POOL_STATS_INIT;
    require(tw_pool_get_stats(pool_, &stats) == TW_OK, "tw_pool_get_stats");
    require(stats.in_use_len == 0, "a destroyed connection gives its buffers back");
  }

  const uint8_t *data_;
  size_t len_;
  uint32_t cuts_ = 1;
  tw_handshake_config handshake_ = TW_HANDSHAKE_CONFIG_INIT;
  tw_conn_config config_ = TW_CONN_CONFIG_INIT;
  tw_pool *pool_ = nullptr;
  EngineSession *engine_ = nullptr;
  reference::Connection *reference_ = nullptr;
  size_t event_count_ = 0;
  tw_status failure_ = TW_OK;
};

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_VECTORS_SESSION_SCRIPT_H_
