// SPDX-License-Identifier: MIT
#include "bench/load/dial.h"

#include <err.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/time.h>
#include <tidewire/tidewire.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tidewire::load {
namespace {

constexpr time_t kTimeLimit = 10;    // seconds for each step of the handshake
constexpr size_t kHeadRoom = 16384;  // bytes read at once while the head is incomplete

void check(tw_status status, const char *what) {
  if (status != TW_OK) errx(1, "%s: %s (%s)", what, tw_status_message(status), tw_status_name(status));
}

void set_nonblocking(int fd) {
  if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) err(1, "fcntl");
}

}  // namespace

Dialer::Dialer(const std::string &host, const std::string &port) : host_(host + ":" + port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo *found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    errx(1, "%s: %s", host_.c_str(), gai_strerror(error));
  }
  std::memcpy(&address_, found->ai_addr, found->ai_addrlen);
  address_len_ = found->ai_addrlen;
  freeaddrinfo(found);
}

int Dialer::connect() const {
  const int fd = connect_tcp();
  set_nonblocking(fd);
  return fd;
}

int Dialer::dial(std::vector<uint8_t> *out_rest) const {
  const int fd = connect_tcp();
  shake_hands(fd, out_rest);
  set_nonblocking(fd);
  return fd;
}

int Dialer::connect_tcp() const {
  const int fd = socket(address_.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) err(1, "socket");
  const timeval limit{kTimeLimit, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd, reinterpret_cast<const sockaddr *>(&address_), address_len_) != 0) err(1, "%s", host_.c_str());
  return fd;
}

void Dialer::shake_hands(int fd, std::vector<uint8_t> *out_rest) const {
  tw_handshake_config config = TW_HANDSHAKE_CONFIG_INIT;
  config.host = host_.c_str();
  uint8_t key[TW_KEY_LEN];
  check(tw_key_generate(nullptr, key), "masking key");
  uint8_t request[1024];
  size_t request_len = 0;
  check(tw_request_build(&config, key, request, sizeof request, &request_len), "request");
  if (send(fd, request, request_len, MSG_NOSIGNAL) != static_cast<ssize_t>(request_len)) err(1, "handshake");

  tw_head head;
  check(tw_head_init(&head, TW_ROLE_CLIENT, &config), "response");
  std::vector<uint8_t> response;
  size_t head_len = 0;
  tw_status status = TW_NEED_INPUT;
  while (status == TW_NEED_INPUT) {
    const size_t have = response.size();
    response.resize(have + kHeadRoom);
    const ssize_t got = recv(fd, response.data() + have, kHeadRoom, 0);
    if (got < 0 && errno == EAGAIN) errno = ETIMEDOUT;
    if (got < 0) err(1, "handshake");
    if (got == 0) errx(1, "handshake: the server closed the connection");
    response.resize(have + static_cast<size_t>(got));
    status = tw_head_parse(&head, response.data(), response.size(), &head_len);
  }
  check(status, "response");
  tw_agreement agreement;
  check(tw_response_check(&head, response.data(), &config, key, &agreement), "response");
  out_rest->assign(response.begin() + static_cast<ptrdiff_t>(head_len), response.end());
}

}  // namespace tidewire::load
