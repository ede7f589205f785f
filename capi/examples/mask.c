// SPDX-License-Identifier: MIT
//
// Masking, the lowest layer: a payload is masked at once, then in pieces, then in place.
#include <stdio.h>
#include <string.h>
#include <tidewire/tidewire.h>

static void print(const char *what, const uint8_t *data, size_t len) {
  printf("%-9s", what);
  for (size_t i = 0; i < len; i++) printf(" %02x", data[i]);
  printf("\n");
}

int main(void) {
  static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};  // the example of RFC 6455 5.7
  static const uint8_t expected[5] = {0x7f, 0x9f, 0x4d, 0x51, 0x58};
  const uint8_t *text = (const uint8_t *)"Hello";
  uint8_t whole[5], pieces[5];

  tw_mask(whole, text, 5, key, 0);
  print("whole", whole, 5);

  // The phase is the number of payload bytes that came before: it finds the place in the key.
  tw_mask(pieces, text, 2, key, 0);
  tw_mask(pieces + 2, text + 2, 3, key, 2);
  print("pieces", pieces, 5);

  int equal = memcmp(whole, expected, 5) == 0 && memcmp(pieces, expected, 5) == 0;

  tw_mask(whole, whole, 5, key, 0);  // masking twice is unmasking
  print("unmasked", whole, 5);
  return equal && memcmp(whole, text, 5) == 0 ? 0 : 1;
}
