// SPDX-License-Identifier: MIT
// What fuzz targets share: parameters taken from the front of the input, and a check that ends the program.
#ifndef TIDEWIRE_TESTS_FUZZ_FUZZ_INPUT_H_
#define TIDEWIRE_TESTS_FUZZ_FUZZ_INPUT_H_

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

namespace tidewire::fuzz {

// What runs, such as the name of a kernel row; printed with a failure.
inline const char *g_context = "";

// Ends the program in all builds, unlike assert.
#define FUZZ_CHECK(condition)                                                                                   \
  do {                                                                                                          \
    if (!(condition)) {                                                                                         \
      fprintf(stderr, "%s:%d: [%s] not true: %s\n", __FILE__, __LINE__, tidewire::fuzz::g_context, #condition); \
      abort();                                                                                                  \
    }                                                                                                           \
  } while (0)

// Takes bytes from the front; zeros when the input is used up.
class Input {
 public:
  Input(const uint8_t *data, size_t len) : data_(data), len_(len) {}

  uint8_t byte() {
    if (len_ == 0) return 0;
    --len_;
    return *data_++;
  }
  uint16_t two_bytes() {
    const uint8_t high = byte();
    return static_cast<uint16_t>(high << 8 | byte());
  }
  const uint8_t *rest() const { return data_; }
  size_t rest_len() const { return len_; }

 private:
  const uint8_t *data_;
  size_t len_;
};

}  // namespace tidewire::fuzz

#endif  // TIDEWIRE_TESTS_FUZZ_FUZZ_INPUT_H_
