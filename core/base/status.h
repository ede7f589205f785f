// SPDX-License-Identifier: MIT
// What every operation of the engine returns, and what is known about each status. The numbers are those of
// tidewire.h and never change; capi/src/tw_status.cc asserts that they agree.
#ifndef TIDEWIRE_CORE_BASE_STATUS_H_
#define TIDEWIRE_CORE_BASE_STATUS_H_

#include <stddef.h>
#include <stdint.h>

namespace tidewire {

enum class Status : int32_t {
  kOk = 0,
  kNeedInput = 1,
  kNeedRoom = 2,

  // The caller's mistake; the object is unchanged.
  kNull = -1,
  kArgument = -2,
  kState = -3,
  kUnsupported = -4,
  kText = -5,
  kControlLength = -6,
  kSendCloseCode = -7,
  kHeaderInjection = -8,
  kKernel = -9,

  // The peer broke RFC 6455 framing.
  kRsv = -100,
  kOpcode = -101,
  kLengthNotMinimal = -102,
  kLengthTooLarge = -103,
  kMaskMissing = -104,
  kMaskUnexpected = -105,
  kControlFragmented = -106,
  kControlTooLong = -107,
  kContinuation = -108,
  kInterleaved = -109,
  kUtf8 = -110,
  kCloseLength = -111,
  kCloseCode = -112,
  kCloseReason = -113,
  kEof = -114,
  kDeflate = -115,

  // The peer broke the opening handshake.
  kHttpSyntax = -130,
  kHttpMethod = -131,
  kHttpVersion = -132,
  kHttpHost = -133,
  kHttpUpgrade = -134,
  kHttpConnection = -135,
  kHttpBody = -136,
  kHttpStatus = -137,
  kKey = -140,
  kVersion = -141,
  kAccept = -142,
  kOrigin = -143,
  kSubprotocol = -144,
  kExtension = -145,

  // A limit of the configuration was reached.
  kLimitFrame = -200,
  kLimitMessage = -201,
  kLimitFragments = -202,
  kLimitOutput = -203,
  kLimitControlRate = -204,
  kLimitMemory = -205,
  kLimitRatio = -206,
  kLimitHead = -210,
  kLimitHeaderCount = -211,
  kLimitLine = -212,
  kTimeoutHandshake = -220,
  kTimeoutIdle = -221,
  kTimeoutPong = -222,
  kTimeoutMessage = -223,
  kTimeoutClose = -224,

  // Resources.
  kNoMemory = -300,
  kRandom = -301,
};

struct StatusInfo {
  Status status;
  const char *name;      // "TW_ERR_RSV"
  const char *message;   // one sentence for people
  const char *section;   // "RFC 6455 5.2", or nullptr
  const char *limit;     // the configuration field that was exceeded, or nullptr
  uint16_t close_code;   // to send to the peer; 0: none fits
  uint16_t http_status;  // to answer a refused handshake with; 0: none fits
};

// The row of `status`; a row named "TW_ERR_UNKNOWN" for a number that is none of the above.
const StatusInfo &status_info(Status status);

// All rows, in the order of the enumeration.
const StatusInfo *status_rows(size_t *out_count);

inline bool failed(Status status) { return static_cast<int32_t>(status) < 0; }

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_BASE_STATUS_H_
