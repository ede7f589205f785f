// SPDX-License-Identifier: MIT
// A whole connection, fed in pieces and with calls in between, against the reference that gets everything whole: the
// same statuses, events, output, state and error, and nothing held in the end.
#include "tests/vectors/session_script.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  tidewire::test::SessionScript(data, len).run();
  return 0;
}
