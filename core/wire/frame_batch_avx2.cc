// SPDX-License-Identifier: MIT
#include "core/base/macros.h"

#if TW_ARCH_X86_64

#include "core/simd/isa_avx2.h"
#include "core/wire/frame_batch.h"

TW_TARGET_BEGIN("avx2")
namespace tidewire::isa_avx2 {

#include "core/wire/frame_batch_impl.h"

extern const FrameLoops kFrameLoops;
constexpr FrameLoops kFrameLoops = {loop_frames, loop_messages};

}  // namespace tidewire::isa_avx2
TW_TARGET_END()

#endif
