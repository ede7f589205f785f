/* SPDX-License-Identifier: MIT
 *
 * The public headers together and every initialiser, in each dialect of C and C++ that header_test.py is run with. Only
 * compiled.
 */
/* clang-format off */
#include <tidewire/tw_unstable.h>
#include <tidewire/tw_table.h>
#include <tidewire/tidewire.h>
/* clang-format on */

int initialisers_compile(const tw_api *api);

int initialisers_compile(const tw_api *api) {
  tw_pool_config pool_config = TW_POOL_CONFIG_INIT;
  tw_pool_stats pool_stats = TW_POOL_STATS_INIT;
  tw_pool_class_stats class_stats = TW_POOL_CLASS_STATS_INIT;
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  tw_conn_stats stats = TW_CONN_STATS_INIT;
  tw_error error = TW_ERROR_INIT;
  return pool_config.struct_size == sizeof(pool_config) && pool_stats.struct_size == sizeof(pool_stats) &&
         class_stats.struct_size == sizeof(class_stats) && deflate.struct_size == sizeof(deflate) &&
         handshake.struct_size == sizeof(handshake) && config.struct_size == sizeof(config) &&
         stats.struct_size == sizeof(stats) && error.struct_size == sizeof(error) && TW_API_HAS(api, conn_get_error);
}
