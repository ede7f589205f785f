// SPDX-License-Identifier: MIT
#include "tests/vectors/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <zlib.h>

#include <charconv>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace tidewire::test {
namespace {

uint32_t crc_of(uint32_t before, const void *data, size_t len) {
  return static_cast<uint32_t>(crc32_z(before, static_cast<const Bytef *>(data), len));
}

std::string hex_of(uint32_t crc) {
  char digits[9];
  snprintf(digits, sizeof(digits), "%08" PRIx32, crc);
  return digits;
}

std::string told(const reference::Bytes &bytes) {
  // zlib takes NULL for a question.
  const uint32_t crc = bytes.empty() ? 0 : crc_of(0, bytes.data(), bytes.size());
  return std::to_string(bytes.size()) + " " + hex_of(crc);
}

const char *state_name(uint32_t state) {
  constexpr const char *kNames[] = {"connecting", "open", "closing", "closed"};
  return kNames[state];
}

}  // namespace

void Digest::step(tw_status status) { line(std::string("step ") + tw_status_name(status)); }

void Digest::event(const reference::Event &event) {
  line("event " + std::to_string(event.type) + " " + std::to_string(event.opcode) + " " + std::to_string(event.flags) +
       " " + std::to_string(event.code) + " " + std::to_string(event.offset) + " " + told(event.data));
}

void Digest::output(const reference::Bytes &bytes) { line("output " + told(bytes)); }

void Digest::end(uint32_t state, const reference::Failure &failure, const tw_close &close) {
  line(std::string("end ") + state_name(state));
  line(std::string("error ") + tw_status_name(failure.status) + " " + std::to_string(failure.offset) + " " +
       std::to_string(failure.close_code));
  line("close " + std::to_string(close.local_code) + " " + std::to_string(close.remote_code) + " " +
       std::to_string(close.cause));
}

void Digest::line(const std::string &text) {
  crc_ = crc_of(crc_, text.data(), text.size());
  crc_ = crc_of(crc_, "\n", 1);
}

Digests load_digests(const std::string &path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot be read");
  Digests digests;
  std::string line;
  for (size_t number = 1; std::getline(file, line); ++number) {
    const size_t blank = line.find(' ');
    const std::string digits = blank == std::string::npos ? "" : line.substr(blank + 1);
    uint32_t digest = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), digest, 16);
    const bool is_digest = digits.size() == 8 && error == std::errc() && end == digits.data() + digits.size();
    if (!is_digest || !digests.emplace(line.substr(0, blank), digest).second) {
      throw std::runtime_error("line " + std::to_string(number) + " is no new digest");
    }
  }
  return digests;
}

void save_digests(const std::string &path, const Digests &digests) {
  std::ofstream file(path);
  for (const auto &[name, digest] : digests) file << name << " " << hex_of(digest) << "\n";
  if (!file.flush()) throw std::runtime_error("cannot be written");
}

}  // namespace tidewire::test
