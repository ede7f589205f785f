// SPDX-License-Identifier: MIT
// The line that explains a failure of a connection that is open, or in which nothing comes.
#include "tests/support/counting_allocator.h"
#include "tests/support/deflate_writer.h"
#include "tests/unit/connection/failure_lines.h"

namespace tidewire {
namespace {

using namespace tidewire::test;

constexpr uint64_t kSecond = 1'000'000'000;

void expect_frame(FailureLines &lines, const char *input, const std::string &line, uint32_t role = TW_ROLE_SERVER) {
  lines.expect(upgraded(role), hex(input), line);
}

void of_frames(FailureLines &lines) {
  expect_frame(lines, "c1",
               "server failed: TW_ERR_RSV: a reserved bit is set that no extension negotiated (RFC 6455 5.2), in a "
               "frame with FIN 1, RSV 100, opcode 1" +
                   kNothingBefore + kAnswer + "1002");
  expect_frame(lines, "8b",
               "server failed: TW_ERR_OPCODE: the opcode is reserved (RFC 6455 5.2), in a frame with FIN 1, RSV 000, "
               "opcode 11" +
                   kNothingBefore + kAnswer + "1002");
  expect_frame(lines, "81fe0001",
               "server failed: TW_ERR_LENGTH_NOT_MINIMAL: the payload length is not written in the shortest form (RFC "
               "6455 5.2), in a frame with FIN 1, RSV 000, opcode 1" +
                   kNothingBefore + kAnswer + "1002");
  expect_frame(lines, "82ff8000000000000000",
               "server failed: TW_ERR_LENGTH_TOO_LARGE: the payload length has its most significant bit set (RFC 6455 "
               "5.2), in a frame with FIN 1, RSV 000, opcode 2" +
                   kNothingBefore + kAnswer + "1002");
  expect_frame(lines, "8105",
               "server failed: TW_ERR_MASK_MISSING: a frame from a client is not masked (RFC 6455 5.1), in a frame "
               "with FIN 1, RSV 000, opcode 1" +
                   kNothingBefore + kAnswer + "1002");
  expect_frame(lines, "8185",
               "client failed: TW_ERR_MASK_UNEXPECTED: a frame from a server is masked (RFC 6455 5.1), in a frame "
               "with FIN 1, RSV 000, opcode 1" +
                   kNothingBefore + kAnswer + "1002",
               TW_ROLE_CLIENT);
  expect_frame(lines, "09",
               "server failed: TW_ERR_CONTROL_FRAGMENTED: a control frame is fragmented (RFC 6455 5.5), in a frame "
               "with FIN 0, RSV 000, opcode 9" +
                   kNothingBefore + kAnswer + "1002");
  expect_frame(lines, "89fe",
               "server failed: TW_ERR_CONTROL_TOO_LONG: a control frame has more than 125 bytes of payload (RFC 6455 "
               "5.5), in a frame with FIN 1, RSV 000, opcode 9" +
                   kNothingBefore + kAnswer + "1002");
  expect_frame(lines, "8081 00000000",
               "server failed: TW_ERR_CONTINUATION: a continuation frame comes outside a fragmented message (RFC 6455 "
               "5.4), in a frame with FIN 1, RSV 000, opcode 0, 1 bytes of payload" +
                   kNothingBefore + kAnswer + "1002");
  expect_frame(
      lines, "8280 00000000 0181 00000000 61 8281 00000000",
      "server failed: TW_ERR_INTERLEAVED: a new message starts inside a fragmented one (RFC 6455 5.4), in a "
      "frame with FIN 1, RSV 000, opcode 2, 1 bytes of payload; at offset 13, after 1 messages and 2 frames; " +
          kAnswer + "1002");
}

void of_payloads(FailureLines &lines) {
  expect_frame(lines, "8183 00000000 6162ff",
               "server failed: TW_ERR_UTF8: text is not valid UTF-8 (RFC 6455 8.1); at offset 8, after 0 messages and "
               "0 frames; " +
                   kAnswer + "1007");
  expect_frame(lines, "8881 00000000 03",
               "server failed: TW_ERR_CLOSE_LENGTH: a close frame has a payload of one byte (RFC 6455 5.5.1); at "
               "offset 0, after 0 messages and 1 frames; " +
                   kAnswer + "1002");
  expect_frame(lines, "8884 00000000 03ed 0d0a",
               "server failed: TW_ERR_CLOSE_CODE: a close frame has a code that must not be sent (RFC 6455 7.4), close "
               "code 1005, reason \"\\x0d\\x0a\"; at offset 0, after 0 messages and 1 frames; " +
                   kAnswer + "1002");
  expect_frame(lines, "8884 00000000 03e8 61ff",
               "server failed: TW_ERR_CLOSE_REASON: the reason in a close frame is not valid UTF-8 (RFC 6455 5.5.1), "
               "close code 1000, reason \"a\\xff\"; at offset 0, after 0 messages and 1 frames; " +
                   kAnswer + "1007");
}

void of_compression(FailureLines &lines) {
  tw_deflate_config deflate = TW_DEFLATE_CONFIG_INIT;
  deflate.max_ratio = 20;
  const tw_deflate negotiated = {1, 0, 15, 15, {}};
  tw_conn_config config = upgraded(TW_ROLE_CLIENT);
  config.deflate = &deflate;
  config.negotiated = &negotiated;
  lines.expect(
      config, hex("c101 07"),
      "client failed: TW_ERR_DEFLATE: a compressed message is not valid DEFLATE data, or does not end with a block "
      "(RFC 7692 7.2.2)" +
          kNothingBefore + kAnswer + "1007");
  DeflateWriter zeros;
  zeros.begin_fixed();
  zeros.literal(0);
  for (int i = 0; i < 256; ++i) zeros.match(258, 1);
  zeros.end_fixed();
  lines.expect(config, peer_frame(TW_ROLE_CLIENT, 0xC2, zeros.message()),
               "client failed: TW_ERR_LIMIT_RATIO: a compressed message expands more than the limit (max_ratio 20)" +
                   kNothingBefore + kAnswer + "1009");
}

void of_limits(FailureLines &lines) {
  tw_conn_config config = upgraded(TW_ROLE_SERVER);
  config.max_frame_len = 100;
  config.max_message_len = 150;
  config.max_fragments = 2;
  const std::string frame = ", in a frame with FIN 1, RSV 000, opcode ";
  lines.expect(config, header_bytes(spec(0x82, {}, true), 70'000),
               "server failed: TW_ERR_LIMIT_FRAME: a frame is longer than the limit (max_frame_len 100)" + frame +
                   "2, 70000 bytes of payload" + kNothingBefore + kAnswer + "1009");
  lines.expect(config, join({peer_frame(TW_ROLE_SERVER, 0x02, Bytes(100)), header_bytes(spec(0x80, {}, true), 51)}),
               "server failed: TW_ERR_LIMIT_MESSAGE: a message is longer than the limit (max_message_len 150)" + frame +
                   "0, 51 bytes of payload; at offset 106, after 0 messages and 1 frames; " + kAnswer + "1009");
  const Bytes more = peer_frame(TW_ROLE_SERVER, 0x00);
  lines.expect(config, join({peer_frame(TW_ROLE_SERVER, 0x02), more, peer_frame(TW_ROLE_SERVER, 0x80)}),
               "server failed: TW_ERR_LIMIT_FRAGMENTS: a message has more fragments than the limit (max_fragments 2)" +
                   frame + "0, 0 bytes of payload; at offset 12, after 0 messages and 2 frames; " + kAnswer + "1009");

  config = upgraded(TW_ROLE_SERVER);
  config.max_control_rate = 1;
  lines.expect({config,
                {},
                [](EngineSession &session) {
                  uint64_t deadline = 0;
                  session.tick(kSecond, &deadline);
                  feed(session, join({peer_frame(TW_ROLE_SERVER, 0x8A), peer_frame(TW_ROLE_SERVER, 0x8A)}));
                }},
               "server failed: TW_ERR_LIMIT_CONTROL_RATE: more control frames came in one second than the limit "
               "(max_control_rate 1)" +
                   frame + "10, 0 bytes of payload; at offset 6, after 0 messages and 1 frames; " + kAnswer + "1008");

  config = upgraded(TW_ROLE_SERVER);
  config.max_memory_len = 1000;
  lines.expect(
      config, header_bytes(spec(0x02, {}, true), 2000),
      "server failed: TW_ERR_LIMIT_MEMORY: the connection would hold more memory than the limit (max_memory_len "
      "1000), in a frame with FIN 0, RSV 000, opcode 2, 2000 bytes of payload" +
          kNothingBefore + kAnswer + "1009");
}

// Starts the clock, and tells it that `seconds` have passed since 0.
std::function<void(EngineSession &)> waits_until(uint64_t seconds) {
  return [seconds](EngineSession &session) {
    uint64_t deadline = 0;
    session.tick(1, &deadline);
    session.tick(seconds * kSecond, &deadline);
  };
}

void of_silence(FailureLines &lines) {
  tw_conn_config config = upgraded(TW_ROLE_SERVER);
  config.ping_interval_ns = TW_NEVER;
  const tw_conn_config opening = TW_CONN_CONFIG_INIT;
  const auto eof = [](EngineSession &session) { session.receive_eof(); };
  const std::string ended = "server failed: TW_ERR_EOF: the stream ended before the closing handshake (RFC 6455 7.1.5)";
  lines.expect({config, {}, eof}, ended + kNothingBefore + "not answered");
  lines.expect({config, hex("82"), eof},
               ended + ", in a frame; at offset 1, after 0 messages and 0 frames; not answered");
  lines.expect({config, peer_frame(TW_ROLE_SERVER, 0x02, text("a")), eof},
               ended + ", in a message; at offset 7, after 0 messages and 1 frames; not answered");
  lines.expect({config, hex("8282 00000000 61"), eof},
               ended + ", in a message, in a frame; at offset 7, after 0 messages and 0 frames; not answered");
  lines.expect({opening, text("GET"), eof},
               ended + ", in the opening handshake; at offset 3, after 0 messages and 0 frames; not answered");

  lines.expect({opening, {}, waits_until(60)},
               "server failed: TW_ERR_TIMEOUT_HANDSHAKE: the opening handshake took longer than the limit "
               "(handshake_timeout_ns 10000000000), in the opening handshake" +
                   kNothingBefore + kRefused + "408");
  lines.expect({config, {}, waits_until(200)},
               "server failed: TW_ERR_TIMEOUT_IDLE: nothing was received for longer than the limit (idle_timeout_ns "
               "120000000000)" +
                   kNothingBefore + kAnswer + "1001");
  lines.expect({config, hex("82"), waits_until(200)},
               "server failed: TW_ERR_TIMEOUT_IDLE: nothing was received for longer than the limit (idle_timeout_ns "
               "120000000000), in a frame; at offset 1, after 0 messages and 0 frames; " +
                   kAnswer + "1001");
  lines.expect({config, peer_frame(TW_ROLE_SERVER, 0x02, text("a")), waits_until(61)},
               "server failed: TW_ERR_TIMEOUT_MESSAGE: a message was incomplete for longer than the limit "
               "(message_timeout_ns 60000000000), in a message; at offset 7, after 0 messages and 1 frames; " +
                   kAnswer + "1008");
  lines.expect(
      {config,
       {},
       [](EngineSession &session) {
         session.close(1000, {});
         waits_until(60)(session);
       }},
      "server failed: TW_ERR_TIMEOUT_CLOSE: the closing handshake took longer than the limit (close_timeout_ns "
      "10000000000)" +
          kNothingBefore + "not answered");
  lines.expect(
      {upgraded(TW_ROLE_SERVER),
       {},
       [](EngineSession &session) {
         waits_until(21)(session);
         waits_until(42)(session);
       }},
      "server failed: TW_ERR_TIMEOUT_PONG: a ping was not answered within the limit (pong_timeout_ns 20000000000)" +
          kNothingBefore + kAnswer + "1011");
}

void of_resources(FailureLines &lines) {
  CountingAllocator allocator;
  const tw_allocator c_allocator = allocator.c_api();
  tw_conn_config config = upgraded(TW_ROLE_SERVER);
  config.allocator = &c_allocator;
  lines.expect(
      {config,
       {},
       [&allocator](EngineSession &session) {
         allocator.fail_after(0);
         feed(session, peer_frame(TW_ROLE_SERVER, 0x02, Bytes(10)));
       }},
      "server failed: TW_ERR_NO_MEMORY: the allocator returned no memory, in a frame with FIN 0, RSV 000, opcode "
      "2, 10 bytes of payload" +
          kNothingBefore + kAnswer + "1011");
  CountingRandom broken{Bytes{}};
  const tw_random random = broken.c_api();
  config = upgraded(TW_ROLE_CLIENT);
  config.random = &random;
  lines.expect(config, peer_frame(TW_ROLE_CLIENT, 0x89),
               "client failed: TW_ERR_RANDOM: the random source failed; at offset 0, after 0 messages and 1 frames; " +
                   kAnswer + "1011");
}

// But for TW_ERR_LIMIT_OUTPUT: what finds no room is refused or put off.
TEST(LogFailure, TellsEveryStatus) {
  FailureLines lines;
  of_frames(lines);
  of_payloads(lines);
  of_compression(lines);
  of_limits(lines);
  of_silence(lines);
  of_resources(lines);
  lines.check_all_told([](Status status) { return !is_of_handshake(status) && status != Status::kLimitOutput; });
}

}  // namespace
}  // namespace tidewire
