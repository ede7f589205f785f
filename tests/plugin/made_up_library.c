// SPDX-License-Identifier: MIT
// Libraries that a host may meet besides today's: MADE_UP_KIND says which. The table is that of TW_LIBRARY.
#include <dlfcn.h>
#include <string.h>
#include <tidewire/tw_table.h>

#define OLDER 1     // interface 1.0: the table ends before what came with 1.1
#define NEWER 2     // interface 1.99: the table goes on behind what the host knows
#define FOREIGN 3   // another major version
#define STRANGER 4  // something else altogether

#if MADE_UP_KIND != STRANGER
TW_API const tw_api *tw_get_api(uint32_t abi_major) {
  static struct {
    tw_api known;
    void (*future[4])(void);
  } table;
  if (abi_major != (MADE_UP_KIND == FOREIGN ? 2 : 1)) return NULL;
  void *library = dlopen(TW_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return NULL;
  tw_get_api_fn get_api;
  void *symbol = dlsym(library, "tw_get_api");
  memcpy(&get_api, &symbol, sizeof get_api);
  const tw_api *today = get_api(TW_ABI_MAJOR);
  if (MADE_UP_KIND == OLDER) {
    memcpy(&table.known, today, offsetof(tw_api, status_section));
    table.known.struct_size = offsetof(tw_api, status_section);
    table.known.abi_minor = 0;
  } else {
    table.known = *today;
    table.known.struct_size = sizeof table;
    table.known.abi_minor = 99;
  }
  return &table.known;
}
#endif
