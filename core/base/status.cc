// SPDX-License-Identifier: MIT
// One row for each status: its text, its RFC section, its limit, and how to answer the peer.
#include "core/base/status.h"

namespace tidewire {
namespace {

constexpr StatusInfo kStatusRows[] = {
    {Status::kOk, "TW_OK", "success", nullptr, nullptr, 0, 0},
    {Status::kNeedInput, "TW_NEED_INPUT", "more input is needed", nullptr, nullptr, 0, 0},
    {Status::kNeedRoom, "TW_NEED_ROOM", "the output has no room for the result", nullptr, nullptr, 0, 0},

    {Status::kNull, "TW_ERR_NULL", "a required pointer is NULL", nullptr, nullptr, 0, 500},
    {Status::kArgument, "TW_ERR_ARGUMENT", "an argument has a value that is not allowed", nullptr, nullptr, 0, 500},
    {Status::kState, "TW_ERR_STATE", "the object is in a state that does not allow this call", nullptr, nullptr, 0,
     500},
    {Status::kUnsupported, "TW_ERR_UNSUPPORTED", "this version of the library does not know what was asked for",
     nullptr, nullptr, 0, 500},
    {Status::kText, "TW_ERR_TEXT", "the text to send is not valid UTF-8", "RFC 6455 5.6", nullptr, 0, 0},
    {Status::kControlLength, "TW_ERR_CONTROL_LENGTH", "the control frame to send has more than 125 bytes of payload",
     "RFC 6455 5.5", nullptr, 0, 0},
    {Status::kSendCloseCode, "TW_ERR_SEND_CLOSE_CODE", "the close code to send must not appear in a close frame",
     "RFC 6455 7.4", nullptr, 0, 0},
    {Status::kHeaderInjection, "TW_ERR_HEADER_INJECTION",
     "a header to send has a byte that would end its line, or is one that the engine writes itself", "RFC 9110 5.5",
     nullptr, 0, 500},
    {Status::kKernel, "TW_ERR_KERNEL", "no kernel of this name runs on this processor", nullptr, nullptr, 0, 0},

    {Status::kRsv, "TW_ERR_RSV", "a reserved bit is set that no extension negotiated", "RFC 6455 5.2", nullptr, 1002,
     0},
    {Status::kOpcode, "TW_ERR_OPCODE", "the opcode is reserved", "RFC 6455 5.2", nullptr, 1002, 0},
    {Status::kLengthNotMinimal, "TW_ERR_LENGTH_NOT_MINIMAL", "the payload length is not written in the shortest form",
     "RFC 6455 5.2", nullptr, 1002, 0},
    {Status::kLengthTooLarge, "TW_ERR_LENGTH_TOO_LARGE", "the payload length has its most significant bit set",
     "RFC 6455 5.2", nullptr, 1002, 0},
    {Status::kMaskMissing, "TW_ERR_MASK_MISSING", "a frame from a client is not masked", "RFC 6455 5.1", nullptr, 1002,
     0},
    {Status::kMaskUnexpected, "TW_ERR_MASK_UNEXPECTED", "a frame from a server is masked", "RFC 6455 5.1", nullptr,
     1002, 0},
    {Status::kControlFragmented, "TW_ERR_CONTROL_FRAGMENTED", "a control frame is fragmented", "RFC 6455 5.5", nullptr,
     1002, 0},
    {Status::kControlTooLong, "TW_ERR_CONTROL_TOO_LONG", "a control frame has more than 125 bytes of payload",
     "RFC 6455 5.5", nullptr, 1002, 0},
    {Status::kContinuation, "TW_ERR_CONTINUATION", "a continuation frame comes outside a fragmented message",
     "RFC 6455 5.4", nullptr, 1002, 0},
    {Status::kInterleaved, "TW_ERR_INTERLEAVED", "a new message starts inside a fragmented one", "RFC 6455 5.4",
     nullptr, 1002, 0},
    {Status::kUtf8, "TW_ERR_UTF8", "text is not valid UTF-8", "RFC 6455 8.1", nullptr, 1007, 0},
    {Status::kCloseLength, "TW_ERR_CLOSE_LENGTH", "a close frame has a payload of one byte", "RFC 6455 5.5.1", nullptr,
     1002, 0},
    {Status::kCloseCode, "TW_ERR_CLOSE_CODE", "a close frame has a code that must not be sent", "RFC 6455 7.4", nullptr,
     1002, 0},
    {Status::kCloseReason, "TW_ERR_CLOSE_REASON", "the reason in a close frame is not valid UTF-8", "RFC 6455 5.5.1",
     nullptr, 1007, 0},
    {Status::kEof, "TW_ERR_EOF", "the stream ended before the closing handshake", "RFC 6455 7.1.5", nullptr, 1006, 0},
    {Status::kDeflate, "TW_ERR_DEFLATE", "a compressed message is not valid DEFLATE data, or does not end with a block",
     "RFC 7692 7.2.2", nullptr, 1007, 0},

    {Status::kHttpSyntax, "TW_ERR_HTTP_SYNTAX", "the head is not valid HTTP/1.1", "RFC 9112 2", nullptr, 1002, 400},
    {Status::kHttpMethod, "TW_ERR_HTTP_METHOD", "the method is not GET", "RFC 6455 4.1", nullptr, 1002, 405},
    {Status::kHttpVersion, "TW_ERR_HTTP_VERSION", "the HTTP version is not 1.1", "RFC 6455 4.1", nullptr, 1002, 505},
    {Status::kHttpHost, "TW_ERR_HTTP_HOST", "there is not exactly one valid Host header", "RFC 6455 4.2.1", nullptr,
     1002, 400},
    {Status::kHttpUpgrade, "TW_ERR_HTTP_UPGRADE", "the Upgrade header does not name websocket", "RFC 6455 4.2.1",
     nullptr, 1002, 426},
    {Status::kHttpConnection, "TW_ERR_HTTP_CONNECTION", "the Connection header does not name Upgrade", "RFC 6455 4.2.1",
     nullptr, 1002, 400},
    {Status::kHttpBody, "TW_ERR_HTTP_BODY", "an upgrade must not announce a body", "RFC 9110 7.8", nullptr, 1002, 400},
    {Status::kHttpStatus, "TW_ERR_HTTP_STATUS", "the server did not answer with status 101", "RFC 6455 4.1", nullptr,
     1002, 0},
    {Status::kKey, "TW_ERR_KEY", "Sec-WebSocket-Key is not one base64 value of 16 bytes", "RFC 6455 4.2.1", nullptr,
     1002, 400},
    {Status::kVersion, "TW_ERR_VERSION", "Sec-WebSocket-Version is not 13", "RFC 6455 4.4", nullptr, 1002, 426},
    {Status::kAccept, "TW_ERR_ACCEPT", "Sec-WebSocket-Accept does not answer the key that was sent", "RFC 6455 4.1",
     nullptr, 1002, 0},
    {Status::kOrigin, "TW_ERR_ORIGIN", "the Origin is not allowed", "RFC 6455 10.2", nullptr, 1008, 403},
    {Status::kSubprotocol, "TW_ERR_SUBPROTOCOL", "Sec-WebSocket-Protocol is malformed, or was not offered",
     "RFC 6455 4.1", nullptr, 1002, 400},
    {Status::kExtension, "TW_ERR_EXTENSION", "Sec-WebSocket-Extensions is malformed, or was not offered",
     "RFC 6455 9.1", nullptr, 1010, 400},

    {Status::kLimitFrame, "TW_ERR_LIMIT_FRAME", "a frame is longer than the limit", nullptr, "max_frame_len", 1009, 0},
    {Status::kLimitMessage, "TW_ERR_LIMIT_MESSAGE", "a message is longer than the limit", nullptr, "max_message_len",
     1009, 0},
    {Status::kLimitFragments, "TW_ERR_LIMIT_FRAGMENTS", "a message has more fragments than the limit", nullptr,
     "max_fragments", 1009, 0},
    {Status::kLimitOutput, "TW_ERR_LIMIT_OUTPUT", "more output is queued than the limit", nullptr, "max_output_len",
     1008, 503},
    {Status::kLimitControlRate, "TW_ERR_LIMIT_CONTROL_RATE", "more control frames came in one second than the limit",
     nullptr, "max_control_rate", 1008, 0},
    {Status::kLimitMemory, "TW_ERR_LIMIT_MEMORY", "the connection would hold more memory than the limit", nullptr,
     "max_memory_len", 1009, 503},
    {Status::kLimitRatio, "TW_ERR_LIMIT_RATIO", "a compressed message expands more than the limit", nullptr,
     "max_ratio", 1009, 0},
    {Status::kLimitHead, "TW_ERR_LIMIT_HEAD", "the head of the handshake is longer than the limit", nullptr,
     "max_head_len", 1009, 431},
    {Status::kLimitHeaderCount, "TW_ERR_LIMIT_HEADER_COUNT", "the handshake has more headers than the limit", nullptr,
     "max_header_count", 1009, 431},
    {Status::kLimitLine, "TW_ERR_LIMIT_LINE", "a line of the handshake is longer than the limit", nullptr,
     "max_line_len", 1009, 431},
    {Status::kTimeoutHandshake, "TW_ERR_TIMEOUT_HANDSHAKE", "the opening handshake took longer than the limit", nullptr,
     "handshake_timeout_ns", 1002, 408},
    {Status::kTimeoutIdle, "TW_ERR_TIMEOUT_IDLE", "nothing was received for longer than the limit", nullptr,
     "idle_timeout_ns", 1001, 0},
    {Status::kTimeoutPong, "TW_ERR_TIMEOUT_PONG", "a ping was not answered within the limit", nullptr,
     "pong_timeout_ns", 1011, 0},
    {Status::kTimeoutMessage, "TW_ERR_TIMEOUT_MESSAGE", "a message was incomplete for longer than the limit", nullptr,
     "message_timeout_ns", 1008, 0},
    {Status::kTimeoutClose, "TW_ERR_TIMEOUT_CLOSE", "the closing handshake took longer than the limit", nullptr,
     "close_timeout_ns", 1006, 0},

    {Status::kNoMemory, "TW_ERR_NO_MEMORY", "the allocator returned no memory", nullptr, nullptr, 1011, 503},
    {Status::kRandom, "TW_ERR_RANDOM", "the random source failed", nullptr, nullptr, 1011, 503},
};

constexpr StatusInfo kUnknownStatus = {
    Status::kUnsupported, "TW_ERR_UNKNOWN", "not a status of this library", nullptr, nullptr, 0, 0};

}  // namespace

const StatusInfo &status_info(Status status) {
  for (const StatusInfo &row : kStatusRows) {
    if (row.status == status) return row;
  }
  return kUnknownStatus;
}

const StatusInfo *status_rows(size_t *out_count) {
  *out_count = sizeof(kStatusRows) / sizeof(kStatusRows[0]);
  return kStatusRows;
}

}  // namespace tidewire
