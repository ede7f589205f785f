// SPDX-License-Identifier: MIT
#include "core/simd/isa_scalar.h"
#include "core/wire/frame_batch.h"

namespace tidewire::isa_scalar {

#include "core/wire/frame_batch_impl.h"

extern const FrameLoops kFrameLoops;
constexpr FrameLoops kFrameLoops = {loop_frames, loop_messages};

}  // namespace tidewire::isa_scalar
