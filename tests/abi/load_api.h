/* SPDX-License-Identifier: MIT
 *
 * How a host finds the library: by its path. Compiled against the headers of the program that includes it.
 */
#ifndef TIDEWIRE_TESTS_ABI_LOAD_API_H_
#define TIDEWIRE_TESTS_ABI_LOAD_API_H_

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <tidewire/tw_table.h>

/* tw_get_api of the library at `path`, which *out_library receives for dlclose; NULL, said on stderr, where there is
 * none. */
static tw_get_api_fn load_get_api(const char *path, void **out_library) {
  tw_get_api_fn get_api;
  void *symbol;
  *out_library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  symbol = *out_library == NULL ? NULL : dlsym(*out_library, "tw_get_api");
  if (symbol == NULL) {
    fprintf(stderr, "tw_get_api: %s\n", dlerror());
    return NULL;
  }
  memcpy(&get_api, &symbol, sizeof(get_api));
  return get_api;
}

#endif /* TIDEWIRE_TESTS_ABI_LOAD_API_H_ */
