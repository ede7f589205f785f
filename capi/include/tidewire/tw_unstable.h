/* SPDX-License-Identifier: MIT
 *
 * Functions for tests and benchmarks. They may change or go in any release and are not in the table of tw_get_api.
 */
#ifndef TIDEWIRE_TW_UNSTABLE_H_
#define TIDEWIRE_TW_UNSTABLE_H_

#include "tidewire.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Unstable ------------------------------------------------------------------------------------------------ */

/* The number of kernel rows ("avx512", "avx2", "sse2", "neon", "scalar") that this processor can run. */
TW_API size_t tw_unstable_kernel_count(void);

/* The name of row `index`, best first; NULL beyond the last. Static. */
TW_API const char *tw_unstable_kernel_name(size_t index);

/* The row in use. Static. */
TW_API const char *tw_unstable_kernel_selected(void);

/* Uses another row for functions without an object and for objects created from now on. TW_ERR_KERNEL when no row of
 * this name is available. */
TW_API tw_status tw_unstable_kernel_select(const char *name);

#ifdef __cplusplus
}
#endif

#endif /* TIDEWIRE_TW_UNSTABLE_H_ */
