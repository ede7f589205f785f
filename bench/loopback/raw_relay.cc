// SPDX-License-Identifier: MIT
// The limit of a relay: no protocol at all. Both directions go through one buffer, of the size that capi/examples/relay
// reads into; what a socket does not take is kept, and meanwhile its other side is not read.
#include <fcntl.h>

#include <vector>

#include "bench/loopback/epoll_loop.h"

namespace {

using namespace tidewire::loopback;

constexpr size_t kRelayLen = size_t{64} * 1024;
constexpr int kReadyCap = 256;

struct Side {
  explicit Side(int descriptor) : fd(descriptor) {}
  int fd;
  Side *other = nullptr;
  bool gone = false;
  uint32_t watched = EPOLLIN;
  std::vector<uint8_t> rest;  // of what came from here
};

class RawRelay {
 public:
  explicit RawRelay(uint16_t upstream_port) : upstream_port_(upstream_port) {}

  [[noreturn]] void run() {
    const int listener = listen_on(0);
    watch(EPOLL_CTL_ADD, listener, EPOLLIN, nullptr);
    for (;;) {
      epoll_event ready[kReadyCap];
      const int count = epoll_wait(epoll_fd_, ready, kReadyCap, -1);
      for (int i = 0; i < count; i++) {
        auto *side = static_cast<Side *>(ready[i].data.ptr);
        if (side == nullptr) {
          accept_all(listener);
        } else if (!side->gone && !serve(side, ready[i].events)) {
          drop(side);
        }
      }
      for (Side *side : dropped_) delete side;
      dropped_.clear();
    }
  }

 private:
  void watch(int op, int fd, uint32_t events, Side *side) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = side;
    if (epoll_ctl(epoll_fd_, op, fd, &event) != 0) err(1, "epoll");
  }

  void accept_all(int listener) {
    int fd;
    while ((fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
      auto *client = new Side(fd);
      client->other = new Side(connect_upstream());
      client->other->other = client;
      watch(EPOLL_CTL_ADD, client->fd, EPOLLIN, client);
      watch(EPOLL_CTL_ADD, client->other->fd, EPOLLIN, client->other);
    }
  }

  int connect_upstream() const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(upstream_port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0) err(1, "upstream");
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) err(1, "upstream");
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) err(1, "upstream");
    return fd;
  }

  // False: one of the two is gone.
  bool serve(Side *side, uint32_t ready) {
    if ((ready & EPOLLOUT) != 0) {
      std::vector<uint8_t> &rest = side->other->rest;
      const ssize_t written = write_some(side->fd, rest.data(), rest.size());
      if (written < 0) return false;
      rest.erase(rest.begin(), rest.begin() + written);
    }
    if ((ready & ~static_cast<uint32_t>(EPOLLOUT)) != 0 && side->rest.empty()) {
      const ssize_t got = read_some(side->fd, buffer_, sizeof buffer_);
      if (got < 0) return false;
      const ssize_t written = write_some(side->other->fd, buffer_, static_cast<size_t>(got));
      if (written < 0) return false;
      side->rest.assign(buffer_ + written, buffer_ + got);
    }
    update(side);
    update(side->other);
    return true;
  }

  void update(Side *side) {
    uint32_t wanted = 0;
    if (side->rest.empty()) wanted |= EPOLLIN;
    if (!side->other->rest.empty()) wanted |= EPOLLOUT;
    if (wanted != side->watched) watch(EPOLL_CTL_MOD, side->fd, wanted, side);
    side->watched = wanted;
  }

  void drop(Side *side) {
    for (Side *each : {side, side->other}) {
      close(each->fd);
      each->gone = true;
      dropped_.push_back(each);  // the events at hand may name it
    }
  }

  uint16_t upstream_port_;
  int epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  uint8_t buffer_[kRelayLen];
  std::vector<Side *> dropped_;
};

}  // namespace

int main(int argc, char **argv) {
  static RawRelay relay(read_port(argc, argv));
  relay.run();
}
