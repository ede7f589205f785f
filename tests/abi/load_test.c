/* SPDX-License-Identifier: MIT
 *
 * A host that loads the library (argv[1]), uses it and unloads it, again and again: nothing of it stays.
 */
#include <dirent.h>
#include <malloc.h>
#include <tidewire/tw_table.h>

#include "tests/abi/load_api.h"
#include "tests/capi/check.h"

enum { kRounds = 1000, kWarmUp = 100, kTextLen = 4000 };

/* mallinfo2 of glibc knows nothing of AddressSanitizer's heap, whose leak check does its work. */
#if defined(__SANITIZE_ADDRESS__) || !defined(__GLIBC__)
static size_t heap_in_use(void) { return 0; }
#else
static size_t heap_in_use(void) { return mallinfo2().uordblks; }
#endif

static const tw_api *load(const char *path, void **out_library) {
  const tw_get_api_fn get_api = load_get_api(path, out_library);
  if (get_api == NULL) exit(1);
  return get_api(TW_ABI_MAJOR);
}

static int is_mapped(const char *name) {
  char line[512];
  int found = 0;
  FILE *maps = fopen("/proc/self/maps", "r");
  if (!CHECK(maps != NULL)) return 0;
  while (fgets(line, sizeof(line), maps) != NULL) found |= strstr(line, name) != NULL;
  fclose(maps);
  return found;
}

static int thread_count(void) {
  int count = 0;
  const struct dirent *entry;
  DIR *tasks = opendir("/proc/self/task");
  if (!CHECK(tasks != NULL)) return 0;
  while ((entry = readdir(tasks)) != NULL) count += entry->d_name[0] != '.';
  closedir(tasks);
  return count;
}

static tw_conn *create(const tw_api *api, uint32_t role, tw_pool *pool) {
  const tw_deflate agreed = {1, 0, 15, 15, {0}};
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  tw_conn_config config = TW_CONN_CONFIG_INIT;
  tw_conn *conn = NULL;
  config.role = role;
  config.flags = TW_CONN_UPGRADED;
  config.pool = pool;
  config.deflate = &deflate;
  config.negotiated = &agreed;
  CHECK_EQ(api->conn_create(&config, &conn), TW_OK);
  return conn;
}

/* Moves what is queued, in one piece, and looks at the message that it is. */
static void carry(const tw_api *api, tw_conn *from, tw_conn *to, const uint8_t *text) {
  tw_view view = {NULL, 0};
  tw_event event = {NULL, 0, 0, 0, 0, 0, 0, 0};
  uint8_t *room = NULL;
  size_t cap = 0, count = 0;
  CHECK_EQ(api->conn_output(from, &view, 1, &count), TW_OK);
  CHECK_EQ(api->conn_read_buffer(to, view.len, &room, &cap), TW_OK);
  if (!CHECK(count == 1 && view.len < cap && view.len < kTextLen / 2)) return;
  memcpy(room, view.data, view.len);
  CHECK_EQ(api->conn_read_commit(to, view.len, &event, 1, &count), TW_OK);
  CHECK_EQ(api->conn_output_consume(from, view.len), TW_OK);
  CHECK_EQ(event.type, TW_EVENT_MESSAGE);
  if (CHECK_EQ(event.len, kTextLen)) CHECK_BYTES(event.data, text, kTextLen);
}

static void converse(const tw_api *api) {
  uint8_t text[kTextLen];
  tw_pool *pool = NULL;
  tw_prepared *prepared = NULL;
  tw_conn *client, *server;
  memset(text, 'x', sizeof(text));
  CHECK_EQ(api->pool_create(NULL, &pool), TW_OK);
  client = create(api, TW_ROLE_CLIENT, pool);
  server = create(api, TW_ROLE_SERVER, pool);
  CHECK_EQ(api->conn_send(client, TW_OPCODE_TEXT, text, sizeof(text), 0), TW_OK);
  carry(api, client, server, text);
  CHECK_EQ(api->prepared_create(TW_OPCODE_TEXT, text, sizeof(text), 0, pool, &prepared), TW_OK);
  CHECK_EQ(api->conn_send_prepared(server, prepared), TW_OK);
  carry(api, server, client, text);
  api->prepared_destroy(prepared);
  api->conn_destroy(client);
  api->conn_destroy(server);
  api->pool_destroy(pool);
}

int main(int argc, char **argv) {
  size_t heap = 0;
  int round, threads;
  void *library;
  if (argc != 2) return 1;
  threads = thread_count();
  for (round = 0; round < kRounds && check_failures == 0; ++round) {
    if (round == kWarmUp) heap = heap_in_use();
    converse(load(argv[1], &library));
    CHECK(is_mapped("libtidewire"));
    CHECK_EQ(thread_count(), threads);
    CHECK_EQ(dlclose(library), 0);
    CHECK(!is_mapped("libtidewire"));
  }
  CHECK_EQ(heap_in_use(), heap);
  return check_result();
}
