// SPDX-License-Identifier: MIT
// What idle connections hold: each has received one message and answered it. Nothing is timed. Every measurement is
// made in a process of its own, so that memory that was freed before does not serve it.
#include <malloc.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/endpoints.h"
#include "bench/heap.h"
#include "bench/ours.h"
#include "bench/suite.h"

namespace tidewire::bench {
namespace {

constexpr size_t kConnections = 100000;
constexpr size_t kMessageLen = 125;  // bytes

struct Memory {
  double heap = 0;      // bytes of each connection, as malloc rounds them up
  double resident = 0;  // bytes by which the process grew, for each
  double held = 0;      // bytes that the engine asked of its allocator, for each; of our rows
};

size_t resident_len() {
  FILE *file = fopen("/proc/self/statm", "r");
  size_t size = 0;
  size_t resident = 0;
  if (file == nullptr || fscanf(file, "%zu %zu", &size, &resident) != 2) die("no /proc/self/statm");
  fclose(file);
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

// Masked, of one message.
Read one_message() {
  Read read = make_reads(Content::kAscii, kMessageLen)[0];
  read.bytes.resize(6 + kMessageLen);
  read.expected = {};
  read.expected.messages = 1;
  return read;
}

// What a row keeps of its connections.
class Population {
 public:
  virtual ~Population() = default;
  virtual void add(const Read &read, Sink &sink) = 0;  // one connection, which echoes
  virtual uint64_t held_len() const { return 0; }      // bytes
};

class PeerPopulation : public Population {
 public:
  explicit PeerPopulation(const Endpoint &peer) : peer_(peer) { echoes_.reserve(kConnections); }
  void add(const Read &read, Sink &sink) override {
    echoes_.push_back(peer_.make_echo());
    echoes_.back()->echo(read, sink);
  }

 private:
  const Endpoint &peer_;
  std::vector<std::unique_ptr<Echo>> echoes_;
};

class OurPopulation : public Population {
 public:
  explicit OurPopulation(bool has_pool) {
    if (has_pool) pool_ = std::make_unique<OurPool>(&allocator_);
    connections_.reserve(kConnections);
  }
  ~OurPopulation() override {
    for (tw_conn *conn : connections_) tw_conn_destroy(conn);
  }
  OurPopulation(const OurPopulation &) = delete;
  OurPopulation &operator=(const OurPopulation &) = delete;

  void add(const Read &read, Sink &sink) override {
    tw_conn_config config = OurConnection::open_config(Role::kServer, pool_ == nullptr ? nullptr : pool_->get());
    config.allocator = &allocator_;
    tw_conn *conn = nullptr;
    if (tw_conn_create(&config, &conn) != TW_OK) die("no connection");
    connections_.push_back(conn);
    memcpy(buffer_.get(), read.bytes.data(), read.bytes.size());
    receive(conn, buffer_.get(), read.bytes.size(), [&](const tw_event &event) {
      if (tw_conn_send(conn, event.opcode, event.data, event.len, 0) != TW_OK) die("not sent");
    });
    tw_view view;
    size_t count = 0;
    if (tw_conn_output(conn, &view, 1, &count) != TW_OK || count != 1) die("no output");
    sink.write(view.data, view.len);
    tw_conn_output_consume(conn, view.len);
  }

  uint64_t held_len() const override { return held_len_; }

 private:
  uint64_t held_len_ = 0;
  const tw_allocator allocator_ = {[](void *context, size_t size) {
                                     *static_cast<uint64_t *>(context) += size;
                                     return malloc(size);
                                   },
                                   [](void *context, void *memory, size_t size) {
                                     *static_cast<uint64_t *>(context) -= size;
                                     free(memory);
                                   },
                                   &held_len_};
  std::unique_ptr<OurPool> pool_;
  std::vector<tw_conn *> connections_;
  std::unique_ptr<uint8_t[], FreeMemory> buffer_ = allocate_read_buffer();
};

template <class MakePopulation>
Memory measure(MakePopulation make_population) {
  const Read read = one_message();
  Sink sink;
  const auto population = make_population();
  const auto add = [&] {
    sink.clear();
    population->add(read, sink);
    if (sink.len() != 2 + kMessageLen) die("a connection does not echo");
  };
  add();  // what all share is there from the first on
  malloc_trim(0);
  const int64_t heap_before = heap_now().len;
  const size_t resident_before = resident_len();
  const uint64_t held_before = population->held_len();
  for (size_t i = 1; i < kConnections; ++i) add();
  const auto each = [](uint64_t len) { return static_cast<double>(len) / (kConnections - 1); };
  return {each(static_cast<uint64_t>(heap_now().len - heap_before)), each(resident_len() - resident_before),
          each(population->held_len() - held_before)};
}

template <class MakePopulation>
Memory measure_in_child(MakePopulation make_population) {
  int ends[2];
  if (pipe(ends) != 0) die("no pipe");
  const pid_t child = fork();
  if (child < 0) die("no process");
  if (child == 0) {
    const Memory memory = measure(make_population);
    _exit(write(ends[1], &memory, sizeof(memory)) == sizeof(memory) ? 0 : 1);
  }
  close(ends[1]);
  Memory memory;
  const bool is_whole = read(ends[0], &memory, sizeof(memory)) == sizeof(memory);
  close(ends[0]);
  int status = 0;
  if (waitpid(child, &status, 0) != child || status != 0 || !is_whole) die("a measurement of idle connections failed");
  return memory;
}

template <class MakePopulation>
void add(const std::string &row, MakePopulation make_population) {
  add_row(
      "Idle", row, kConnections, [](const std::string &) {},
      [=](benchmark::State &state) {
        Memory memory;
        for (auto _ : state) memory = measure_in_child(make_population);
        state.counters["heap"] = memory.heap;
        state.counters["resident"] = memory.resident;
        if (memory.held != 0) state.counters["held"] = memory.held;
      })
      ->Iterations(1);
}

}  // namespace

void register_benchmarks() {
  add("tw_conn_pool", [] { return std::make_unique<OurPopulation>(true); });
  add("tw_conn", [] { return std::make_unique<OurPopulation>(false); });
  for (const Endpoint *peer : kEndpoints) {
    add(peer->name, [=] { return std::make_unique<PeerPopulation>(*peer); });
  }
}

}  // namespace tidewire::bench
