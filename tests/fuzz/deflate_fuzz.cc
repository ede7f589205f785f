// SPDX-License-Identifier: MIT
// Inflater against the reference over arbitrary messages in pieces, with small spans: the same bytes and the same
// verdict after each piece. Deflater against the reference and Inflater: what was sent arrives, at every setting.
// Input: one byte of mode, then parameters and messages, each behind its length of two bytes.
#include <string.h>

#include <algorithm>
#include <vector>

#include "core/message/deflate.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/reference/inflate_ref.h"

namespace {

using tidewire::ByteView;
using tidewire::Deflater;
using tidewire::Inflater;
using tidewire::LeaseSource;
using tidewire::Lender;
using tidewire::MutBytes;
using tidewire::Status;
using tidewire::fuzz::Input;
using tidewire::reference::Bytes;
using tidewire::reference::Inflated;
using tidewire::reference::InflateVerdict;

constexpr size_t kMaxLen = 65536;      // bytes that a message may come to
constexpr size_t kMaxReferences = 64;  // of a message; each reads it from its start
constexpr ptrdiff_t kMaxDistance = 32768;
constexpr uint8_t kCanary = 0xA5;

Bytes next_message(Input *input) {
  const size_t wanted_len = input->two_bytes();
  const size_t len = std::min(wanted_len, input->rest_len());
  const Bytes message(input->rest(), input->rest() + len);
  *input = Input(input->rest() + len, input->rest_len() - len);
  return message;
}

void append(Bytes *to, const Bytes &bytes) { to->insert(to->end(), bytes.begin(), bytes.end()); }

// No match reaches further back than 32768 bytes.
void slide(Bytes *window, const Bytes &message) {
  append(window, message);
  if (window->end() - window->begin() > kMaxDistance) window->erase(window->begin(), window->end() - kMaxDistance);
}

// Calls inflate() or finish() with spans of `room` bytes until it wants no more of them, or has written too much.
template <typename Call>
Status drain(size_t room, Bytes *got, Call call) {
  Status status;
  do {
    Bytes span(room + 1, kCanary);
    MutBytes out = {span.data(), room};
    status = call(&out);
    FUZZ_CHECK(out.data + out.size == span.data() + room);
    FUZZ_CHECK(span[room] == kCanary);
    FUZZ_CHECK(status == Status::kOk || status == Status::kNeedRoom || status == Status::kDeflate);
    FUZZ_CHECK(status != Status::kNeedRoom || out.size == 0);
    got->insert(got->end(), span.data(), out.data);
  } while (status == Status::kNeedRoom && got->size() <= kMaxLen);
  return status;
}

// Whether the message goes on, which the reference must agree with. Bytes are compared up to kMaxLen.
bool check_verdict(Status status, const Bytes &got, const Inflated &want) {
  FUZZ_CHECK(want.bytes.size() == std::min(got.size(), kMaxLen));
  FUZZ_CHECK(std::equal(want.bytes.begin(), want.bytes.end(), got.begin()));
  FUZZ_CHECK((want.verdict == InflateVerdict::too_long) == (got.size() > kMaxLen));
  if (want.verdict == InflateVerdict::too_long) return false;
  FUZZ_CHECK(status == (want.verdict == InflateVerdict::ok ? Status::kOk : Status::kDeflate));
  return status == Status::kOk;
}

// Returns whether another message may follow; `window` is what the messages so far came to.
bool check_message(Inflater *inflater, const Bytes &message, size_t piece, size_t room, Bytes *window) {
  const bool every_piece = message.size() / piece <= kMaxReferences;
  Bytes got;
  Status status = Status::kOk;
  for (size_t at = 0; at < message.size() && status == Status::kOk; at += piece) {
    const size_t end = std::min(at + piece, message.size());
    const Bytes exact(message.begin() + static_cast<ptrdiff_t>(at), message.begin() + static_cast<ptrdiff_t>(end));
    ByteView in = {exact.data(), exact.size()};
    status = drain(room, &got, [&](MutBytes *out) { return inflater->inflate(&in, out); });
    FUZZ_CHECK(status != Status::kOk || in.size == 0);
    if (!every_piece) continue;
    const Bytes so_far(message.begin(), message.begin() + static_cast<ptrdiff_t>(end));
    if (!check_verdict(status, got, tidewire::reference::inflate(so_far, false, *window, kMaxLen))) return false;
  }
  if (status == Status::kOk) status = drain(room, &got, [&](MutBytes *out) { return inflater->finish(out); });
  const bool goes_on = check_verdict(status, got, tidewire::reference::inflate(message, true, *window, kMaxLen));
  slide(window, got);
  return goes_on;
}

// The window is the largest: only then does the library follow every match, however its calls are cut.
void check_inflater(Input *input) {
  const bool takeover = (input->byte() & 1) != 0;
  const size_t piece = 1 + size_t{input->byte()};
  const size_t room = input->byte();
  const LeaseSource source;
  Lender lender(&source);
  Inflater *inflater = nullptr;
  FUZZ_CHECK(Inflater::create(&lender, 15, &inflater) == Status::kOk);
  Bytes window;
  while (input->rest_len() > 0) {
    const bool goes_on = check_message(inflater, next_message(input), piece, room > 0 ? room : kMaxLen, &window);
    if (!goes_on || !takeover) {
      inflater->reset();
      window.clear();
    }
  }
  Inflater::destroy(&lender, inflater);
  FUZZ_CHECK(lender.held_len() == 0);
}

Bytes deflated(Deflater *deflater, const Bytes &fragment, bool last) {
  const size_t cap = Deflater::bound(fragment.size());
  Bytes out(cap + 1, kCanary);
  size_t len = SIZE_MAX;
  FUZZ_CHECK(deflater->deflate({fragment.data(), fragment.size()}, last, {out.data(), cap}, &len) == Status::kOk);
  FUZZ_CHECK(len <= cap);
  FUZZ_CHECK(out[cap] == kCanary);
  out.resize(len);
  return out;
}

struct Peers {
  Deflater *deflater;
  Inflater *inflater;
  unsigned window_bits;
};

// One message of several fragments, each a message of the input once or many times over.
void check_round_trip(Input *input, const Peers &peers, Bytes *window) {
  Bytes message;
  Bytes payload;
  const unsigned fragments = 1 + input->byte() % 4u;
  for (unsigned i = 1; i <= fragments; ++i) {
    const unsigned repeats = 1 + input->byte();
    const Bytes part = next_message(input);
    Bytes fragment;
    for (unsigned k = 0; k < repeats && fragment.size() < kMaxLen / 8; ++k) append(&fragment, part);
    fragment.resize(std::min(fragment.size(), kMaxLen / 4));
    append(&message, fragment);
    append(&payload, deflated(peers.deflater, fragment, i == fragments));
  }
  const Inflated want = tidewire::reference::inflate(payload, true, *window);
  FUZZ_CHECK(want.verdict == InflateVerdict::ok);
  FUZZ_CHECK(want.bytes == message);
  FUZZ_CHECK(want.max_distance <= size_t{1} << peers.window_bits);
  FUZZ_CHECK(check_message(peers.inflater, payload, 251, 997, window));
}

void check_deflater(Input *input) {
  const unsigned window_bits = 8 + input->byte() % 8u;
  const unsigned level = 1 + input->byte() % 9u;
  const unsigned memory_level = 1 + input->byte() % 9u;
  const bool takeover = (input->byte() & 1) != 0;
  const LeaseSource source;
  Lender lender(&source);
  Peers peers = {nullptr, nullptr, window_bits};
  FUZZ_CHECK(Deflater::create(&lender, level, memory_level, window_bits, &peers.deflater) == Status::kOk);
  FUZZ_CHECK(Inflater::create(&lender, window_bits, &peers.inflater) == Status::kOk);
  Bytes window;
  for (int messages = 0; messages < 8 && (input->rest_len() > 0 || messages == 0); ++messages) {
    check_round_trip(input, peers, &window);
    if (takeover) continue;
    peers.deflater->reset();
    peers.inflater->reset();
    window.clear();
  }
  Deflater::destroy(&lender, peers.deflater);
  Inflater::destroy(&lender, peers.inflater);
  FUZZ_CHECK(lender.held_len() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  Input input(data, len);
  if ((input.byte() & 1) == 0) {
    check_inflater(&input);
  } else {
    check_deflater(&input);
  }
  return 0;
}
