// SPDX-License-Identifier: MIT
#include "capi/include/tidewire/tw_unstable.h"

#include "core/simd/kernels.h"

using namespace tidewire;

extern "C" {

size_t tw_unstable_kernel_count(void) {
  const Kernels *rows[kIsaCount];
  return kernels_available(rows);
}

const char *tw_unstable_kernel_name(size_t index) {
  const Kernels *rows[kIsaCount];
  return index < kernels_available(rows) ? rows[index]->name : nullptr;
}

const char *tw_unstable_kernel_selected(void) { return kernels().name; }

tw_status tw_unstable_kernel_select(const char *name) {
  if (name == nullptr) return TW_ERR_NULL;
  return kernels_select(name) ? TW_OK : TW_ERR_KERNEL;
}

}  // extern "C"
