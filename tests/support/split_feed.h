// SPDX-License-Identifier: MIT
// Feeds an input in pieces: whole, byte by byte, and cut in two at every byte; a long input at the bytes where
// something changes and at random ones.
#ifndef TIDEWIRE_TESTS_SUPPORT_SPLIT_FEED_H_
#define TIDEWIRE_TESTS_SUPPORT_SPLIT_FEED_H_

#include <gtest/gtest.h>
#include <stddef.h>

#include <set>
#include <string>
#include <vector>

#include "tests/support/test_bytes.h"

namespace tidewire::test {

inline constexpr size_t kEverySplitMax = 600;  // bytes; a longer input is cut at chosen places only

// Where to cut an input of `len` bytes in two: everywhere, or two bytes on either side of headers, vector widths, pool
// classes and the end, and at 32 random places.
inline std::set<size_t> split_points(size_t len) {
  std::set<size_t> points;
  if (len <= kEverySplitMax) {
    for (size_t at = 0; at <= len; ++at) points.insert(at);
    return points;
  }
  for (const size_t edge : {size_t{0}, size_t{2}, size_t{4}, size_t{6}, size_t{8}, size_t{10}, size_t{14}, size_t{16},
                            size_t{32}, size_t{64}, size_t{128}, size_t{256}, size_t{1024}, size_t{4096}, len}) {
    for (size_t at = edge < 2 ? 0 : edge - 2; at <= edge + 2 && at <= len; ++at) points.insert(at);
  }
  Rng rng(len);
  for (int i = 0; i < 32; ++i) points.insert(pick(rng, 0, len));
  return points;
}

// body(const std::vector<ByteView> &pieces), which together are the input. Stops at the first fatal failure.
template <class Body>
void split_feed(ByteView input, Body body) {
  const auto run = [&](const std::string &how, const std::vector<ByteView> &pieces) {
    SCOPED_TRACE(how);
    body(pieces);
    return !::testing::Test::HasFatalFailure();
  };
  if (!run("whole", {input})) return;
  std::vector<ByteView> bytes;
  for (size_t i = 0; i < input.size; ++i) bytes.push_back(input.slice(i, 1));
  if (!run("byte by byte", bytes)) return;
  for (const size_t at : split_points(input.size)) {
    if (!run("cut at byte " + std::to_string(at), {input.slice(0, at), input.from(at)})) return;
  }
}

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_SUPPORT_SPLIT_FEED_H_
