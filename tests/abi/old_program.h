/* SPDX-License-Identifier: MIT
 *
 * What the parts of the old program share. It is compiled against capi/abi/1.0 and never changes: it must go on to run
 * with every library of the same ABI major.
 */
#ifndef TIDEWIRE_TESTS_ABI_OLD_PROGRAM_H_
#define TIDEWIRE_TESTS_ABI_OLD_PROGRAM_H_

#include <tidewire/tw_table.h>

#include "tests/capi/check.h"

#if TW_ABI_MINOR != 0
#error "compile with capi/abi/1.0 before every other directory"
#endif

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
/* In a block of exactly its size in 1.0, so that AddressSanitizer sees a library that takes it for a longer one. */
#define EXACT_COPY(type, value) ((type *)check_block((value), sizeof(type)))
#define EXACT_ARRAY(type, count) ((type *)exact_zeros((count) * sizeof(type)))

extern const tw_api *api; /* of the linked library, or of the one that was loaded */

static inline void *exact_zeros(size_t len) {
  void *block = calloc(1, len);
  if (block == NULL) abort();
  return block;
}

/* 0 when every check of the file holds. */
int old_wire(void);
int old_handshake(void);
int old_connection(void);
int old_limits(void);

#endif /* TIDEWIRE_TESTS_ABI_OLD_PROGRAM_H_ */
