// SPDX-License-Identifier: MIT
#include "core/message/prepared.h"

namespace tidewire {

Status Prepared::create(const LeaseSource &, uint8_t, ByteView, uint32_t, Prepared **) { return Status::kUnsupported; }

void Prepared::destroy(Prepared *) {}

}  // namespace tidewire
