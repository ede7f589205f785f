// SPDX-License-Identifier: MIT
#include "core/base/macros.h"

#if TW_ARCH_X86_64

#include "core/simd/isa_avx512.h"
#include "core/wire/frame_batch.h"

TW_TARGET_BEGIN("avx512f,avx512bw,avx512vl,avx512vbmi,avx2,bmi2")
namespace tidewire::isa_avx512 {

#include "core/wire/frame_batch_impl.h"

extern const FrameLoops kFrameLoops;
constexpr FrameLoops kFrameLoops = {loop_frames, loop_messages};

}  // namespace tidewire::isa_avx512
TW_TARGET_END()

#endif
