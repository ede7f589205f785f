// SPDX-License-Identifier: MIT
#include "core/wire/frame_batch.h"

#include "core/base/macros.h"

namespace tidewire {

namespace isa_scalar {
extern const FrameLoops kFrameLoops;
}
#if TW_ARCH_X86_64
namespace isa_sse2 {
extern const FrameLoops kFrameLoops;
}
namespace isa_avx2 {
extern const FrameLoops kFrameLoops;
}
namespace isa_avx512 {
extern const FrameLoops kFrameLoops;
}
#elif TW_ARCH_AARCH64
namespace isa_neon {
extern const FrameLoops kFrameLoops;
}
#endif

const FrameLoops &frame_loops(Isa isa) {
  switch (isa) {
#if TW_ARCH_X86_64
    case Isa::kSse2: return isa_sse2::kFrameLoops;
    case Isa::kAvx2: return isa_avx2::kFrameLoops;
    case Isa::kAvx512: return isa_avx512::kFrameLoops;
#elif TW_ARCH_AARCH64
    case Isa::kNeon: return isa_neon::kFrameLoops;
#endif
    default: return isa_scalar::kFrameLoops;
  }
}

}  // namespace tidewire
