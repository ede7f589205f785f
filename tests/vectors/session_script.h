// SPDX-License-Identifier: MIT
// A session written as bytes: configuration, frames, calls and times. What fuzzers and random tests drive connections
// with.
#ifndef TIDEWIRE_TESTS_VECTORS_SESSION_SCRIPT_H_
#define TIDEWIRE_TESTS_VECTORS_SESSION_SCRIPT_H_

#include <stddef.h>
#include <stdint.h>
#include <tidewire/tidewire.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/reference/connection_ref.h"
#include "tests/support/deflate_writer.h"

namespace tidewire::test {

struct SessionStep {
  enum class Action : uint8_t { kFeed, kEof, kSend, kPing, kPong, kClose, kOutput, kTick };

  Action action;
  reference::Bytes data = {};  // of kFeed, kSend, kPing, kPong; the reason of kClose
  uint32_t opcode = 0;         // of kSend
  uint32_t flags = 0;          // of kSend
  uint32_t code = 0;           // of kClose
  size_t len = 0;              // of kOutput: how many bytes are consumed; SIZE_MAX: all
  uint64_t now = 0;            // of kTick, in ns
};

// Bytes 0 and 1 are the configuration, byte 2 seeds the cuts and has the flag that came last. Then steps follow: a byte
// that tells what to do, one with a number that is mostly a length, and what the step takes. Any bytes are a script;
// after the end come zeros.
class SessionScript {
 public:
  enum Code : uint8_t {
    kRaw,        // `number` + 1 bytes from the peer, as they are
    kFrame,      // first byte of a frame, then `number` bytes of payload
    kLongFrame,  // first byte, filler: `number` * 8 times the filler
    kSend,       // `number` bytes, how: opcode in bits 0 and 1, flags in bits 2, 3, 6 and 7, 8 times the bytes: bit 4
    kControl,    // `number` bytes; a ping where that is even. 255: 126 bytes
    kClose,      // `number` % 128 bytes of reason, the code
    kHead,       // the peer's head
    kEof,
    kOutput,         // consumes `number` bytes; 0: all
    kTick,           // later by `number` quarters of a second; from 240 on by ns; 255: earlier
    kDeflated,       // first byte of a frame, kind, `number` bytes to be compressed
    kDeflatedParts,  // the same in two frames, with a ping in between; a byte tells where it is cut
    kCodeCount
  };

  SessionScript(const uint8_t *data, size_t len) : data_(data), len_(len) {
    configure(byte());
    configure_more(byte());
    const uint8_t seed = byte();
    if ((seed & 0x01) != 0) config_.flags |= TW_CONN_STREAM_FRAGMENTED;
    cut_seed_ = seed + 1u;
    while (len_ > 0) {
      const Code code = static_cast<Code>(byte() % kCodeCount);
      add_step(code, byte());
    }
  }
  SessionScript(const SessionScript &) = delete;
  SessionScript &operator=(const SessionScript &) = delete;

  // Points into this object.
  const tw_conn_config &config() const { return config_; }
  bool pooled() const { return pooled_; }
  bool compresses() const { return config_.deflate != nullptr; }
  uint32_t cut_seed() const { return cut_seed_; }
  const std::vector<SessionStep> &steps() const { return steps_; }

 private:
  using Action = SessionStep::Action;
  using Bytes = reference::Bytes;

  uint8_t byte() {
    if (len_ == 0) return 0;
    --len_;
    return *data_++;
  }

  Bytes bytes(size_t count) {
    const size_t present = std::min(count, len_);
    Bytes out(data_, data_ + present);
    data_ += present;
    len_ -= present;
    return out;
  }

  void configure(uint8_t choice) {
    config_.role = (choice & 0x01) != 0 ? TW_ROLE_CLIENT : TW_ROLE_SERVER;
    handshake_.host = "h";
    handshake_.max_head_len = 512;
    config_.handshake = &handshake_;
    config_.read_len = 256;  // shorter than many frames
    config_.max_read_len = 1024;
    config_.flags = (choice & 0x02) != 0 ? 0 : TW_CONN_UPGRADED;
    if ((choice & 0x04) != 0) {
      config_.max_frame_len = 40;
      config_.max_message_len = 100;
      config_.max_fragments = 4;
    }
    if ((choice & 0x08) != 0) config_.max_output_len = 64;
    pooled_ = (choice & 0x10) != 0;
    if ((choice & 0x20) != 0) config_.flags |= TW_CONN_STREAM;
    if ((choice & 0x40) != 0) config_.flags |= TW_CONN_MANUAL_PONG;
    if ((choice & 0x80) != 0) config_.flags |= TW_CONN_MANUAL_CLOSE;
  }

