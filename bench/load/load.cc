// SPDX-License-Identifier: MIT
#include "bench/load/load.h"

#include <err.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "bench/load/dial.h"
#include "bench/load/process_time.h"

namespace tidewire::load {
namespace {

constexpr size_t kReadLen = size_t{256} * 1024;
constexpr int kReadyCap = 256;
constexpr uint64_t kFinishNs = 10'000'000'000;  // for the echoes that are outstanding at the end
constexpr int kCloseMs = 1000;

constexpr uint8_t kControlBit = 0x08;
constexpr uint8_t kClose = 0x88;  // first bytes of final frames
constexpr uint8_t kPing = 0x89;
constexpr uint8_t kPong = 0x8a;
constexpr size_t kMaxControlPayload = 125;

uint64_t clock_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

uint64_t nanoseconds(double seconds) { return static_cast<uint64_t>(seconds * 1e9); }

// Sends what the socket takes now: 0 when it takes nothing.
size_t send_some(int fd, std::span<const uint8_t> data) {
  const ssize_t sent = send(fd, data.data(), data.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) err(1, "a connection was lost");
  return sent < 0 ? 0 : static_cast<size_t>(sent);
}

// Appends a control frame with the given first byte; the key differs from frame to frame.
void append_control(uint8_t first, std::span<const uint8_t> payload, std::vector<uint8_t> *out) {
  static uint32_t key = 0x9e3779b9;
  key = key * 1664525 + 1013904223;
  const size_t begin = out->size();
  out->resize(begin + 6 + payload.size());
  uint8_t *frame = out->data() + begin;
  frame[0] = first;
  frame[1] = static_cast<uint8_t>(0x80 | payload.size());
  std::memcpy(frame + 2, &key, 4);
  for (size_t i = 0; i < payload.size(); i++) frame[6 + i] = payload[i] ^ frame[2 + i % 4];
}

}  // namespace

Load::Load(const Options &options)
    : options_(options),
      traffic_(options),
      epoll_fd_(epoll_create1(EPOLL_CLOEXEC)),
      connections_(options.connections),
      input_(kReadLen) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
}

Result Load::run() {
  open();
  now_ns_ = clock_ns();
  for (Connection &connection : connections_) start_batch(&connection);
  serve_until(now_ns_ + nanoseconds(options_.warm_up));

  counting_ = true;
  const uint64_t begin_ns = clock_ns();
  const double load_begin_us = process_time_us(getpid());
  const double server_begin_us = options_.server_pid != 0 ? process_time_us(options_.server_pid) : 0;
  serve_until(begin_ns + nanoseconds(options_.seconds));
  counting_ = false;
  Result result;
  result.seconds = static_cast<double>(clock_ns() - begin_ns) / 1e9;
  result.load_cpu_us = process_time_us(getpid()) - load_begin_us;
  if (options_.server_pid != 0) result.server_cpu_us = process_time_us(options_.server_pid) - server_begin_us;
  result.latencies = latencies_;

  finish();
  close();
  return result;
}

void Load::open() {
  const Dialer dialer(options_.host, options_.port);
  std::vector<uint8_t> rest;
  for (size_t i = 0; i < connections_.size(); i++) {
    Connection &connection = connections_[i];
    connection.fd = options_.raw ? dialer.connect() : dialer.dial(&rest);
    connection.id = static_cast<uint32_t>(i);
    connection.sent = traffic_.sent_len();
    connection.echoed = traffic_.echo_len();
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &connection;
    if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, connection.fd, &event) != 0) err(1, "epoll");
    take(&connection, rest);
  }
}

void Load::serve_until(uint64_t deadline_ns) {
  while (clock_ns() < deadline_ns) serve_once(deadline_ns);
}

void Load::serve_once(uint64_t deadline_ns) {
  const uint64_t now_ns = clock_ns();
  const uint64_t left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
  epoll_event ready[kReadyCap];
  const int count = epoll_wait(epoll_fd_, ready, kReadyCap, static_cast<int>(left_ns / 1'000'000) + 1);
  if (count < 0 && errno != EINTR) err(1, "epoll_wait");
  for (int i = 0; i < count; i++) {
    auto *connection = static_cast<Connection *>(ready[i].data.ptr);
    if ((ready[i].events & EPOLLOUT) != 0) write(connection);
    if ((ready[i].events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) read(connection);
  }
}

// Awaits the echo of all that was sent.
void Load::finish() {
  finishing_ = true;
  const uint64_t deadline_ns = clock_ns() + kFinishNs;
  for (Connection &connection : connections_) {
    while (busy(connection)) {
      if (clock_ns() >= deadline_ns) errx(1, "connection %u: an echo did not arrive in time", connection.id);
      serve_once(deadline_ns);
    }
  }
}

// Says goodbye to all, then waits a moment for each answer, so that the server sees no reset.
void Load::close() {
  std::vector<uint8_t> frame;
  const uint8_t code[2] = {0x03, 0xe8};
  append_control(kClose, code, &frame);
  for (const Connection &connection : connections_) send_some(connection.fd, frame);
  for (const Connection &connection : connections_) {
    pollfd waiting{connection.fd, POLLIN, 0};
    poll(&waiting, 1, kCloseMs);
    ::close(connection.fd);
  }
}

void Load::start_batch(Connection *connection) {
  connection->round++;
  connection->sent = 0;
  connection->echoed = 0;
  connection->started_ns = now_ns_;
  write(connection);
}

// Sends what is due. A pong fits only between two batches.
void Load::write(Connection *connection) {
  bool done = true;
  if (connection->sent == 0 || connection->sent == traffic_.sent_len()) done = write_pong(connection);
  if (done) done = write_batch(connection);
  if (connection->watches_output == !done) return;
  epoll_event event{};
  event.events = done ? EPOLLIN : EPOLLIN | EPOLLOUT;
  event.data.ptr = connection;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, connection->fd, &event) != 0) err(1, "epoll");
  connection->watches_output = !done;
}

