// SPDX-License-Identifier: MIT
// wslay through its event interface, over epoll. It leaves sockets and the handshake to its user, so it gets large
// reads, and all replies to one read leave in one write.
#include <tidewire/tidewire.h>
#include <wslay/wslay.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "bench/loopback/epoll_loop.h"

namespace {

using tidewire::loopback::kReadLen;

class WslayPeer {
 public:
  explicit WslayPeer(int fd) : fd_(fd) {
    wslay_event_callbacks callbacks{};
    callbacks.recv_callback = receive;
    callbacks.send_callback = send;
    callbacks.on_msg_recv_callback = echo;
    if (wslay_event_context_server_init(&context_, &callbacks, this) != 0) errx(1, "wslay: no context");
    tw_head_init(&head_, TW_ROLE_SERVER, nullptr);
  }
  ~WslayPeer() { wslay_event_context_free(context_); }
  WslayPeer(const WslayPeer &) = delete;
  WslayPeer &operator=(const WslayPeer &) = delete;

  uint32_t wants() const { return output_.empty() ? EPOLLIN : EPOLLOUT; }

  bool serve() {
    if (output_.empty()) {
      const ssize_t got = tidewire::loopback::read_some(fd_, input_, sizeof input_);
      if (got <= 0) return got == 0;
      const bool taken = shaken_ ? take({input_, static_cast<size_t>(got)}) : shake_hands(static_cast<size_t>(got));
      if (!taken) return false;
    }
    const ssize_t written = tidewire::loopback::write_some(fd_, output_.data(), output_.size());
    if (written < 0) return false;
    output_.erase(output_.begin(), output_.begin() + written);
    return true;
  }

 private:
  bool take(tw_view data) {
    data_ = data;
    if (wslay_event_recv(context_) != 0 || wslay_event_send(context_) != 0) return false;
    return wslay_event_want_read(context_) != 0 || wslay_event_want_write(context_) != 0 || !output_.empty();
  }

  bool shake_hands(size_t len) {
    request_.insert(request_.end(), input_, input_ + len);
    size_t head_len = 0;
    const tw_status status = tw_head_parse(&head_, request_.data(), request_.size(), &head_len);
    if (status == TW_NEED_INPUT) return true;
    tw_agreement agreement;
    if (status != TW_OK || tw_request_check(&head_, request_.data(), nullptr, &agreement) != TW_OK) return false;
    output_.resize(1024);
    size_t response_len = 0;
    if (tw_response_build(nullptr, &agreement, output_.data(), output_.size(), &response_len) != TW_OK) return false;
    output_.resize(response_len);
    shaken_ = true;
    return take({request_.data() + head_len, request_.size() - head_len});
  }

  static ssize_t receive(wslay_event_context_ptr context, uint8_t *out, size_t cap, int, void *user) {
    auto *self = static_cast<WslayPeer *>(user);
    const size_t len = std::min(cap, self->data_.len);
    if (len == 0) {
      wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
      return -1;
    }
    std::memcpy(out, self->data_.data, len);
    self->data_ = {self->data_.data + len, self->data_.len - len};
    return static_cast<ssize_t>(len);
  }

  static ssize_t send(wslay_event_context_ptr, const uint8_t *data, size_t len, int, void *user) {
    auto *self = static_cast<WslayPeer *>(user);
    self->output_.insert(self->output_.end(), data, data + len);
    return static_cast<ssize_t>(len);
  }

  static void echo(wslay_event_context_ptr context, const wslay_event_on_msg_recv_arg *message, void *) {
    if (wslay_is_ctrl_frame(message->opcode) != 0) return;
    const wslay_event_msg reply{message->opcode, message->msg, message->msg_length};
    wslay_event_queue_msg(context, &reply);
    wslay_event_send(context);  // at once, because a longer queue is slower
  }

  static inline uint8_t input_[kReadLen];

  int fd_;
  bool shaken_ = false;
  wslay_event_context_ptr context_ = nullptr;
  tw_head head_;
  std::vector<uint8_t> request_;
  tw_view data_{};               // of a read, not received yet
  std::vector<uint8_t> output_;  // not written yet; nothing is read meanwhile
};

}  // namespace

int main(int argc, char **argv) {
  tidewire::loopback::EpollLoop<WslayPeer>().run(tidewire::loopback::read_port(argc, argv));
}
