#include <stdio.h>
#include <tidewire/tidewire.h>

int main(void) {
  uint8_t input[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58};
  tw_conn_config config = TW_CONN_CONFIG_INIT; /* zero means the default in every field */
  tw_conn *conn;
  tw_event event;
  tw_view output;
  size_t events, views, consumed;

  config.flags = TW_CONN_UPGRADED; /* the handshake was done elsewhere */
  if (tw_conn_create(&config, &conn) != TW_OK) return 1;
  if (tw_conn_receive(conn, input, sizeof input, &event, 1, &events, &consumed) != TW_OK) return 1;
  printf("%.*s\n", (int)event.len, (const char *)event.data); /* prints: Hello */
  if (tw_conn_send(conn, event.opcode, event.data, event.len, 0) != TW_OK) return 1;
  if (tw_conn_output(conn, &output, 1, &views) != TW_OK) return 1;
  printf("%zu bytes\n", output.len); /* prints: 7 bytes */
  tw_conn_destroy(conn);
}
