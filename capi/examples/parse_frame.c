// SPDX-License-Identifier: MIT
//
// Frames without a connection: what a read from a socket might have brought is decoded in one call, in place.
#include <stdio.h>
#include <tidewire/tidewire.h>

int main(void) {
  // RFC 6455 5.7: a masked text message, a fragmented one, a ping, and the beginning of a frame of 256 bytes.
  uint8_t data[] = {
      0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,  // "Hello"
      0x01, 0x03, 0x48, 0x65, 0x6c,                                      // "Hel"
      0x80, 0x02, 0x6c, 0x6f,                                            // "lo"
      0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f,                          // a ping with the payload "Hello"
      0x82, 0x7e, 0x01, 0x00, 0xff                                       // the rest is still to come
  };
  tw_frame frames[8];
  size_t count, consumed;
  tw_status status = tw_frames_decode(data, sizeof data, 0, frames, 8, &count, &consumed);

  for (size_t i = 0; i < count; i++) {
    printf("at %2u: opcode %2d%s, %u bytes: %.*s\n", (unsigned)frames[i].offset, frames[i].opcode,
           (frames[i].flags & TW_FRAME_FIN) != 0 ? ", FIN" : "", (unsigned)frames[i].payload_len,
           (int)frames[i].payload_len, (const char *)frames[i].payload);
  }
  printf("%u of %u bytes read: %s\n", (unsigned)consumed, (unsigned)sizeof data, tw_status_name(status));
  return status == TW_NEED_INPUT && count == 4 && consumed == sizeof data - 5 ? 0 : 1;
}
