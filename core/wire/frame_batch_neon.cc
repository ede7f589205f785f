// SPDX-License-Identifier: MIT
#include "core/base/macros.h"

#if TW_ARCH_AARCH64

#include "core/simd/isa_neon.h"
#include "core/wire/frame_batch.h"

namespace tidewire::isa_neon {

#include "core/wire/frame_batch_impl.h"

extern const FrameLoops kFrameLoops;
constexpr FrameLoops kFrameLoops = {loop_frames, loop_messages};

}  // namespace tidewire::isa_neon

#endif
