// SPDX-License-Identifier: MIT
#include "core/base/status.h"

#include <gtest/gtest.h>
#include <stdint.h>
#include <string.h>
#include <tidewire/tidewire.h>

#include <set>
#include <string>

namespace tidewire {
namespace {

// Every enumerator beside the constant of the C header.
#define TW_EACH_STATUS(X)                          \
  X(kOk, TW_OK)                                    \
  X(kNeedInput, TW_NEED_INPUT)                     \
  X(kNeedRoom, TW_NEED_ROOM)                       \
  X(kNull, TW_ERR_NULL)                            \
  X(kArgument, TW_ERR_ARGUMENT)                    \
  X(kState, TW_ERR_STATE)                          \
  X(kUnsupported, TW_ERR_UNSUPPORTED)              \
  X(kText, TW_ERR_TEXT)                            \
  X(kControlLength, TW_ERR_CONTROL_LENGTH)         \
  X(kSendCloseCode, TW_ERR_SEND_CLOSE_CODE)        \
  X(kHeaderInjection, TW_ERR_HEADER_INJECTION)     \
  X(kKernel, TW_ERR_KERNEL)                        \
  X(kRsv, TW_ERR_RSV)                              \
  X(kOpcode, TW_ERR_OPCODE)                        \
  X(kLengthNotMinimal, TW_ERR_LENGTH_NOT_MINIMAL)  \
  X(kLengthTooLarge, TW_ERR_LENGTH_TOO_LARGE)      \
  X(kMaskMissing, TW_ERR_MASK_MISSING)             \
  X(kMaskUnexpected, TW_ERR_MASK_UNEXPECTED)       \
  X(kControlFragmented, TW_ERR_CONTROL_FRAGMENTED) \
  X(kControlTooLong, TW_ERR_CONTROL_TOO_LONG)      \
  X(kContinuation, TW_ERR_CONTINUATION)            \
  X(kInterleaved, TW_ERR_INTERLEAVED)              \
  X(kUtf8, TW_ERR_UTF8)                            \
  X(kCloseLength, TW_ERR_CLOSE_LENGTH)             \
  X(kCloseCode, TW_ERR_CLOSE_CODE)                 \
  X(kCloseReason, TW_ERR_CLOSE_REASON)             \
  X(kEof, TW_ERR_EOF)                              \
  X(kDeflate, TW_ERR_DEFLATE)                      \
  X(kHttpSyntax, TW_ERR_HTTP_SYNTAX)               \
  X(kHttpMethod, TW_ERR_HTTP_METHOD)               \
  X(kHttpVersion, TW_ERR_HTTP_VERSION)             \
  X(kHttpHost, TW_ERR_HTTP_HOST)                   \
  X(kHttpUpgrade, TW_ERR_HTTP_UPGRADE)             \
  X(kHttpConnection, TW_ERR_HTTP_CONNECTION)       \
  X(kHttpBody, TW_ERR_HTTP_BODY)                   \
  X(kHttpStatus, TW_ERR_HTTP_STATUS)               \
  X(kKey, TW_ERR_KEY)                              \
  X(kVersion, TW_ERR_VERSION)                      \
  X(kAccept, TW_ERR_ACCEPT)                        \
  X(kOrigin, TW_ERR_ORIGIN)                        \
  X(kSubprotocol, TW_ERR_SUBPROTOCOL)              \
  X(kExtension, TW_ERR_EXTENSION)                  \
  X(kLimitFrame, TW_ERR_LIMIT_FRAME)               \
  X(kLimitMessage, TW_ERR_LIMIT_MESSAGE)           \
  X(kLimitFragments, TW_ERR_LIMIT_FRAGMENTS)       \
  X(kLimitOutput, TW_ERR_LIMIT_OUTPUT)             \
  X(kLimitControlRate, TW_ERR_LIMIT_CONTROL_RATE)  \
  X(kLimitMemory, TW_ERR_LIMIT_MEMORY)             \
  X(kLimitRatio, TW_ERR_LIMIT_RATIO)               \
  X(kLimitHead, TW_ERR_LIMIT_HEAD)                 \
  X(kLimitHeaderCount, TW_ERR_LIMIT_HEADER_COUNT)  \
  X(kLimitLine, TW_ERR_LIMIT_LINE)                 \
  X(kTimeoutHandshake, TW_ERR_TIMEOUT_HANDSHAKE)   \
  X(kTimeoutIdle, TW_ERR_TIMEOUT_IDLE)             \
  X(kTimeoutPong, TW_ERR_TIMEOUT_PONG)             \
  X(kTimeoutMessage, TW_ERR_TIMEOUT_MESSAGE)       \
  X(kTimeoutClose, TW_ERR_TIMEOUT_CLOSE)           \
  X(kNoMemory, TW_ERR_NO_MEMORY)                   \
  X(kRandom, TW_ERR_RANDOM)

struct StatusCase {
  Status status;
  int32_t number;
  const char *name;
};

constexpr StatusCase kCases[] = {
#define TW_CASE(enumerator, constant) {Status::enumerator, constant, #constant},
    TW_EACH_STATUS(TW_CASE)
#undef TW_CASE
};

// Under -Wswitch, part of -Wall, a new enumerator does not compile until the list above has it.
bool is_enumerator(Status status) {
  switch (status) {
#define TW_LABEL(enumerator, constant) case Status::enumerator:
    TW_EACH_STATUS(TW_LABEL)
#undef TW_LABEL
    return true;
  }
  return false;
}

constexpr int32_t kLowest = -400;
constexpr int32_t kHighest = 100;

TEST(Status, NumbersAreThoseOfTheHeader) {
  for (const StatusCase &one : kCases) EXPECT_EQ(static_cast<int32_t>(one.status), one.number) << one.name;
}

TEST(Status, EveryEnumeratorHasARow) {
  for (const StatusCase &one : kCases) {
    const StatusInfo &row = status_info(one.status);
    EXPECT_EQ(row.status, one.status);
    EXPECT_STREQ(row.name, one.name);
  }
}

TEST(Status, EveryRowHasAnEnumerator) {
  size_t count = 0;
  const StatusInfo *rows = status_rows(&count);
  EXPECT_EQ(count, sizeof(kCases) / sizeof(kCases[0]));
  for (size_t i = 0; i < count; ++i) EXPECT_TRUE(is_enumerator(rows[i].status)) << rows[i].name;
}

TEST(Status, NamesAndMessagesAreUnique) {
  size_t count = 0;
  const StatusInfo *rows = status_rows(&count);
  std::set<std::string> names;
  std::set<std::string> messages;
  for (size_t i = 0; i < count; ++i) {
    EXPECT_TRUE(names.insert(rows[i].name).second) << rows[i].name;
    EXPECT_TRUE(messages.insert(rows[i].message).second) << rows[i].message;
    EXPECT_STRNE(rows[i].message, "");
  }
}

TEST(Status, OtherNumbersAreUnknown) {
  for (const int32_t number : {INT32_MIN, -1000, -400, -302, -299, -99, -10, 3, 99, 1000, INT32_MAX}) {
    EXPECT_STREQ(status_info(static_cast<Status>(number)).name, "TW_ERR_UNKNOWN") << number;
    EXPECT_EQ(status_info(static_cast<Status>(number)).close_code, 0) << number;
  }
}

TEST(Status, FailedMeansNegative) {
  for (const StatusCase &one : kCases) EXPECT_EQ(failed(one.status), one.number < 0) << one.name;
}

TEST(Status, WhatIsNotAnErrorAndTheCallersMistakesCloseNothing) {
  for (const StatusCase &one : kCases) {
    if (one.number > -100) {
      EXPECT_EQ(status_info(one.status).close_code, 0) << one.name;
    }
  }
}

// 1006 is told to the caller and never sent; every other code stands in a close frame.
TEST(Status, WhatFailsTheConnectionHasACloseCode) {
  for (const StatusCase &one : kCases) {
    if (one.number > -100) continue;
    const uint16_t code = status_info(one.status).close_code;
    const bool may_be_sent = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
    const bool comes_too_late = one.status == Status::kEof || one.status == Status::kTimeoutClose;
    EXPECT_TRUE(comes_too_late ? code == 1006 : may_be_sent) << one.name;
  }
}

TEST(Status, LimitsNameTheirField) {
  for (const StatusCase &one : kCases) {
    const bool is_limit = one.number <= -200 && one.number > -300;
    EXPECT_EQ(status_info(one.status).limit != nullptr, is_limit) << one.name;
  }
}

TEST(Status, BreachesOfTheProtocolNameTheirSection) {
  for (const StatusCase &one : kCases) {
    if (one.number > -100 || one.number <= -200) continue;
    const char *section = status_info(one.status).section;
    ASSERT_NE(section, nullptr) << one.name;
    EXPECT_EQ(strncmp(section, "RFC ", 4), 0) << one.name;
  }
}

TEST(Status, HttpStatusesAreErrors) {
  for (const StatusCase &one : kCases) {
    const uint16_t http = status_info(one.status).http_status;
    EXPECT_TRUE(http == 0 || (http >= 400 && http <= 599)) << one.name;
  }
}

TEST(Status, HeaderFunctionsReadTheSameRows) {
  for (int32_t number = kLowest; number <= kHighest; ++number) {
    const StatusInfo &row = status_info(static_cast<Status>(number));
    EXPECT_STREQ(tw_status_name(number), row.name) << number;
    EXPECT_STREQ(tw_status_message(number), row.message) << number;
    EXPECT_EQ(tw_status_close_code(number), row.close_code) << number;
    EXPECT_EQ(tw_status_http_status(number), row.http_status) << number;
  }
}

}  // namespace
}  // namespace tidewire
