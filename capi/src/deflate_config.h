// SPDX-License-Identifier: MIT
// Turns the caller's tw_deflate_config into what the handshake wants of the other side, and what the engine keeps to
// itself.
#ifndef TIDEWIRE_CAPI_SRC_DEFLATE_CONFIG_H_
#define TIDEWIRE_CAPI_SRC_DEFLATE_CONFIG_H_

#include <stddef.h>

#include "capi/src/guard.h"
#include "core/connection/codec.h"
#include "core/connection/config.h"
#include "core/message/deflate.h"
#include "core/wire/deflate_terms.h"

namespace tidewire {

inline constexpr size_t kDeflateConfigSize10 =
    offsetof(tw_deflate_config, reserved) + sizeof(tw_deflate_config::reserved);

// 0 becomes the default.
inline bool read_deflate_choice(uint32_t least, uint32_t most, uint32_t standard, uint32_t *value) {
  if (*value == 0) *value = standard;
  return *value >= least && *value <= most;
}

// Reads the struct, puts the defaults of the four choices in, and checks their ranges (kArgument).
inline Status load_deflate_config(const tw_deflate_config *theirs, tw_deflate_config *out) {
  const Status status = read_struct(theirs, kDeflateConfigSize10, out);
  if (status != Status::kOk) return status;
  const bool valid = read_deflate_choice(1, 9, DeflateSettings().level, &out->level) &&
                     read_deflate_choice(1, 9, DeflateSettings().memory_level, &out->memory_level) &&
                     read_deflate_choice(kMinWindowBits, kMaxWindowBits, kMaxWindowBits, &out->send_window_bits) &&
                     read_deflate_choice(kMinWindowBits, kMaxWindowBits, kMaxWindowBits, &out->receive_window_bits);
  if (!valid) return Status::kArgument;
  return out->reserved == 0 ? Status::kOk : Status::kUnsupported;
}

// nullptr: no compression. Context takeover is wished for where max_context_len has room for it, first to receive.
inline Status read_deflate_wish(const tw_deflate_config *theirs, DeflateTerms *out) {
  *out = DeflateTerms();
  if (theirs == nullptr) return Status::kOk;
  tw_deflate_config config;
  const Status status = load_deflate_config(theirs, &config);
  if (status != Status::kOk) return status;
  const uint64_t receive_len = inflate_context_len(kInflateWindowBits);
  const uint64_t send_len = deflate_context_len(config.send_window_bits, config.memory_level);
  uint64_t room = config.max_context_len;
  out->enabled = 1;
  out->send_window_bits = static_cast<uint8_t>(config.send_window_bits);
  out->receive_window_bits = static_cast<uint8_t>(config.receive_window_bits);
  if (receive_len <= room) {
    out->flags |= kDeflateReceiveTakeover;
    room -= receive_len;
  }
  if (send_len <= room) out->flags |= kDeflateSendTakeover;
  return Status::kOk;
}

// nullptr gives the defaults.
inline Status read_deflate_config(const tw_deflate_config *theirs, DeflateSettings *out) {
  tw_deflate_config config;
  const Status status = load_deflate_config(theirs, &config);
  if (status != Status::kOk) return status;
  *out = DeflateSettings();
  out->level = config.level;
  out->memory_level = config.memory_level;
  take(config.min_len, &out->min_len);
  take(config.max_call_len, &out->max_call_len);
  take(config.max_ratio, &out->max_ratio);
  return Status::kOk;
}

}  // namespace tidewire

#endif  // TIDEWIRE_CAPI_SRC_DEFLATE_CONFIG_H_
