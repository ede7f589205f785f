// SPDX-License-Identifier: MIT
// Converts the seams that several objects are created with.
#ifndef TIDEWIRE_CAPI_SRC_SEAMS_H_
#define TIDEWIRE_CAPI_SRC_SEAMS_H_

#include "capi/include/tidewire/tidewire.h"
#include "core/base/allocator.h"
#include "core/base/random.h"

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

}  // namespace tidewire

#endif  // TIDEWIRE_CAPI_SRC_SEAMS_H_
