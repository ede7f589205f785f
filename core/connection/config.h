// SPDX-License-Identifier: MIT
// What a connection is created with. Numbers are final here: the C interface has put in the defaults.
#ifndef TIDEWIRE_CORE_CONNECTION_CONFIG_H_
#define TIDEWIRE_CORE_CONNECTION_CONFIG_H_

#include <stdint.h>

#include <type_traits>

#include "core/base/random.h"
#include "core/buffer/lease.h"
#include "core/connection/log.h"
#include "core/wire/deflate_terms.h"
#include "core/wire/handshake.h"

namespace tidewire {

inline constexpr uint64_t kNever = UINT64_MAX;       // a time-out that is off
inline constexpr uint64_t kSecond = 1'000'000'000;   // ns
inline constexpr uint64_t kRatioFreeLen = 64 << 10;  // inflated bytes of a message to which max_ratio does not apply

// Settings::flags, the values of TW_CONN_... in tidewire.h.
enum ConnFlag : uint32_t {
  kConnUpgraded = 0x01,  // the handshake was done elsewhere
  kConnStream = 0x02,
  kConnManualPong = 0x04,
  kConnManualClose = 0x08,
  kConnTrusted = 0x10,
  kConnStreamFragmented = 0x20,
};

enum class Role : uint8_t { kServer, kClient };

struct DeflateSettings {
  uint64_t min_len = 128;           // bytes
  uint64_t max_call_len = 1 << 20;  // bytes
  uint32_t level = 1;
  uint32_t memory_level = 8;
  uint32_t max_ratio = 250;
  uint32_t reserved = 0;
};

// What connections of one configuration share: never written after it was made, and compared byte by byte.
struct Settings : LeaseSource {
  RandomSource random;
  LogSink log;
  uint64_t max_frame_len = 16 << 20;
  uint64_t max_message_len = 16 << 20;
  uint64_t max_output_len = 64 << 20;
  uint64_t output_high_len = 1 << 20;
  uint64_t output_low_len = 256 << 10;
  uint64_t handshake_timeout = 10 * kSecond;
  uint64_t idle_timeout = 120 * kSecond;
  uint64_t ping_interval = 20 * kSecond;
  uint64_t pong_timeout = 20 * kSecond;
  uint64_t message_timeout = 60 * kSecond;
  uint64_t close_timeout = 10 * kSecond;
  uint32_t read_len = 8 << 10;
  uint32_t max_read_len = 256 << 10;
  uint32_t write_len = 4 << 10;
  uint32_t min_borrow_len = 8 << 10;
  uint32_t max_fragments = 1024;
  uint32_t max_control_rate = 1000;
  uint32_t flags = 0;  // ConnFlag
  uint32_t reserved = 0;
  DeflateSettings deflate;
};
static_assert(std::has_unique_object_representations_v<Settings>);

struct ConnectionConfig {
  Role role = Role::kServer;
  Settings settings;
  HandshakeConfig handshake;  // copied
  DeflateTerms negotiated;    // by a handshake done elsewhere
};

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_CONNECTION_CONFIG_H_
