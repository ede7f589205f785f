/* SPDX-License-Identifier: MIT
 *
 * A library of version 1.0 for today's program: today's functions behind the table of 1.0, and what 1.0 refuses.
 * Compiled against capi/abi/1.0.
 */
#include <string.h>
#include <tidewire/tw_table.h>

#include "tests/abi/functions_1_0.h"

/* 1.0 knows no field behind tw_conn_config.negotiated. */
static tw_status create_as_1_0(const tw_conn_config *config, tw_conn **out_conn) {
  const uint8_t *bytes = (const uint8_t *)config;
  tw_conn_config known;
  size_t i;
  if (config == NULL || config->struct_size <= sizeof(known)) return tw_conn_create(config, out_conn);
  *out_conn = NULL;
  for (i = sizeof(known); i < config->struct_size; ++i) {
    if (bytes[i] != 0) return TW_ERR_UNSUPPORTED;
  }
  memcpy(&known, config, sizeof(known));
  known.struct_size = sizeof(known);
  return tw_conn_create(&known, out_conn);
}

#define LINKED(name) tw_##name,
static tw_api table = {sizeof(tw_api), TW_ABI_MAJOR, TW_ABI_MINOR, FUNCTIONS_1_0(LINKED)};

const tw_api *tw_get_api(uint32_t abi_major) {
  table.conn_create = create_as_1_0;
  return abi_major == TW_ABI_MAJOR ? &table : NULL;
}
