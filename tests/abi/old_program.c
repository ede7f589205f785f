/* SPDX-License-Identifier: MIT
 *
 * A program of the days of version 1.0, run with today's library: linked with it, or, where argv[1] names it, through
 * the table of 1.0 that tw_get_api returns. Every function of 1.0 is called, every answer judged.
 */
#include "tests/abi/old_program.h"

#include "tests/abi/functions_1_0.h"
#include "tests/abi/load_api.h"

#define LINKED(name) tw_##name,
static const tw_api kLinked = {sizeof(tw_api), TW_ABI_MAJOR, TW_ABI_MINOR, FUNCTIONS_1_0(LINKED)};

const tw_api *api = &kLinked;

typedef void (*any_function)(void);

static void check_slot(const char *name, any_function in_table, any_function linked) {
  if (check_true(in_table == linked, name, __FILE__, __LINE__)) return;
  fprintf(stderr, "    the slot of the table holds another function than tw_%s\n", name);
}

static void check_table(const tw_api *table) {
  CHECK(table->struct_size >= sizeof(tw_api));
  CHECK_EQ(table->abi_major, TW_ABI_MAJOR);
  CHECK(table == tw_get_api(TW_ABI_MAJOR));
#define SLOT(name) check_slot(#name, (any_function)table->name, (any_function)tw_##name);
  FUNCTIONS_1_0(SLOT)
}

static const tw_api *load(const char *path) {
  void *library;
  const tw_get_api_fn get_api = load_get_api(path, &library);
  if (get_api == NULL) return NULL;
  CHECK(get_api(TW_ABI_MAJOR + 1) == NULL);
  return get_api(TW_ABI_MAJOR);
}

int main(int argc, char **argv) {
  int failed = 0;
  if (argc == 2) {
    api = load(argv[1]);
    if (!CHECK(api != NULL)) return 1;
    check_table(api);
    if (check_failures > 0) return check_result(); /* a wrong slot is not to be called */
  }
  failed |= old_wire();
  failed |= old_handshake();
  failed |= old_connection();
  failed |= old_limits();
  return failed;
}
