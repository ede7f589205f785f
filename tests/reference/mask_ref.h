// SPDX-License-Identifier: MIT
// Masking as RFC 6455 §5.3 writes it, one octet at a time. What every kernel is compared with.
#ifndef TIDEWIRE_TESTS_REFERENCE_MASK_REF_H_
#define TIDEWIRE_TESTS_REFERENCE_MASK_REF_H_

#include <stddef.h>
#include <stdint.h>

namespace tidewire::reference {

// `phase` is the number of payload octets before src[0]. dst == src is allowed.
void mask(uint8_t *dst, const uint8_t *src, size_t len, const uint8_t key[4], uint64_t phase);

}  // namespace tidewire::reference

#endif  // TIDEWIRE_TESTS_REFERENCE_MASK_REF_H_
