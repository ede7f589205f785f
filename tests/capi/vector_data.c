/* SPDX-License-Identifier: MIT */
#include "vector_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bytes_append(bytes *to, const void *data, size_t len) {
  if (to->len + len > to->cap) {
    to->cap = 2 * (to->len + len);
    to->data = (uint8_t *)realloc(to->data, to->cap);
    if (to->data == NULL) abort();
  }
  if (len > 0) memcpy(to->data + to->len, data, len);
  to->len += len;
}

void bytes_clear(bytes *block) {
  free(block->data);
  memset(block, 0, sizeof(*block));
}

void refuse(const char *what, const cJSON *where) {
  char *text = cJSON_PrintUnformatted(where);
  fprintf(stderr, "%s: %.200s\n", what, text == NULL ? "nothing" : text);
  exit(1);
}

const cJSON *member(const cJSON *object, const char *key) { return cJSON_GetObjectItemCaseSensitive(object, key); }

void require_keys(const cJSON *object, const char *const *known) {
  const cJSON *item;
  if (!cJSON_IsObject(object)) refuse("not an object", object);
  cJSON_ArrayForEach(item, object) {
    size_t i = 0;
    while (known[i] != NULL && strcmp(known[i], item->string) != 0) ++i;
    if (known[i] == NULL) refuse("unknown key", object);
  }
}

const char *string_of(const cJSON *value) {
  if (!cJSON_IsString(value)) refuse("not a string", value);
  return value->valuestring;
}

uint64_t number_of(const cJSON *value) {
  if (!cJSON_IsNumber(value) || value->valuedouble < 0) refuse("not a number", value);
  return (uint64_t)value->valuedouble;
}

uint64_t time_of(const cJSON *value) {
  return cJSON_IsString(value) && strcmp(value->valuestring, "never") == 0 ? UINT64_MAX : number_of(value);
}

int is_true(const cJSON *object, const char *key) {
  const cJSON *value = member(object, key);
  if (value != NULL && !cJSON_IsTrue(value)) refuse("only true can be said", object);
  return value != NULL;
}

uint32_t index_of(const cJSON *word, const char *const *words) {
  uint32_t i;
  for (i = 0; words[i] != NULL; ++i) {
    if (strcmp(words[i], string_of(word)) == 0) return i;
  }
  refuse("unknown word", word);
  return 0;
}

uint64_t number_or_zero(const cJSON *object, const char *key) {
  const cJSON *value = member(object, key);
  return value == NULL ? 0 : number_of(value);
}

void append_member(bytes *to, const cJSON *named, const cJSON *object, const char *key) {
  const cJSON *value = member(object, key);
  if (value != NULL) append_data(to, named, value);
}

static int digit_of(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

static void append_hex(bytes *to, const cJSON *value) {
  const char *c;
  int high = -1;
  for (c = value->valuestring; *c != '\0'; ++c) {
    const int digit = digit_of(*c);
    if (*c == ' ') continue;
    if (digit < 0) refuse("not hexadecimal", value);
    if (high >= 0) {
      const uint8_t byte = (uint8_t)(high * 16 + digit);
      bytes_append(to, &byte, 1);
    }
    high = high < 0 ? digit : -1;
  }
  if (high >= 0) refuse("half a byte", value);
}

static void append_lines(bytes *to, const cJSON *list) {
  const cJSON *line;
  if (!cJSON_IsArray(list)) refuse("not a list", list);
  cJSON_ArrayForEach(line, list) {
    bytes_append(to, string_of(line), strlen(string_of(line)));
    bytes_append(to, "\r\n", 2);
  }
}

static void append_repeated(bytes *to, const cJSON *named, const cJSON *pair) {
  bytes once = {NULL, 0, 0};
  uint64_t count = number_of(cJSON_GetArrayItem(pair, 1));
  append_data(&once, named, cJSON_GetArrayItem(pair, 0));
  for (; count > 0; --count) bytes_append(to, once.data, once.len);
  bytes_clear(&once);
}

static void append_masked(bytes *to, const cJSON *named, const cJSON *pair) {
  const size_t start = to->len;
  size_t i;
  append_data(to, named, cJSON_GetArrayItem(pair, 0));
  if (to->len != start + 4) refuse("a masking key has four bytes", pair);
  append_data(to, named, cJSON_GetArrayItem(pair, 1));
  for (i = start + 4; i < to->len; ++i) to->data[i] ^= to->data[start + (i - start) % 4];
}

void append_data(bytes *to, const cJSON *named, const cJSON *data) {
  const cJSON *item, *value = cJSON_IsObject(data) ? data->child : NULL;
  const int is_pair = cJSON_IsArray(value) && cJSON_GetArraySize(value) == 2;
  if (cJSON_IsString(data)) {
    append_hex(to, data);
  } else if (cJSON_IsArray(data)) {
    cJSON_ArrayForEach(item, data) append_data(to, named, item);
  } else if (value == NULL || value->next != NULL) {
    refuse("not DATA", data);
  } else if (strcmp(value->string, "text") == 0) {
    bytes_append(to, string_of(value), strlen(string_of(value)));
  } else if (strcmp(value->string, "lines") == 0) {
    append_lines(to, value);
  } else if (strcmp(value->string, "use") == 0 && member(named, string_of(value)) != NULL) {
    append_data(to, named, member(named, string_of(value)));
  } else if (strcmp(value->string, "repeat") == 0 && is_pair) {
    append_repeated(to, named, value);
  } else if (strcmp(value->string, "masked") == 0 && is_pair) {
    append_masked(to, named, value);
  } else {
    refuse("not DATA", data);
  }
}
