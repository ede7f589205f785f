// SPDX-License-Identifier: MIT
// Statuses, and the proof that the engine's numbers are those of the header.
#include "capi/src/guard.h"
#include "core/base/status.h"

namespace tidewire {

#define TW_SAME(constant, enumerator) static_assert((constant) == static_cast<tw_status>(Status::enumerator))
TW_SAME(TW_OK, kOk);
TW_SAME(TW_NEED_INPUT, kNeedInput);
TW_SAME(TW_NEED_ROOM, kNeedRoom);
TW_SAME(TW_ERR_NULL, kNull);
TW_SAME(TW_ERR_ARGUMENT, kArgument);
TW_SAME(TW_ERR_STATE, kState);
TW_SAME(TW_ERR_UNSUPPORTED, kUnsupported);
TW_SAME(TW_ERR_TEXT, kText);
TW_SAME(TW_ERR_CONTROL_LENGTH, kControlLength);
TW_SAME(TW_ERR_SEND_CLOSE_CODE, kSendCloseCode);
TW_SAME(TW_ERR_HEADER_INJECTION, kHeaderInjection);
TW_SAME(TW_ERR_KERNEL, kKernel);
TW_SAME(TW_ERR_RSV, kRsv);
TW_SAME(TW_ERR_OPCODE, kOpcode);
TW_SAME(TW_ERR_LENGTH_NOT_MINIMAL, kLengthNotMinimal);
TW_SAME(TW_ERR_LENGTH_TOO_LARGE, kLengthTooLarge);
TW_SAME(TW_ERR_MASK_MISSING, kMaskMissing);
TW_SAME(TW_ERR_MASK_UNEXPECTED, kMaskUnexpected);
TW_SAME(TW_ERR_CONTROL_FRAGMENTED, kControlFragmented);
TW_SAME(TW_ERR_CONTROL_TOO_LONG, kControlTooLong);
TW_SAME(TW_ERR_CONTINUATION, kContinuation);
TW_SAME(TW_ERR_INTERLEAVED, kInterleaved);
TW_SAME(TW_ERR_UTF8, kUtf8);
TW_SAME(TW_ERR_CLOSE_LENGTH, kCloseLength);
TW_SAME(TW_ERR_CLOSE_CODE, kCloseCode);
TW_SAME(TW_ERR_CLOSE_REASON, kCloseReason);
TW_SAME(TW_ERR_EOF, kEof);
TW_SAME(TW_ERR_DEFLATE, kDeflate);
TW_SAME(TW_ERR_HTTP_SYNTAX, kHttpSyntax);
TW_SAME(TW_ERR_HTTP_METHOD, kHttpMethod);
TW_SAME(TW_ERR_HTTP_VERSION, kHttpVersion);
TW_SAME(TW_ERR_HTTP_HOST, kHttpHost);
TW_SAME(TW_ERR_HTTP_UPGRADE, kHttpUpgrade);
TW_SAME(TW_ERR_HTTP_CONNECTION, kHttpConnection);
TW_SAME(TW_ERR_HTTP_BODY, kHttpBody);
TW_SAME(TW_ERR_HTTP_STATUS, kHttpStatus);
TW_SAME(TW_ERR_KEY, kKey);
TW_SAME(TW_ERR_VERSION, kVersion);
TW_SAME(TW_ERR_ACCEPT, kAccept);
TW_SAME(TW_ERR_ORIGIN, kOrigin);
TW_SAME(TW_ERR_SUBPROTOCOL, kSubprotocol);
TW_SAME(TW_ERR_EXTENSION, kExtension);
TW_SAME(TW_ERR_LIMIT_FRAME, kLimitFrame);
TW_SAME(TW_ERR_LIMIT_MESSAGE, kLimitMessage);
TW_SAME(TW_ERR_LIMIT_FRAGMENTS, kLimitFragments);
TW_SAME(TW_ERR_LIMIT_OUTPUT, kLimitOutput);
TW_SAME(TW_ERR_LIMIT_CONTROL_RATE, kLimitControlRate);
TW_SAME(TW_ERR_LIMIT_MEMORY, kLimitMemory);
TW_SAME(TW_ERR_LIMIT_RATIO, kLimitRatio);
TW_SAME(TW_ERR_LIMIT_HEAD, kLimitHead);
TW_SAME(TW_ERR_LIMIT_HEADER_COUNT, kLimitHeaderCount);
TW_SAME(TW_ERR_LIMIT_LINE, kLimitLine);
TW_SAME(TW_ERR_TIMEOUT_HANDSHAKE, kTimeoutHandshake);
TW_SAME(TW_ERR_TIMEOUT_IDLE, kTimeoutIdle);
TW_SAME(TW_ERR_TIMEOUT_PONG, kTimeoutPong);
TW_SAME(TW_ERR_TIMEOUT_MESSAGE, kTimeoutMessage);
TW_SAME(TW_ERR_TIMEOUT_CLOSE, kTimeoutClose);
TW_SAME(TW_ERR_NO_MEMORY, kNoMemory);
TW_SAME(TW_ERR_RANDOM, kRandom);
#undef TW_SAME

}  // namespace tidewire

using tidewire::Status;
using tidewire::status_info;

extern "C" {

const char *tw_status_name(tw_status status) { return status_info(static_cast<Status>(status)).name; }

const char *tw_status_message(tw_status status) { return status_info(static_cast<Status>(status)).message; }

uint16_t tw_status_close_code(tw_status status) { return status_info(static_cast<Status>(status)).close_code; }

uint16_t tw_status_http_status(tw_status status) { return status_info(static_cast<Status>(status)).http_status; }

const char *tw_status_section(tw_status status) { return status_info(static_cast<Status>(status)).section; }

const char *tw_status_limit(tw_status status) { return status_info(static_cast<Status>(status)).limit; }

}  // extern "C"
