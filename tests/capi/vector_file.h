/* SPDX-License-Identifier: MIT
 *
 * A vector of tests/vectors in plain structs. What the format does not have ends the program.
 */
#ifndef TIDEWIRE_TESTS_CAPI_VECTOR_FILE_H_
#define TIDEWIRE_TESTS_CAPI_VECTOR_FILE_H_

#include <tidewire/tidewire.h>

#include "vector_data.h"

enum { kMaxSteps = 32, kMaxEvents = 32, kMaxFrames = 8, kMaxStrings = 8 };

struct event {
  uint32_t type, opcode, flags, code;
  uint64_t offset;
  bytes data;
};

struct frame {
  bytes first, key, data; /* no key: not masked */
};

enum output_form { kExact, kPrefix, kFrames, kKept };

struct step {
  const char *action; /* its key; "" for none */
  bytes data;
  uint32_t opcode, flags, code;
  uint64_t number; /* the time of tick, the bytes of consume */
  const char *status;
  struct event events[kMaxEvents];
  size_t event_count;
  uint64_t deadline; /* of tick */
  enum output_form form;
  bytes output;
  struct frame frames[kMaxFrames];
  size_t frame_count;
  const cJSON *wants; /* or NULL */
};

struct vector {
  const cJSON *json;
  tw_conn_config config;
  tw_handshake_config handshake;
  tw_deflate_config deflate;
  tw_deflate negotiated;
  const char *subprotocols[kMaxStrings], *origins[kMaxStrings];
  tw_header headers[kMaxStrings];
  bytes random;
  struct step steps[kMaxSteps];
  size_t step_count;
};

/* `named` is the file's "data", or NULL. */
void read_vector(const cJSON *json, const cJSON *named, struct vector *vector);
void clear_vector(struct vector *vector);
void read_terms(const cJSON *json, tw_deflate *terms);

#endif /* TIDEWIRE_TESTS_CAPI_VECTOR_FILE_H_ */
