/* SPDX-License-Identifier: MIT
 *
 * A program that is linked with a function of version 1.1. The loader does not start it with a library of 1.0.
 */
#include <tidewire/tidewire.h>

int main(void) { return tw_status_section(TW_ERR_RSV) == NULL; }
