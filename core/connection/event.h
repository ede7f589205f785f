// SPDX-License-Identifier: MIT
// What a connection reports, in the layout of tw_event and of wire's Frame, so that the frame loop writes messages
// directly to the caller's array.
#ifndef TIDEWIRE_CORE_CONNECTION_EVENT_H_
#define TIDEWIRE_CORE_CONNECTION_EVENT_H_

#include <stddef.h>
#include <stdint.h>

#include "core/wire/frame_batch.h"

namespace tidewire {

enum class EventType : uint8_t { kOpen = 1, kMessage = 2, kPing = 3, kPong = 4, kClose = 5, kChunk = 6 };

struct __attribute__((may_alias)) Event {
  uint8_t *data;
  uint64_t len;  // bytes
  EventType type;
  uint8_t opcode;
  uint8_t flags;
  uint8_t reserved;
  uint32_t code;    // subprotocol of kOpen, close code of kClose
  uint64_t offset;  // in the received stream
};

static_assert(sizeof(Event) == sizeof(Frame));
static_assert(offsetof(Event, data) == offsetof(Frame, payload));
static_assert(offsetof(Event, len) == offsetof(Frame, payload_len));
static_assert(offsetof(Event, type) == offsetof(Frame, tag));
static_assert(offsetof(Event, opcode) == offsetof(Frame, opcode));
static_assert(offsetof(Event, flags) == offsetof(Frame, flags));
static_assert(offsetof(Event, reserved) == offsetof(Frame, header_len));
static_assert(offsetof(Event, code) == offsetof(Frame, key));
static_assert(offsetof(Event, offset) == offsetof(Frame, offset));

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_CONNECTION_EVENT_H_
