// SPDX-License-Identifier: MIT
// Converts the seams that several objects are created with.
#ifndef TIDEWIRE_CAPI_SRC_SEAMS_H_
#define TIDEWIRE_CAPI_SRC_SEAMS_H_

#include "capi/include/tidewire/tidewire.h"
#include "core/base/allocator.h"
#include "core/base/random.h"
#include "core/connection/log.h"

namespace tidewire {

inline Status read_allocator(const tw_allocator *theirs, Allocator *out) {
  *out = Allocator();
  if (theirs == nullptr) return Status::kOk;
  if ((theirs->allocate == nullptr) != (theirs->release == nullptr)) return Status::kNull;
  *out = {theirs->allocate, theirs->release, theirs->context};
  return Status::kOk;
}

inline Status read_random(const tw_random *theirs, RandomSource *out) {
  *out = RandomSource();
  if (theirs == nullptr) return Status::kOk;
  if (theirs->fill == nullptr) return Status::kNull;
  *out = {theirs->fill, theirs->context};
  return Status::kOk;
}

// A level that a later version may define is more than all of today's.
inline Status read_log(const tw_log *theirs, LogSink *out) {
  *out = LogSink();
  if (theirs == nullptr) return Status::kOk;
  if (theirs->put_line == nullptr) return Status::kNull;
  if (theirs->level == 0) return Status::kArgument;
  if (theirs->reserved != 0) return Status::kUnsupported;
  *out = {theirs->put_line, theirs->context, theirs->level, 0};
  return Status::kOk;
}

}  // namespace tidewire

#endif  // TIDEWIRE_CAPI_SRC_SEAMS_H_
