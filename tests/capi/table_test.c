/* SPDX-License-Identifier: MIT
 *
 * The table as a host with dlopen sees it: argv[1] is the shared library. Every slot holds the function of its name.
 */
#include <dlfcn.h>
#include <tidewire/tw_table.h>

#include "check.h"

typedef void (*any_function)(void);

static void *library;
static size_t slot_count;

static void check_slot(const char *name, any_function in_table) {
  void *exported = dlsym(library, name);
  ++slot_count;
  if (!check_true(exported != NULL && memcmp(&exported, &in_table, sizeof(exported)) == 0, name, __FILE__, __LINE__)) {
    fprintf(stderr, "    the slot does not hold the exported function\n");
  }
}

#define SLOT(api, name) check_slot("tw_" #name, (any_function)(api)->name)

static void check_wire(const tw_api *api) {
  SLOT(api, version);
  SLOT(api, version_string);
  SLOT(api, status_name);
  SLOT(api, status_message);
  SLOT(api, status_close_code);
  SLOT(api, status_http_status);
  SLOT(api, mask);
  SLOT(api, utf8_validate);
  SLOT(api, utf8_init);
  SLOT(api, utf8_step);
  SLOT(api, utf8_finish);
  SLOT(api, unmask_utf8);
  SLOT(api, frame_decode);
  SLOT(api, frames_decode);
  SLOT(api, frame_header_encode);
  SLOT(api, frames_encode);
  SLOT(api, frames_encode_views);
  SLOT(api, close_code_valid);
  SLOT(api, pool_create);
  SLOT(api, pool_destroy);
  SLOT(api, pool_acquire);
  SLOT(api, pool_acquire_exact);
  SLOT(api, pool_retain);
  SLOT(api, pool_release);
  SLOT(api, pool_trim);
  SLOT(api, pool_get_stats);
  SLOT(api, pool_get_class_stats);
  SLOT(api, pool_advise);
}

static void check_handshake_and_connection(const tw_api *api) {
  SLOT(api, head_init);
  SLOT(api, head_parse);
  SLOT(api, head_method);
  SLOT(api, head_target);
  SLOT(api, head_status);
  SLOT(api, head_header);
  SLOT(api, request_check);
  SLOT(api, response_build);
  SLOT(api, refusal_build);
  SLOT(api, key_generate);
  SLOT(api, request_build);
  SLOT(api, response_check);
  SLOT(api, accept_key);
  SLOT(api, conn_create);
  SLOT(api, conn_destroy);
  SLOT(api, conn_receive);
  SLOT(api, conn_read_buffer);
  SLOT(api, conn_read_commit);
  SLOT(api, conn_receive_into);
  SLOT(api, conn_detach);
  SLOT(api, lease_retain);
  SLOT(api, lease_release);
  SLOT(api, conn_receive_eof);
  SLOT(api, conn_send);
  SLOT(api, conn_send_batch);
  SLOT(api, prepared_create);
  SLOT(api, prepared_destroy);
  SLOT(api, conn_send_prepared);
  SLOT(api, conn_ping);
  SLOT(api, conn_pong);
  SLOT(api, conn_close);
  SLOT(api, conn_output);
  SLOT(api, conn_output_len);
  SLOT(api, conn_output_consume);
  SLOT(api, conn_state);
  SLOT(api, conn_wants);
  SLOT(api, conn_get_error);
  SLOT(api, conn_tick);
  SLOT(api, conn_get_close);
  SLOT(api, conn_get_deflate);
  SLOT(api, conn_get_stats);
}

static void check_1_1(const tw_api *api) {
  SLOT(api, status_section);
  SLOT(api, status_limit);
  SLOT(api, masking_keys);
  SLOT(api, head_next);
  SLOT(api, conn_set_max_message_len);
}

int main(int argc, char **argv) {
  tw_get_api_fn get_api;
  const tw_api *api;
  void *symbol;
  library = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  if (library == NULL) {
    fprintf(stderr, "no library: %s\n", argc == 2 ? dlerror() : "one argument is needed");
    return 1;
  }
  symbol = dlsym(library, "tw_get_api");
  memcpy(&get_api, &symbol, sizeof(get_api));
  CHECK(symbol != NULL);
  CHECK(get_api(TW_ABI_MAJOR + 1) == NULL);
  CHECK(get_api(UINT32_MAX) == NULL);
  api = get_api(TW_ABI_MAJOR);
  CHECK(api != NULL);
  CHECK(api == get_api(TW_ABI_MAJOR));
  CHECK_EQ(api->struct_size, sizeof(tw_api));
  CHECK_EQ(api->abi_major, TW_ABI_MAJOR);
  CHECK_EQ(api->abi_minor, TW_ABI_MINOR);
  CHECK(TW_API_HAS(api, version));
  CHECK(TW_API_HAS(api, conn_get_stats));
  CHECK_EQ(api->version(), TW_VERSION_MAJOR * 65536 + TW_VERSION_MINOR * 256 + TW_VERSION_PATCH);
  check_wire(api);
  check_handshake_and_connection(api);
  check_1_1(api);
  CHECK_EQ(offsetof(tw_api, version) + slot_count * sizeof(any_function), sizeof(tw_api));
  dlclose(library);
  return check_result();
}
