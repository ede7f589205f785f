// SPDX-License-Identifier: MIT
// simdutf: validation alone.
#include "bench/peers.h"

#if TW_BENCH_SIMDUTF
#include <simdutf.h>
#endif

namespace tidewire::bench {

const Peer *simdutf_row() {
#if TW_BENCH_SIMDUTF
  static constexpr Peer kSimdutf = {
      .name = "simdutf",
      .mask = nullptr,
      .utf8_valid = [](const uint8_t *data,
                       size_t len) { return simdutf::validate_utf8(reinterpret_cast<const char *>(data), len); },
      .unmask_utf8 = nullptr,
      .accept_key = nullptr,
      .make_decoder = nullptr,
      .make_encoder = nullptr,
  };
  return &kSimdutf;
#else
  return nullptr;
#endif
}

}  // namespace tidewire::bench
