// SPDX-License-Identifier: MIT
// Opcodes and header bits of RFC 6455 §5.2.
#ifndef TIDEWIRE_CORE_WIRE_OPCODE_H_
#define TIDEWIRE_CORE_WIRE_OPCODE_H_

#include <stdint.h>

namespace tidewire {

enum Opcode : uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

// Bits of the first header byte.
inline constexpr uint8_t kFin = 0x80;
inline constexpr uint8_t kRsvBits = 0x70;
inline constexpr uint8_t kRsv1 = 0x40;
inline constexpr uint8_t kControlBit = 0x08;
inline constexpr uint8_t kOpcodeBits = 0x0F;

// Of the second.
inline constexpr uint8_t kMaskBit = 0x80;
inline constexpr uint8_t kLength16 = 126;
inline constexpr uint8_t kLength64 = 127;

inline constexpr uint8_t kMaxControlPayload = 125;  // §5.5
inline constexpr uint8_t kMaxHeader = 14;           // 2 + 64-bit length + masking key

constexpr bool is_control(uint8_t opcode) { return (opcode & kControlBit) != 0; }
// Bit i of the constant: opcode i is defined.
constexpr bool is_defined(uint8_t opcode) { return ((0x0707u >> opcode) & 1u) != 0; }

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_WIRE_OPCODE_H_
