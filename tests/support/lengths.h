// SPDX-License-Identifier: MIT
// Lengths at which kernels change their course.
#ifndef TIDEWIRE_TESTS_SUPPORT_LENGTHS_H_
#define TIDEWIRE_TESTS_SUPPORT_LENGTHS_H_

#include <stddef.h>

#include <initializer_list>
#include <set>

namespace tidewire::test {

// 0 to 8; one, two and four vectors of 8 to 64 bytes, each -1, 0, +1; the lengths at which frame headers change; and a
// few long ones.
inline std::set<size_t> edge_lengths() {
  std::set<size_t> lengths;
  for (size_t len = 0; len <= 8; ++len) lengths.insert(len);
  for (const size_t width : {8, 16, 32, 64}) {
    for (const size_t vectors : {1, 2, 4}) {
      for (const size_t len : {vectors * width - 1, vectors * width, vectors * width + 1}) lengths.insert(len);
    }
  }
  for (size_t len = 125; len <= 129; ++len) lengths.insert(len);
  for (size_t len = 1023; len <= 1025; ++len) lengths.insert(len);
  lengths.insert(4 * 1024 + 3);
  lengths.insert(64 * 1024 + 1);
  return lengths;
}

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_SUPPORT_LENGTHS_H_
