// SPDX-License-Identifier: MIT
// UTF-8 validation alone, and of text that is unmasked in place first or in the same pass.
#include <stdio.h>

#include "bench/suite.h"
#include "core/base/endian.h"
#include "tidewire/tidewire.h"

namespace tidewire::bench {
namespace {

constexpr size_t kLens[] = {16, 125, 1 << 10, 64 << 10};

// Valid text masked with this key is valid text again (see make_payload), so that it can be unmasked in place for ever.
constexpr uint8_t kKeyBytes[4] = {1, 1, 1, 1};

uint32_t key() { return load_raw<uint32_t>(kKeyBytes); }

struct Text {
  Content content;
  size_t len;

  std::vector<uint8_t> bytes() const {
    Numbers numbers(len);
    return make_payload(content, len, numbers);
  }
};

std::string table_of(Text text, bool masks) {
  return std::string(masks ? "UnmaskUtf8" : "Utf8") + name_of(text.content);
}

// `valid` is called as bool(uint8_t *data, size_t len).
template <class Valid>
void check(const std::string &name, Text text, bool masks, Valid valid) {
  const std::vector<uint8_t> bytes = text.bytes();
  std::vector<uint8_t> masked = bytes;
  for (uint8_t &byte : masked) byte ^= masks ? kKeyBytes[0] : 0;
  std::vector<uint8_t> data = bytes;
  for (const std::vector<uint8_t> &expected : {masked, bytes}) {
    if (!valid(data.data(), data.size()) || data != expected) die(name + ": valid text is refused or spoilt");
  }
  for (size_t at = 0; at < text.len; at += text.len / 64 + 1) {
    data = bytes;
    data[at] = 0xff;
    if (valid(data.data(), data.size())) die(name + ": invalid text is accepted");
  }
}

template <class Valid>
void run(benchmark::State &state, Text text, bool masks, Valid valid) {
  Slots slots(text.len, masks ? Slots::Start::kFramePayload : Slots::Start::kAnywhere);
  slots.fill(text.bytes());
  size_t turn = 0;
  for (auto _ : state) benchmark::DoNotOptimize(valid(slots[turn++], text.len));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.len));
}

template <class Valid>
void add(const std::string &row, Text text, bool masks, Valid valid) {
  add_row(
      table_of(text, masks), row, text.len, [=](const std::string &name) { check(name, text, masks, valid); },
      [=](benchmark::State &state) { run(state, text, masks, valid); });
}

// simdutf has no unmasking; beside ours it shows what validation costs it alone.
void add_simdutf(Text text) {
  if (simdutf_row() == nullptr) return;
  const Utf8Fn valid = simdutf_row()->utf8_valid;
  add(simdutf_row()->name, text, false, valid);
  add_row(
      table_of(text, true), simdutf_row()->name, text.len,
      [=](const std::string &name) { check(name, text, false, valid); },
      [=](benchmark::State &state) { run(state, text, true, valid); });
}

void add_memcpy(Text text, bool masks) {
  const auto copy = [to = std::make_shared<std::vector<uint8_t>>(text.len)](uint8_t *data, size_t len) {
    memcpy(to->data(), data, len);
    return true;
  };
  add_row(
      table_of(text, masks), "memcpy", text.len, [](const std::string &) {},
      [=](benchmark::State &state) { run(state, text, masks, copy); });
}

void add_ours(Text text) {
  add("tw_utf8_validate", text, false,
      [](uint8_t *data, size_t len) { return tw_utf8_validate(data, len, nullptr) == TW_OK; });
  add("tw_unmask_utf8", text, true, [](uint8_t *data, size_t len) {
    tw_utf8 utf8 = {};
    return tw_unmask_utf8(data, data, len, kKeyBytes, 0, &utf8, nullptr) == TW_OK && tw_utf8_finish(&utf8) == TW_OK;
  });
  for (const Kernels *kernel : our_kernels()) {
    add(kernel->name, text, false, [=](uint8_t *data, size_t len) {
      Utf8State utf8;
      return kernel->utf8_step(&utf8, data, len) && utf8.need == 0;
    });
    add(kernel->name, text, true, [=](uint8_t *data, size_t len) {
      Utf8State utf8;
      return kernel->unmask_utf8(data, data, len, key(), &utf8) && utf8.need == 0;
    });
  }
}

void add_others(Text text) {
  for (const Peer *other : others()) {
    if (other == floor_row() && text.content != Content::kAscii) continue;  // knows no other text
    if (other->utf8_valid == nullptr) continue;
    add(other->name, text, false, other->utf8_valid);
    add(other->name, text, true, [=](uint8_t *data, size_t len) { return other->unmask_utf8(data, len, key()); });
  }
}

}  // namespace

void register_benchmarks() {
  if (simdutf_row() == nullptr) fputs("no rows of simdutf: its sources were not found (simdutf.cmake)\n", stderr);
  for (const Content content : {Content::kAscii, Content::kMultilingual}) {
    for (const size_t len : kLens) {
      const Text text = {content, len};
      add_memcpy(text, false);
      add_memcpy(text, true);
      add_ours(text);
      add_others(text);
      add_simdutf(text);
    }
  }
}

}  // namespace tidewire::bench
