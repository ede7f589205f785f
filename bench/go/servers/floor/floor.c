// SPDX-License-Identifier: MIT
// The least that one call for each read has to do: parse, unmask, and build the answers. No fragments, no control
// frames, no limits, no validation.
#include "floor.h"

#include <string.h>

static void unmask(uint8_t *restrict out, const uint8_t *restrict data, size_t len, const uint8_t *key) {
  uint32_t pattern;
  memcpy(&pattern, key, 4);
  size_t i = 0;
  for (; i + 4 <= len; i += 4) {
    uint32_t word;
    memcpy(&word, data + i, 4);
    word ^= pattern;
    memcpy(out + i, &word, 4);
  }
  for (; i < len; i++) out[i] = data[i] ^ key[i & 3];
}

size_t floor_echo(const uint8_t *data, size_t len, uint8_t *out, size_t *out_consumed) {
  const uint8_t *next = data;
  const uint8_t *const end = data + len;
  uint8_t *to = out;
  while (end - next >= 6) {
    size_t payload_len = next[1] & 0x7f;
    size_t header_len = 2;
    if (payload_len >= 126) {
      header_len += payload_len == 126 ? 2 : 8;
      if ((size_t)(end - next) < header_len) break;
      payload_len = 0;
      for (size_t i = 2; i < header_len; i++) payload_len = payload_len << 8 | next[i];
    }
    if ((size_t)(end - next) < header_len + 4 || (size_t)(end - next) - header_len - 4 < payload_len) break;
    memcpy(to, next, header_len);
    to[1] &= 0x7f;
    unmask(to + header_len, next + header_len + 4, payload_len, next + header_len);
    to += header_len + payload_len;
    next += header_len + 4 + payload_len;
  }
  *out_consumed = (size_t)(next - data);
  return (size_t)(to - out);
}
