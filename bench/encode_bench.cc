// SPDX-License-Identifier: MIT
// What a side does to send: messages to frames, written to a sink in place of the socket after each batch.
#include "bench/suite.h"
#include "tidewire/tidewire.h"

namespace tidewire::bench {
namespace {

class CopyEncoder : public Encoder {
 public:
  void encode(const Batch &batch, Sink &sink) override {
    for (size_t i = 0; i < batch.count; ++i) sink.write(batch.payload.data(), batch.payload.size());
  }
};

// Writes the frames where they leave from; masking keys are the caller's.
class FramesEncoder : public Encoder {
 public:
  explicit FramesEncoder(Role role) : masked_(role == Role::kClient) {}

  void encode(const Batch &batch, Sink &sink) override {
    constexpr size_t kFrames = 64;
    for (size_t done = 0; done < batch.count;) {
      tw_frame frames[kFrames];
      size_t count = 0;
      for (; count < kFrames && done < batch.count; ++count, ++done) {
        tw_frame &frame = frames[count];
        frame = {};
        frame.payload = const_cast<uint8_t *>(batch.payload.data());  // encoders only read it
        frame.payload_len = batch.payload.size();
        frame.opcode = TW_OPCODE_BINARY;
        frame.flags = masked_ ? TW_FRAME_FIN | TW_FRAME_MASKED : TW_FRAME_FIN;
        if (masked_) random_.fill(frame.masking_key, sizeof(frame.masking_key));
      }
      size_t len = 0;
      if (tw_frames_encode(frames, count, sink.end(), sink.room(), &len) != TW_OK) return;
      sink.grow(len);
    }
  }

 private:
  bool masked_;
  RandomBytes random_;
};

enum class Calls { kEach, kBatches };

class ConnectionEncoder : public Encoder {
 public:
  ConnectionEncoder(Role role, Calls calls) : calls_(calls) {
    tw_conn_config config = TW_CONN_CONFIG_INIT;
    config.role = role == Role::kServer ? TW_ROLE_SERVER : TW_ROLE_CLIENT;
    config.flags = TW_CONN_UPGRADED;
    if (tw_conn_create(&config, &conn_) != TW_OK) die("no connection");
  }
  ~ConnectionEncoder() override { tw_conn_destroy(conn_); }
  ConnectionEncoder(const ConnectionEncoder &) = delete;
  ConnectionEncoder &operator=(const ConnectionEncoder &) = delete;

  void encode(const Batch &batch, Sink &sink) override {
    take(batch, [&](const tw_view &view) { sink.write(view.data, view.len); });
  }

  // Sends the batch, and hands on each view of the output, once.
  template <class TakeView>
  void take(const Batch &batch, TakeView take_view) {
    const bool sent = calls_ == Calls::kBatches ? send_batches(batch) : send_each(batch);
    if (!sent) return;
    tw_view views[16];
    size_t count = 0;
    while (tw_conn_output(conn_, views, 16, &count) == TW_OK && count != 0) {
      size_t len = 0;
      for (size_t i = 0; i < count; ++i) {
        take_view(views[i]);
        len += views[i].len;
      }
      tw_conn_output_consume(conn_, len);
    }
  }

 private:
  bool send_each(const Batch &batch) {
    for (size_t i = 0; i < batch.count; ++i) {
      if (tw_conn_send(conn_, TW_OPCODE_BINARY, batch.payload.data(), batch.payload.size(), 0) != TW_OK) return false;
    }
    return true;
  }

  bool send_batches(const Batch &batch) {
    constexpr size_t kMessages = 64;
    for (size_t done = 0; done < batch.count;) {
      tw_message messages[kMessages];
      size_t count = 0, sent = 0;
      for (; count < kMessages && done < batch.count; ++count, ++done) {
        messages[count] = {batch.payload.data(), batch.payload.size(), TW_OPCODE_BINARY, 0};
      }
      if (tw_conn_send_batch(conn_, messages, count, &sent) != TW_OK) return false;
    }
    return true;
  }

  Calls calls_;
  tw_conn *conn_ = nullptr;
};

template <class MakeEncoder>
void check(const std::string &name, Role role, size_t len, MakeEncoder make_encoder) {
  const auto encoder = make_encoder(role);
  const Batch batch = make_batch(len);
  Sink sink;
  encoder->encode(batch, sink);
  check_output(name, sink, batch, role == Role::kClient);
}

template <class MakeEncoder>
void run(benchmark::State &state, Role role, size_t len, MakeEncoder make_encoder) {
  const auto encoder = make_encoder(role);
  const Batch batch = make_batch(len);
  Sink sink;
  for (auto _ : state) {
    sink.clear();
    encoder->encode(batch, sink);
    benchmark::ClobberMemory();
  }
  set_per_message(state, state.iterations() * batch.count);
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * sink.len()));
}

// The socket takes the output where it lies, as writev does: what is queued is not copied once more.
void run_views(benchmark::State &state, Role role, size_t len, Calls calls) {
  ConnectionEncoder encoder(role, calls);
  const Batch batch = make_batch(len);
  uint64_t taken = 0;
  for (auto _ : state) {
    encoder.take(batch, [&](const tw_view &view) {
      benchmark::DoNotOptimize(view.data);
      taken += view.len;
    });
    benchmark::ClobberMemory();
  }
  set_per_message(state, state.iterations() * batch.count);
  state.SetBytesProcessed(static_cast<int64_t>(taken));
}

void add_rows(Role role, size_t len) {
  const std::string what = role == Role::kServer ? "EncodeServer" : "EncodeClient";
  const auto add = [&](const std::string &row, auto make_encoder) {
    add_row(
        what, row, len, [=](const std::string &name) { check(name, role, len, make_encoder); },
        [=](benchmark::State &state) { run(state, role, len, make_encoder); });
  };
  add_row(
      what, "memcpy", len, [](const std::string &) {},
      [=](benchmark::State &state) { run(state, role, len, [](Role) { return std::make_unique<CopyEncoder>(); }); });
  add("tw_frames_encode", [](Role r) { return std::make_unique<FramesEncoder>(r); });
  const std::pair<const char *, Calls> ways[] = {{"tw_conn_send", Calls::kEach},
                                                 {"tw_conn_send_batch", Calls::kBatches}};
  for (const auto &[row, calls] : ways) {
    const auto make_encoder = [calls = calls](Role r) { return std::make_unique<ConnectionEncoder>(r, calls); };
    add(row, make_encoder);
    add_row(
        what, std::string(row) + ":views", len, [=](const std::string &name) { check(name, role, len, make_encoder); },
        [=, calls = calls](benchmark::State &state) { run_views(state, role, len, calls); });
  }
  for (const Peer *other : others()) add(other->name, other->make_encoder);
}

}  // namespace

void register_benchmarks() {
  for (const Role role : {Role::kServer, Role::kClient}) {
    for (const size_t len : {0, 16, 125, 1024, 65536}) add_rows(role, len);
  }
}

}  // namespace tidewire::bench