  void configure_more(uint8_t choice) {
    if ((choice & 0x01) != 0) config_.flags |= TW_CONN_TRUSTED;
    configure_deflate(choice >> 1 & 3);
    if ((choice & 0x08) != 0) {
      config_.output_high_len = 48;
      config_.output_low_len = 16;
    }
    if ((choice & 0x10) != 0) config_.max_control_rate = 3;
    configure_times(choice >> 5 & 3);
    if ((choice & 0x80) != 0) {
      deflate_.max_call_len = 100;
      deflate_.max_ratio = 20;
    }
    if (!compresses()) return;
    // How long compressed output is, the compressor decides: what depends on it is left out.
    config_.max_output_len = 0;
    config_.output_high_len = config_.output_low_len = 0;
  }

  // 1: no context is taken over; 2: both are; 3: the same with small windows.
  void configure_deflate(uint8_t choice) {
    if (choice == 0) return;
    config_.deflate = &deflate_;
    negotiated_ = {1, 0, 15, 15, {}};
    deflate_.min_len = 16;
    if (choice >= 2) {
      deflate_.max_context_len = 1 << 20;
      negotiated_.flags = TW_DEFLATE_SEND_TAKEOVER | TW_DEFLATE_RECEIVE_TAKEOVER;
    }
    if (choice == 3) {
      deflate_.send_window_bits = negotiated_.send_window_bits = 9;
      deflate_.receive_window_bits = negotiated_.receive_window_bits = 10;
      deflate_.memory_level = 1;
    }
    if ((config_.flags & TW_CONN_UPGRADED) != 0) config_.negotiated = &negotiated_;
  }

  void configure_times(uint8_t choice) {
    constexpr uint64_t kQuarter = 250'000'000;
    if (choice == 0) return;
    config_.handshake_timeout_ns = 8 * kQuarter;
    config_.idle_timeout_ns = 12 * kQuarter;
    config_.ping_interval_ns = 4 * kQuarter;
    config_.pong_timeout_ns = 2 * kQuarter;
    config_.message_timeout_ns = 6 * kQuarter;
    config_.close_timeout_ns = 4 * kQuarter;
    if (choice == 2) config_.ping_interval_ns = config_.idle_timeout_ns = TW_NEVER;
    if (choice == 3) config_.pong_timeout_ns = config_.message_timeout_ns = config_.close_timeout_ns = TW_NEVER;
  }

  void add_step(Code code, uint8_t number) {
    switch (code) {
      case kRaw: return feed(bytes(number + 1u));
      case kFrame: {
        const uint8_t first = byte();
        return feed(frame(first, bytes(number)));
      }
      case kLongFrame: {
        const uint8_t first = byte(), filler = byte();
        return feed(frame(first, Bytes(number * 8u, filler)));
      }
      case kSend: {
        const Bytes data = bytes(number);
        return add_send(data, byte());
      }
      case kControl: {
        const Bytes data = number == 255 ? Bytes(126) : bytes(number % 126u);
        return add({number % 2 == 0 ? Action::kPing : Action::kPong, data});
      }
      case kClose: {
        const Bytes reason = bytes(number % 128u);
        const uint32_t high = byte();
        return add({.action = Action::kClose, .data = reason, .code = high * 256 + byte()});
      }
      case kHead: return feed(head(number));
      case kEof: return add({Action::kEof});
      case kOutput: return add({.action = Action::kOutput, .len = number == 0 || compresses() ? SIZE_MAX : number});
      case kTick: return add_tick(number);
      case kDeflated: {
        const uint8_t first = byte(), kind = byte();
        return feed(frame(first, deflated(kind, bytes(number))));
      }
      default: return add_deflated_parts(number);
    }
  }

  void add(SessionStep step) { steps_.push_back(std::move(step)); }
  void feed(const Bytes &data) { add({Action::kFeed, data}); }

  void add_send(const Bytes &data, uint8_t how) {
    SessionStep step = {Action::kSend, data};
    step.opcode = how & 3;
    step.flags = (how & 0x0Cu) | how >> 6;
    for (int i = 1; (how & 0x10) != 0 && i < 8; ++i) step.data.insert(step.data.end(), data.begin(), data.end());
    add(step);
  }

  void add_tick(uint8_t number) {
    constexpr uint64_t kQuarter = 250'000'000;
    if (number == 255) {
      add({.action = Action::kTick, .now = now_ - 4 * kQuarter});
      return;
    }
    now_ += number < 240 ? number * kQuarter : number - 240u;
    add({.action = Action::kTick, .now = now_});
  }

