// SPDX-License-Identifier: MIT
#include "core/wire/close_code.h"

#include <gtest/gtest.h>
#include <stdint.h>
#include <tidewire/tidewire.h>

namespace tidewire {
namespace {

struct CodeRange {
  uint32_t first;
  uint32_t last;
  bool valid;
};

// RFC 6455 §7.4 and the IANA registry, without a gap.
constexpr CodeRange kRanges[] = {
    {0, 999, false},        // not used
    {1000, 1003, true},     // normal, going away, protocol error, unacceptable type
    {1004, 1004, false},    // reserved
    {1005, 1006, false},    // no code, no close frame: never on the wire
    {1007, 1014, true},     // invalid data ... bad gateway
    {1015, 1015, false},    // TLS handshake: never on the wire
    {1016, 2999, false},    // not assigned
    {3000, 3999, true},     // registered with IANA by libraries and applications
    {4000, 4999, true},     // private use
    {5000, 65535, false},   // outside
    {65536, 70000, false},  // more than a close frame can say
    {UINT32_MAX, UINT32_MAX, false},
};

TEST(CloseCode, EveryCodeIsJudgedByItsRange) {
  for (const CodeRange &range : kRanges) {
    for (uint64_t code = range.first; code <= range.last; ++code) {
      ASSERT_EQ(close_code_valid(static_cast<uint32_t>(code)), range.valid) << code;
      ASSERT_EQ(tw_close_code_valid(static_cast<uint32_t>(code)), range.valid ? 1 : 0) << code;
    }
  }
}

}  // namespace
}  // namespace tidewire
