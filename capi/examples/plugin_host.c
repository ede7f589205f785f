// SPDX-License-Identifier: MIT
//
// A host that finds the library at run time: it is linked with nothing of ours, and goes on with a library that is
// older or newer than the headers it was compiled with, as long as the major version of the interface is the same.
// Loads a library by its path, lets two connections talk, and unloads it; then it does so with two copies at once.
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <tidewire/tw_table.h>
#include <unistd.h>

enum { READ_LEN = 4096, EVENT_CAP = 16, MESSAGE_COUNT = 3, LONGEST_MESSAGE = 300000 };

struct plugin {
  const char *path;
  void *handle;
  const tw_api *api;
};

// One side of a conversation.
struct end {
  const tw_api *api;
  tw_conn *conn;
  int fd;
  int is_client;
  int answer_count;
};

static struct plugin plugin_load(const char *path) {
  struct plugin plugin = {.path = path};
  // RTLD_LOCAL: its symbols are found through this handle alone, so that copies in one process do not meet.
  plugin.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (plugin.handle == NULL) errx(1, "%s", dlerror());
  tw_get_api_fn get_api;
  void *symbol = dlsym(plugin.handle, "tw_get_api");
  if (symbol == NULL) errx(1, "%s: has no tw_get_api, so it is not tidewire", path);
  memcpy(&get_api, &symbol, sizeof get_api);  // ISO C has no cast from an object pointer to a function pointer
  plugin.api = get_api(TW_ABI_MAJOR);
  if (plugin.api == NULL) errx(1, "%s: does not speak version %u of the interface", path, (unsigned)TW_ABI_MAJOR);
  printf("%s: tidewire %s, interface %u.%u%s\n", path, plugin.api->version_string(), (unsigned)plugin.api->abi_major,
         (unsigned)plugin.api->abi_minor, TW_API_HAS(plugin.api, status_section) ? "" : ", without sections of RFCs");
  return plugin;
}

// Nothing of the library may be in use any more: no connection, pool, prepared message, or static string.
static void plugin_unload(struct plugin *plugin) {
  if (dlclose(plugin->handle) != 0) errx(1, "%s", dlerror());
  void *kept = dlopen(plugin->path, RTLD_NOW | RTLD_NOLOAD);
  printf("%s: %s\n", plugin->path, kept == NULL ? "unloaded" : "closed, but the loader keeps it");
  if (kept != NULL) dlclose(kept);
}

// Ends the program where the status is an error. A member that is newer than version 1.0 of the interface must be asked
// for before it is used.
static void check(const tw_api *api, tw_status status) {
  if (status >= TW_OK) return;
  const char *section = TW_API_HAS(api, status_section) ? api->status_section(status) : NULL;
  errx(1, "%s: %s (%s)", api->status_name(status), api->status_message(status), section != NULL ? section : "-");
}

static struct end end_open(const tw_api *api, uint32_t role, int fd) {
  struct end end = {.api = api, .fd = fd, .is_client = role == TW_ROLE_CLIENT};
  tw_handshake_config handshake = TW_HANDSHAKE_CONFIG_INIT;
  handshake.host = "localhost";
  tw_conn_config config = TW_CONN_CONFIG_INIT;  // an older library takes it too, while what it does not know is zero
  config.role = role;
  config.handshake = &handshake;
  check(api, api->conn_create(&config, &end.conn));
  return end;
}

static void end_close(struct end *end) {
  end->api->conn_destroy(end->conn);
  close(end->fd);
}

// What the client says, one after the other.
static tw_view message(int index) {
  static const uint8_t text[LONGEST_MESSAGE] = "Hello";
  const size_t lens[MESSAGE_COUNT] = {5, 0, sizeof text};
  return (tw_view){text, lens[index]};
}

static void client_say(struct end *client) {
  if (client->answer_count == MESSAGE_COUNT) {
    check(client->api, client->api->conn_close(client->conn, 1000, NULL, 0));
  } else {
    tw_view said = message(client->answer_count);
    check(client->api, client->api->conn_send(client->conn, TW_OPCODE_BINARY, said.data, said.len, 0));
  }
}

static void end_handle(struct end *end, const tw_event *event) {
  if (event->type == TW_EVENT_MESSAGE && !end->is_client) {
    check(end->api, end->api->conn_send(end->conn, event->opcode, event->data, (size_t)event->len, 0));
  } else if (event->type == TW_EVENT_MESSAGE) {
    tw_view said = message(end->answer_count++);
    if (event->len != said.len || (said.len > 0 && memcmp(event->data, said.data, said.len) != 0)) {
      errx(1, "the echo is not what was sent");
    }
    client_say(end);
  } else if (event->type == TW_EVENT_OPEN && end->is_client) {
    client_say(end);
  }
}

// Writes and reads what is possible now. Returns 0 when nothing is left to do.
static int end_pump(struct end *end) {
  tw_view view;
  size_t count, consumed;
  while (end->api->conn_output(end->conn, &view, 1, &count) == TW_OK && count > 0) {
    ssize_t written = send(end->fd, view.data, view.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (written < 0 && errno != EAGAIN) err(1, "send");
    if (written < 0) break;
    check(end->api, end->api->conn_output_consume(end->conn, (size_t)written));
  }
  uint8_t input[READ_LEN], *data = input;
  tw_event events[EVENT_CAP];
  ssize_t got = recv(end->fd, input, sizeof input, MSG_DONTWAIT);
  if (got < 0 && errno != EAGAIN) err(1, "recv");
  tw_status status = TW_NEED_ROOM;
  for (size_t len = got > 0 ? (size_t)got : 0; len > 0 && status == TW_NEED_ROOM; data += consumed, len -= consumed) {
    status = end->api->conn_receive(end->conn, data, len, events, EVENT_CAP, &count, &consumed);
    check(end->api, status);
    for (size_t i = 0; i < count; i++) end_handle(end, &events[i]);
  }
  return (end->api->conn_wants(end->conn) & TW_WANT_CLOSE) == 0;
}

// From the opening handshake to the closing one, over a socket pair. The two sides may come from different libraries.
static void converse(const struct plugin *server_plugin, const struct plugin *client_plugin) {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) err(1, "socketpair");
  struct end server = end_open(server_plugin->api, TW_ROLE_SERVER, fds[0]);
  struct end client = end_open(client_plugin->api, TW_ROLE_CLIENT, fds[1]);
  while (end_pump(&client) | end_pump(&server)) continue;
  if (client.answer_count != MESSAGE_COUNT) errx(1, "the client has got %d answers", client.answer_count);
  printf("%s echoed what %s sent\n", server_plugin->path, client_plugin->path);
  end_close(&client);
  end_close(&server);
}

int main(int argc, char **argv) {
  if (argc != 3) errx(2, "usage: %s LIBRARY COPY_OF_LIBRARY", argv[0]);
  struct plugin first = plugin_load(argv[1]);
  converse(&first, &first);
  plugin_unload(&first);

  first = plugin_load(argv[1]);
  struct plugin second = plugin_load(argv[2]);
  if (first.api == second.api) errx(1, "%s and %s are one library", argv[1], argv[2]);
  converse(&first, &second);
  converse(&second, &first);
  plugin_unload(&first);
  converse(&second, &second);
  plugin_unload(&second);
  return 0;
}
