// SPDX-License-Identifier: MIT
#include "core/wire/opcode.h"

#include <gtest/gtest.h>
#include <tidewire/tidewire.h>

namespace tidewire {
namespace {

// RFC 6455 §5.2.
TEST(Opcode, SixAreDefinedAndThreeOfThemAreControls) {
  constexpr bool kDefined[16] = {true, true, true, false, false, false, false, false,
                                 true, true, true, false, false, false, false, false};
  for (uint8_t opcode = 0; opcode < 16; ++opcode) {
    EXPECT_EQ(is_defined(opcode), kDefined[opcode]) << int{opcode};
    EXPECT_EQ(is_control(opcode), opcode >= 8) << int{opcode};
  }
}

TEST(Opcode, NumbersAreThoseOfTheHeader) {
  EXPECT_EQ(int{kContinuation}, TW_OPCODE_CONTINUATION);
  EXPECT_EQ(int{kText}, TW_OPCODE_TEXT);
  EXPECT_EQ(int{kBinary}, TW_OPCODE_BINARY);
  EXPECT_EQ(int{kClose}, TW_OPCODE_CLOSE);
  EXPECT_EQ(int{kPing}, TW_OPCODE_PING);
  EXPECT_EQ(int{kPong}, TW_OPCODE_PONG);
}

}  // namespace
}  // namespace tidewire
