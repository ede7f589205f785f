// SPDX-License-Identifier: MIT
// What a runner saw of a vector, in one number that runners of other languages compute too: README.md, "Digest".
#ifndef TIDEWIRE_TESTS_VECTORS_DIGEST_H_
#define TIDEWIRE_TESTS_VECTORS_DIGEST_H_

#include <stdint.h>

#include <map>
#include <string>

#include "tests/reference/connection_ref.h"

namespace tidewire::test {

class Digest {
 public:
  void step(tw_status status);
  void event(const reference::Event &event);
  void output(const reference::Bytes &bytes);
  // After the last step; without a connection the state is TW_STATE_CLOSED and the others are zero.
  void end(uint32_t state, const reference::Failure &failure, const tw_close &close);

  uint32_t value() const { return crc_; }

 private:
  void line(const std::string &text);

  uint32_t crc_ = 0;
};

// The digests by "file/name".
using Digests = std::map<std::string, uint32_t>;

// Reads and writes digests.txt. Throw std::runtime_error that says what is wrong where.
Digests load_digests(const std::string &path);
void save_digests(const std::string &path, const Digests &digests);

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_VECTORS_DIGEST_H_
