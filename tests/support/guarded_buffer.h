// SPDX-License-Identifier: MIT
// Memory between two pages that fault on any access, so that a kernel that reads or writes one byte too many at the
// edge ends the test. Where a run of bytes does not touch the edge, the bytes around it are watched for writes.
#ifndef TIDEWIRE_TESTS_SUPPORT_GUARDED_BUFFER_H_
#define TIDEWIRE_TESTS_SUPPORT_GUARDED_BUFFER_H_

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

namespace tidewire::test {

class GuardedBuffer {
 public:
  // Room for `cap` bytes, rounded up to whole pages.
  explicit GuardedBuffer(size_t cap) {
    page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    cap_ = (cap + page_ - 1) / page_ * page_;
    if (cap_ == 0) cap_ = page_;
    void *map = mmap(nullptr, cap_ + 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) fail("mmap");
    map_ = static_cast<uint8_t *>(map);
    if (mprotect(map_, page_, PROT_NONE) != 0 || mprotect(map_ + page_ + cap_, page_, PROT_NONE) != 0) fail("mprotect");
    memset(map_ + page_, kFill, cap_);
  }
  ~GuardedBuffer() { munmap(map_, cap_ + 2 * page_); }
  GuardedBuffer(const GuardedBuffer &) = delete;
  GuardedBuffer &operator=(const GuardedBuffer &) = delete;

  // The byte `offset` after the lower guard page; also its alignment, up to the page size.
  uint8_t *front(size_t offset = 0) { return map_ + page_ + offset; }

  // `len` bytes whose end is `gap` bytes before the upper guard page.
  uint8_t *back(size_t len, size_t gap = 0) { return map_ + page_ + cap_ - gap - len; }

  // Whether the 64 bytes on either side of [p, p + len), as far as they belong to the buffer, still have the value
  // that the constructor gave them.
  bool surroundings_untouched(const uint8_t *p, size_t len) const {
    const uint8_t *low = map_ + page_;
    const uint8_t *high = low + cap_;
    const uint8_t *from = p - low > kWatched ? p - kWatched : low;
    const uint8_t *to = high - (p + len) > kWatched ? p + len + kWatched : high;
    for (const uint8_t *q = from; q < p; ++q) {
      if (*q != kFill) return false;
    }
    for (const uint8_t *q = p + len; q < to; ++q) {
      if (*q != kFill) return false;
    }
    return true;
  }

  // Gives [p, p + len) the value that the constructor gave it.
  void refill(uint8_t *p, size_t len) { memset(p, kFill, len); }

 private:
  static constexpr uint8_t kFill = 0xA5;
  static constexpr ptrdiff_t kWatched = 64;

  [[noreturn]] static void fail(const char *what) {
    perror(what);
    abort();
  }

  uint8_t *map_ = nullptr;
  size_t page_ = 0;
  size_t cap_ = 0;
};

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_SUPPORT_GUARDED_BUFFER_H_
