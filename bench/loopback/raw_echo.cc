// SPDX-License-Identifier: MIT
// The limit: no protocol at all. One read and one write for each readiness; the bytes go back as they came.
#include <vector>

#include "bench/loopback/epoll_loop.h"

namespace {

using tidewire::loopback::kReadLen;

class RawPeer {
 public:
  explicit RawPeer(int fd) : fd_(fd) {}

  uint32_t wants() const { return rest_.empty() ? EPOLLIN : EPOLLOUT; }

  bool serve() {
    if (!rest_.empty()) return write_rest();
    const ssize_t got = tidewire::loopback::read_some(fd_, input_, sizeof input_);
    if (got <= 0) return got == 0;
    const ssize_t written = tidewire::loopback::write_some(fd_, input_, static_cast<size_t>(got));
    if (written < 0) return false;
    rest_.assign(input_ + written, input_ + got);
    return true;
  }

 private:
  bool write_rest() {
    const ssize_t written = tidewire::loopback::write_some(fd_, rest_.data(), rest_.size());
    if (written < 0) return false;
    rest_.erase(rest_.begin(), rest_.begin() + written);
    return true;
  }

  static inline uint8_t input_[kReadLen];

  int fd_;
  std::vector<uint8_t> rest_;  // what the socket did not take; nothing is read meanwhile
};

}  // namespace

int main(int argc, char **argv) {
  tidewire::loopback::EpollLoop<RawPeer>().run(tidewire::loopback::read_port(argc, argv));
}
