// SPDX-License-Identifier: MIT
// How a message is sent: the flags of tw_conn_send in tidewire.h.
#ifndef TIDEWIRE_CORE_MESSAGE_SEND_FLAGS_H_
#define TIDEWIRE_CORE_MESSAGE_SEND_FLAGS_H_

#include <stdint.h>

namespace tidewire {

enum SendFlag : uint32_t {
  kSendMore = 0x01,
  kSendValidUtf8 = 0x02,
  kSendCompress = 0x04,
  kSendNoCompress = 0x08,
  kSendBorrow = 0x10,
  kSendMaskInPlace = 0x20,
};

inline constexpr uint32_t kCompressionChoice = kSendCompress | kSendNoCompress;

// Whether `flags` are among `known`, and go together.
inline bool send_flags_valid(uint32_t flags, uint32_t known) {
  const bool one_choice = (flags & kCompressionChoice) != kCompressionChoice;
  const bool may_mask = (flags & (kSendBorrow | kSendMaskInPlace)) != kSendMaskInPlace;
  return (flags & ~known) == 0 && one_choice && may_mask;
}

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_MESSAGE_SEND_FLAGS_H_
