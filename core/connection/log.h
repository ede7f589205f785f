// SPDX-License-Identifier: MIT
// What a connection tells an operator: lines of text, for a sink of the host's.
#ifndef TIDEWIRE_CORE_CONNECTION_LOG_H_
#define TIDEWIRE_CORE_CONNECTION_LOG_H_

#include <stddef.h>
#include <stdint.h>

#include "core/base/text_writer.h"

struct tw_conn;  // by which the host knows a Connection

namespace tidewire {

inline constexpr size_t kMaxLogLine = 512;  // bytes, without the zero byte
// What is quoted, in characters after escaping: the value of a header, of which a line may have four; anything else,
// such as a whole reason of 123 ASCII characters.
inline constexpr size_t kMaxQuotedValue = 60;
inline constexpr size_t kMaxQuotedText = 150;

// The values of TW_LOG_... in tidewire.h.
enum LogLevel : uint32_t { kLogError = 1, kLogInfo = 2, kLogDebug = 3 };

// tw_log.
struct LogSink {
  void (*put_line)(void *context, const tw_conn *conn, uint32_t level, const char *line, size_t len) = nullptr;
  void *context = nullptr;
  uint32_t level = 0;  // LogLevel; 0: nothing is wanted
  uint32_t reserved = 0;
};

// A line that is being written. Who begins one has asked whether its level is wanted: nothing filters it later.
class LogLine : public TextWriter {
 public:
  LogLine() : TextWriter(bytes_, kMaxLogLine) {}
  LogLine(const LogLine &) = delete;
  LogLine &operator=(const LogLine &) = delete;

  void put(const LogSink &sink, const void *connection, LogLevel level) {
    const size_t end = len() < kMaxLogLine ? len() : kMaxLogLine;
    bytes_[end] = 0;
    sink.put_line(sink.context, static_cast<const tw_conn *>(connection), level, bytes_, end);
  }

 private:
  char bytes_[kMaxLogLine + 1];
};

inline Quoted quoted(ByteView text) { return {text, kMaxQuotedText}; }

}  // namespace tidewire

#endif  // TIDEWIRE_CORE_CONNECTION_LOG_H_
