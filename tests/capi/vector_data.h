/* SPDX-License-Identifier: MIT
 *
 * Bytes of a vector file: DATA of tests/vectors/README.md, and checks of what a JSON object has. What the format does
 * not have ends the program.
 */
#ifndef TIDEWIRE_TESTS_CAPI_VECTOR_DATA_H_
#define TIDEWIRE_TESTS_CAPI_VECTOR_DATA_H_

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bytes {
  uint8_t *data;
  size_t len;
  size_t cap;
} bytes;

void bytes_append(bytes *to, const void *data, size_t len);
void bytes_clear(bytes *block);

/* Prints what is wrong with `where` and ends the program. */
void refuse(const char *what, const cJSON *where);

/* The member, or NULL. */
const cJSON *member(const cJSON *object, const char *key);
/* Refuses members that are not in the list, which ends with NULL. */
void require_keys(const cJSON *object, const char *const *known);
const char *string_of(const cJSON *value);
uint64_t number_of(const cJSON *value);
/* A number, or UINT64_MAX for "never". */
uint64_t time_of(const cJSON *value);
/* Whether the member is there; its value must then be true. */
int is_true(const cJSON *object, const char *key);
/* The position of the word in a list that ends with NULL. */
uint32_t index_of(const cJSON *word, const char *const *words);
/* Of the member; 0 and an empty string of bytes where it is absent. */
uint64_t number_or_zero(const cJSON *object, const char *key);
void append_member(bytes *to, const cJSON *named, const cJSON *object, const char *key);

/* Appends what DATA stands for. `named` is the file's "data", or NULL. */
void append_data(bytes *to, const cJSON *named, const cJSON *data);

#endif /* TIDEWIRE_TESTS_CAPI_VECTOR_DATA_H_ */
