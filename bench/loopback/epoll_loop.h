// SPDX-License-Identifier: MIT
// The event loop of the servers that bring none: epoll, level-triggered, one thread.
#ifndef TIDEWIRE_BENCH_LOOPBACK_EPOLL_LOOP_H_
#define TIDEWIRE_BENCH_LOOPBACK_EPOLL_LOOP_H_

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "bench/loopback/server.h"

namespace tidewire::loopback {

inline int listen_on(uint16_t port) {
  sockaddr_in address{};
  socklen_t address_len = sizeof address;
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto *any = reinterpret_cast<sockaddr *>(&address);
  const int on = 1;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) err(1, "socket");  // it is inherited
  if (bind(fd, any, address_len) != 0 || listen(fd, SOMAXCONN) != 0) err(1, "port %d", port);
  if (getsockname(fd, any, &address_len) != 0) err(1, "getsockname");
  announce(ntohs(address.sin_port));
  return fd;
}

// Takes what the socket has ready. 0: nothing for now; -1: the peer is gone.
inline ssize_t read_some(int fd, uint8_t *out, size_t cap) {
  const ssize_t got = recv(fd, out, cap, 0);
  if (got > 0) return got;
  return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

// Writes what the socket takes. -1: the peer is gone.
inline ssize_t write_some(int fd, const uint8_t *data, size_t len) {
  const ssize_t written = send(fd, data, len, MSG_NOSIGNAL);
  return written < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : written;
}

// A Peer is made from the descriptor of its socket, which the loop closes. serve() is called when the socket is ready
// for what wants() says, EPOLLIN or EPOLLOUT, and returns false when the peer is to be dropped.
template <class Peer>
class EpollLoop {
 public:
  [[noreturn]] void run(uint16_t port) {
    const int listener = listen_on(port);
    watch(EPOLL_CTL_ADD, listener, EPOLLIN, nullptr);
    for (;;) {
      epoll_event ready[kReadyCap];
      const int count = epoll_wait(epoll_fd_, ready, kReadyCap, -1);
      for (int i = 0; i < count; i++) {
        if (ready[i].data.ptr == nullptr) {
          accept_all(listener);
        } else {
          serve(static_cast<Entry *>(ready[i].data.ptr));
        }
      }
    }
  }

 private:
  static constexpr int kReadyCap = 256;

  struct Entry {
    explicit Entry(int descriptor) : fd(descriptor), peer(descriptor) {}
    int fd;
    uint32_t watched = EPOLLIN;
    Peer peer;
  };

  void watch(int op, int fd, uint32_t events, Entry *entry) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = entry;
    if (epoll_ctl(epoll_fd_, op, fd, &event) != 0) err(1, "epoll");
  }

  void accept_all(int listener) {
    int fd;
    while ((fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
      watch(EPOLL_CTL_ADD, fd, EPOLLIN, new Entry(fd));
    }
  }

  void serve(Entry *entry) {
    if (!entry->peer.serve()) {
      close(entry->fd);
      delete entry;
      return;
    }
    const uint32_t wanted = entry->peer.wants();
    if (wanted != entry->watched) watch(EPOLL_CTL_MOD, entry->fd, wanted, entry);
    entry->watched = wanted;
  }

  int epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
};

}  // namespace tidewire::loopback

#endif  // TIDEWIRE_BENCH_LOOPBACK_EPOLL_LOOP_H_
