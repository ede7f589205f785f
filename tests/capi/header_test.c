/* SPDX-License-Identifier: MIT
 *
 * The public headers alone, twice, in every dialect that CMakeLists.txt names, C and C++ alike. Only compiled.
 */
/* clang-format off */
#include <tidewire/tw_unstable.h>
#include <tidewire/tw_table.h>
#include <tidewire/tidewire.h>
#include <tidewire/tidewire.h>
#include <tidewire/tw_table.h>
#include <tidewire/tw_unstable.h>
/* clang-format on */

int initialisers_compile(const tw_api *api);

int initialisers_compile(const tw_api *api) {
  tw_pool_config pool_config = TW_POOL_CONFIG_INIT;
  tw_pool_stats stats = TW_POOL_STATS_INIT;
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  tw_error error = TW_ERROR_INIT;
  return pool_config.struct_size == sizeof(pool_config) && stats.struct_size == sizeof(stats) &&
         handshake.struct_size == sizeof(handshake) && config.struct_size == sizeof(config) &&
         error.struct_size == sizeof(error) && TW_API_HAS(api, conn_get_error);
}
