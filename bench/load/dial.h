// SPDX-License-Identifier: MIT
// Opens connections: TCP and the opening handshake, one after the other, before anything is measured.
#ifndef TIDEWIRE_BENCH_LOAD_DIAL_H_
#define TIDEWIRE_BENCH_LOAD_DIAL_H_

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tidewire::load {

class Dialer {
 public:
  Dialer(const std::string &host, const std::string &port);

  // A non-blocking socket. Ends the program with a message when anything fails.
  int connect() const;

  // The same after the handshake, whose answer was checked. *out_rest receives what the server sent after
  // it.
  int dial(std::vector<uint8_t> *out_rest) const;

 private:
  int connect_tcp() const;
  void shake_hands(int fd, std::vector<uint8_t> *out_rest) const;

  std::string host_;  // for the Host header
  sockaddr_storage address_{};
  socklen_t address_len_ = 0;
};

}  // namespace tidewire::load

#endif  // TIDEWIRE_BENCH_LOAD_DIAL_H_
