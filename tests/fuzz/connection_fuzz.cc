// SPDX-License-Identifier: MIT
// A whole connection, fed in pieces, with calls and times in between, against the reference that gets everything whole:
// the same statuses, events, output, state and error, and nothing held in the end.
#include "tests/vectors/side_by_side.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  const tidewire::test::SessionScript script(data, len);
  tidewire::test::SideBySide(script).run();
  return 0;
}