  void add_deflated_parts(uint8_t number) {
    const uint8_t first = byte(), kind = byte(), cut = byte();
    const Bytes payload = deflated(kind, bytes(number));
    const auto middle = payload.begin() + static_cast<ptrdiff_t>(std::min<size_t>(cut, payload.size()));
    feed(frame(first & ~TW_FRAME_FIN, Bytes(payload.begin(), middle)));
    feed(frame(TW_FRAME_FIN | TW_OPCODE_PING, {cut}));
    feed(frame(TW_FRAME_FIN | TW_OPCODE_CONTINUATION, Bytes(middle, payload.end())));
  }

  // Good DEFLATE, but for the kinds 0 and 7, matches from before the window, and what a cut end makes of it.
  static Bytes deflated(uint8_t kind, const Bytes &data) {
    const bool final = (kind & 7) == 3 || (kind & 7) == 6;
    DeflateWriter writer;
    switch (kind & 7) {
      case 0:
      case 7: return data;
      case 1:
      case 3: writer.stored(data, final); break;
      default:
        writer.begin_fixed(final);
        writer.literals(data);
        if ((kind & 7) == 4) {
          for (size_t i = 0; !data.empty() && i < 2 * data.size(); ++i) writer.match(258, 1);
        }
        if ((kind & 7) == 5 && data.size() >= 3) writer.match(3 + data[0], 1 + (data[1] + data[2] * 256u) % 32768);
        writer.end_fixed();
    }
    Bytes out = writer.message(final);
    if ((kind & 0x08) != 0) out.insert(out.end(), {0x00, 0x00, 0xFF, 0xFF, 0x00});
    if ((kind & 0x10) != 0) out.pop_back();
    return out;
  }

  // A frame with a true length, masked as the role of the engine demands.
  Bytes frame(int first, const Bytes &payload) const {
    const bool masked = config_.role == TW_ROLE_SERVER;
    Bytes out = {static_cast<uint8_t>(first),
                 static_cast<uint8_t>((masked ? 0x80 : 0) | std::min<size_t>(payload.size(), 126))};
    if (payload.size() >= 126) {
      out.push_back(static_cast<uint8_t>(payload.size() >> 8));
      out.push_back(static_cast<uint8_t>(payload.size()));
    }
    const uint8_t key[4] = {static_cast<uint8_t>(first), 0x5A, static_cast<uint8_t>(payload.size()), 0xC3};
    if (masked) out.insert(out.end(), key, key + 4);
    for (size_t i = 0; i < payload.size(); ++i) out.push_back(payload[i] ^ (masked ? key[i % 4] : 0));
    return out;
  }

  // The peer's head: good with even numbers, with a fault in the line `number` otherwise.
  Bytes head(size_t number) const {
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
    if (compresses() && (number & 2) == 0) lines.push_back(extension(number));
    if (number % 2 != 0) lines[number / 2 % lines.size()][number % 5] = 'x';
    std::string text;
    for (const std::string &line : lines) text += line + "\r\n";
    text += "\r\n";
    return Bytes(text.begin(), text.end());
  }

  // What a client may offer, or what answers the offer of this configuration.
  std::string extension(size_t number) const {
    std::string line = "Sec-WebSocket-Extensions: permessage-deflate";
    if (config_.role == TW_ROLE_SERVER) {
      if ((number & 4) != 0) line += "; client_max_window_bits";
      if ((number & 8) != 0) line += "; server_no_context_takeover";
      return line;
    }
    if (deflate_.max_context_len == 0) line += "; server_no_context_takeover; client_no_context_takeover";
    if (deflate_.receive_window_bits != 0) line += "; server_max_window_bits=10";
    if (deflate_.send_window_bits != 0) line += "; client_max_window_bits=9";
    return line;
  }

  const uint8_t *data_;  // what is left of the bytes
  size_t len_;
  uint64_t now_ = 10'500'000'000;  // ns; control frames are counted in whole seconds
  uint32_t cut_seed_ = 1;
  bool pooled_ = false;
  tw_handshake_config handshake_ = TW_HANDSHAKE_CONFIG_INIT;
  tw_deflate_config deflate_ = TW_DEFLATE_CONFIG_INIT;
  tw_deflate negotiated_ = {};
  tw_conn_config config_ = TW_CONN_CONFIG_INIT;
  std::vector<SessionStep> steps_;
};

// Where input is cut: the same places for the same seed.
class Cuts {
 public:
  explicit Cuts(uint32_t seed) : state_(seed) {}
  // At least 1, less than `end`.
  size_t next(size_t end) {
    state_ = state_ * 1103515245u + 12345u;
    return 1 + (state_ >> 16) % (end - 1);
  }

 private:
  uint32_t state_;
};

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_VECTORS_SESSION_SCRIPT_H_
