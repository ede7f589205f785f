// SPDX-License-Identifier: MIT
// Random sessions in the form of SessionScript: mostly frames as peers send them, so that a session lives for a while.
#ifndef TIDEWIRE_TESTS_UNIT_CONNECTION_RANDOM_SCRIPT_H_
#define TIDEWIRE_TESTS_UNIT_CONNECTION_RANDOM_SCRIPT_H_

#include <stddef.h>
#include <stdint.h>
#include <tidewire/tidewire.h>

#include <algorithm>
#include <utility>

#include "tests/support/test_bytes.h"
#include "tests/vectors/session_script.h"

namespace tidewire::test {

class RandomScript {
 public:
  explicit RandomScript(uint64_t seed) : rng_(seed) {}

  // The bytes of the next script.
  Bytes next() {
    out_ = random_bytes(rng_, 3);
    if (rng_() % 2 == 0) out_[1] &= 0x06;  // half of them without rare rules, and so with longer lives
    compresses_ = (out_[1] & 0x06) != 0;
    in_message_ = false;
    const bool connects = (out_[0] & 0x02) != 0;
    if (connects && rng_() % 16 != 0) add(Code::kHead, rng_() % 16 != 0 ? 4 * pick(rng_, 0, 9) : rng_());
    for (size_t steps = pick(rng_, 1, 30); steps > 0; --steps) add_step();
    return out_;
  }

 private:
  using Code = SessionScript::Code;

  void add(Code code, size_t number) {
    out_.push_back(code);
    out_.push_back(static_cast<uint8_t>(number));
  }
  void add_byte(size_t byte) { out_.push_back(static_cast<uint8_t>(byte)); }

  void add_step() {
    const size_t number = rng_() % 16 != 0 ? pick(rng_, 0, 24) : pick(rng_, 0, 255);
    const size_t choice = rng_() % 20;
    if (choice < 6) return add_frame(next_first_byte(), number);
    if (choice < 7) return add_cut_frame(next_first_byte(), number % 126);
    if (choice < 10 && compresses_) return add_deflated(number);
    if (choice < 12) return add_tick();
    if (choice < 15) return add_send(number);
    if (choice < 17) return add_control(number);
    if (choice < 19) return add(Code::kOutput, number);
    if (rng_() % 2 == 0) return add_close(number % 128);
    add_anything(number);
  }

  void add_frame(uint8_t first, size_t number) {
    add(Code::kFrame, number);
    add_byte(first);
    add_text(number);
  }

  // Its bytes in two parts, with a tick in between. The masking key is 0.
  void add_cut_frame(uint8_t first, size_t len) {
    const bool masked = (out_[0] & 0x01) == 0;
    Bytes frame = {first, static_cast<uint8_t>((masked ? 0x80 : 0) | len)};
    frame.resize(frame.size() + (masked ? 4 : 0) + len, 'x');
    if (masked) std::fill(frame.begin() + 2, frame.begin() + 6, uint8_t{0});
    const size_t cut = pick(rng_, 1, frame.size() - 1);
    for (const auto &[from, to] : {std::pair{size_t{0}, cut}, std::pair{cut, frame.size()}}) {
      add(Code::kRaw, to - from - 1);
      out_.insert(out_.end(), frame.begin() + static_cast<ptrdiff_t>(from), frame.begin() + static_cast<ptrdiff_t>(to));
      if (from == 0) add(Code::kTick, pick(rng_, 0, 6));
    }
  }

  // Good kinds, mostly, where a message may begin, or that go on with one.
  void add_deflated(size_t number) {
    const size_t kind = rng_() % 8 == 0 ? rng_() : pick(rng_, 1, 6);
    if (kind == 4 && rng_() % 4 == 0) number = pick(rng_, 128, 255);  // a bomb
    const bool parts = !in_message_ && rng_() % 4 == 0;
    add(parts ? Code::kDeflatedParts : Code::kDeflated, number);
    const uint8_t first = parts ? uint8_t{0x81} : next_first_byte();
    const bool starts = (first & 0x0F) == TW_OPCODE_TEXT || (first & 0x0F) == TW_OPCODE_BINARY;
    add_byte(starts || rng_() % 32 == 0 ? first | TW_FRAME_RSV1 : first);
    add_byte(kind);
    if (parts) add_byte(rng_() % (number + 4));
    add_text(number);
  }

  // With the answer to the ping that it may bring.
  void add_tick() {
    add(Code::kTick, rng_() % 16 != 0 ? pick(rng_, 0, 6) : rng_());
    if (rng_() % 2 == 0) return;
    add(Code::kFrame, 8);
    add_byte(TW_FRAME_FIN | TW_OPCODE_PONG);
    const Bytes pong = text("tidewire");
    out_.insert(out_.end(), pong.begin(), pong.end());
  }

  void add_send(size_t number) {
    add(Code::kSend, number);
    add_text(number);
    add_byte(rng_());
  }

  void add_control(size_t number) {
    add(Code::kControl, number % 126);
    add_text(number % 126);
  }

  void add_close(size_t number) {
    add(Code::kClose, number);
    add_text(number);
    add_byte(0x03);
    add_byte(0xE8 + rng_() % 8);
  }

  void add_anything(size_t number) {
    add(static_cast<Code>(rng_() % Code::kCodeCount), number);
    const Bytes rest = random_bytes(rng_, number + 2);
    out_.insert(out_.end(), rest.begin(), rest.end());
  }

  // ASCII, or now and then anything.
  void add_text(size_t len) {
    for (size_t i = 0; i < len; ++i) add_byte(rng_() % (rng_() % 400 == 0 ? 256 : 128));
  }

  // The first byte of a frame that may come next, or now and then of any.
  uint8_t next_first_byte() {
    constexpr uint8_t kOutside[] = {0x81, 0x82, 0x01, 0x02, 0x89, 0x8A}, kInside[] = {0x00, 0x80, 0x89, 0x8A};
    if (rng_() % 40 == 0) return rng_() % 2 == 0 ? 0x88 : static_cast<uint8_t>(rng_());
    const uint8_t first = in_message_ ? kInside[rng_() % 4] : kOutside[rng_() % 6];
    if ((first & 0x08) == 0) in_message_ = (first & TW_FRAME_FIN) == 0;
    return first;
  }

  Rng rng_;
  Bytes out_;
  bool compresses_ = false;
  bool in_message_ = false;
};

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_UNIT_CONNECTION_RANDOM_SCRIPT_H_