bool Load::write_pong(Connection *connection) {
  if (connection->pong.empty()) return true;
  const size_t sent = send_some(connection->fd, connection->pong);
  connection->pong.erase(connection->pong.begin(), connection->pong.begin() + static_cast<ptrdiff_t>(sent));
  return connection->pong.empty();
}

bool Load::write_batch(Connection *connection) {
  if (connection->sent == traffic_.sent_len()) return true;
  connection->sent += send_some(connection->fd, traffic_.sent(connection->id, connection->round, connection->sent));
  return connection->sent == traffic_.sent_len();
}

void Load::read(Connection *connection) {
  const ssize_t got = recv(connection->fd, input_.data(), input_.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got < 0) err(1, "connection %u was lost", connection->id);
  if (got == 0) errx(1, "connection %u: the server closed it", connection->id);
  now_ns_ = clock_ns();
  take(connection, {input_.data(), static_cast<size_t>(got)});
  if (!busy(*connection) && !finishing_) start_batch(connection);
}

void Load::take(Connection *connection, std::span<const uint8_t> data) {
  const size_t frame_len = traffic_.echo_frame_len();
  while (!data.empty()) {
    const size_t in_frame = connection->echoed % frame_len;
    if (connection->control_len > 0 || (in_frame == 0 && (data[0] & kControlBit) != 0)) {
      data = data.subspan(take_control(connection, data));
      continue;
    }
    size_t len = std::min(data.size(), traffic_.echo_len() - connection->echoed);
    if (len == 0) errx(1, "connection %u: the server sent more than the echo", connection->id);
    if (!matches(connection, data.first(len))) {
      // A control frame may follow this echo: compare its rest alone.
      len = std::min(len, frame_len - in_frame);
      if (!matches(connection, data.first(len))) fail_mismatch(connection, data.first(len));
    }
    const size_t before = connection->echoed / frame_len;
    connection->echoed += len;
    if (counting_) latencies_.add(now_ns_ - connection->started_ns, connection->echoed / frame_len - before);
    data = data.subspan(len);
  }
}

bool Load::matches(Connection *connection, std::span<const uint8_t> data) {
  const auto echo = traffic_.echo(connection->id, connection->round, connection->echoed, data.size());
  return std::memcmp(echo.data(), data.data(), data.size()) == 0;
}

// Reads on in a control frame. Returns how many bytes belonged to it.
size_t Load::take_control(Connection *connection, std::span<const uint8_t> data) {
  auto &frame = connection->control;
  for (size_t i = 0; i < data.size(); i++) {
    frame[connection->control_len++] = data[i];
    if (connection->control_len < 2) continue;
    if (frame[1] > kMaxControlPayload) errx(1, "connection %u: malformed control frame", connection->id);
    if (connection->control_len < size_t{2} + frame[1]) continue;
    connection->control_len = 0;
    answer_control(connection, frame[0], {frame.data() + 2, frame[1]});
    return i + 1;
  }
  return data.size();
}

void Load::answer_control(Connection *connection, uint8_t first, std::span<const uint8_t> payload) {
  if (first == kPong) return;
  if (first != kPing) errx(1, "connection %u: the server closed it", connection->id);
  append_control(kPong, payload, &connection->pong);
  write(connection);
}

void Load::fail_mismatch(Connection *connection, std::span<const uint8_t> data) {
  const auto echo = traffic_.echo(connection->id, connection->round, connection->echoed, data.size());
  const size_t at = static_cast<size_t>(std::mismatch(echo.begin(), echo.end(), data.begin()).first - echo.begin());
  const size_t offset = connection->echoed + at;
  errx(1, "connection %u, batch %llu, message %zu: byte %zu of the echo's frame is 0x%02x instead of 0x%02x",
       connection->id, static_cast<unsigned long long>(connection->round), offset / traffic_.echo_frame_len(),
       offset % traffic_.echo_frame_len(), data[at], echo[at]);
}

}  // namespace tidewire::load
