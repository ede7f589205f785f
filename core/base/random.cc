// SPDX-License-Identifier: MIT
#include "core/base/random.h"

#include <errno.h>
#include <sys/random.h>

namespace tidewire {

Status RandomSource::fill(uint8_t *out, size_t len) const {
  if (fill_fn != nullptr) return fill_fn(context, out, len) == 0 ? Status::kOk : Status::kRandom;
  while (len > 0) {
    const ssize_t got = getrandom(out, len, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      return Status::kRandom;
    }
    out += got;
    len -= static_cast<size_t>(got);
  }
  return Status::kOk;
}

}  // namespace tidewire
