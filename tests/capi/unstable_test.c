/* SPDX-License-Identifier: MIT
 *
 * Kernel rows listed, chosen by name, and giving the same results.
 */
#include <tidewire/tw_unstable.h>

#include "check.h"

int main(void) {
  const uint8_t key[4] = {1, 2, 3, 4};
  const size_t count = tw_unstable_kernel_count();
  const char *before = tw_unstable_kernel_selected();
  uint8_t want[1000];
  size_t i, j;
  for (i = 0; i < sizeof(want); ++i) want[i] = (uint8_t)(i ^ key[i % 4]);
  CHECK(count >= 1);
  CHECK_STR(tw_unstable_kernel_name(count - 1), "scalar");
  CHECK(tw_unstable_kernel_name(count) == NULL);
  CHECK(tw_unstable_kernel_name(SIZE_MAX) == NULL);
  for (i = 0; i < count; ++i) {
    uint8_t data[1000];
    CHECK_STATUS(tw_unstable_kernel_select(tw_unstable_kernel_name(i)), TW_OK);
    CHECK_STR(tw_unstable_kernel_selected(), tw_unstable_kernel_name(i));
    for (j = 0; j < sizeof(data); ++j) data[j] = (uint8_t)j;
    CHECK_STATUS(tw_mask(data, data, sizeof(data), key, 0), TW_OK);
    CHECK_BYTES(data, want, sizeof(want));
  }
  CHECK_STATUS(tw_unstable_kernel_select("mmx"), TW_ERR_KERNEL);
  CHECK_STATUS(tw_unstable_kernel_select(""), TW_ERR_KERNEL);
  CHECK_STATUS(tw_unstable_kernel_select(NULL), TW_ERR_NULL);
  CHECK_STR(tw_unstable_kernel_selected(), "scalar");
  CHECK_STATUS(tw_unstable_kernel_select(before), TW_OK);
  return check_result();
}
