// SPDX-License-Identifier: MIT
// The log of one connection, which ends the process where a line breaks a rule that holds for all of them.
#ifndef TIDEWIRE_TESTS_SUPPORT_LOG_LINES_H_
#define TIDEWIRE_TESTS_SUPPORT_LOG_LINES_H_

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tidewire/tidewire.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tidewire::test {

inline constexpr size_t kLongestLine = 512;

struct LogEntry {
  uint32_t level;
  std::string line;
};

class LogLines {
 public:
  // Outlived by who logs. Lines of up to this level are wanted.
  tw_log c_api(uint32_t level) {
    level_ = level;
    return {&put, this, level, 0};
  }

  const std::vector<LogEntry> &entries() const { return entries_; }
  std::vector<std::string> lines(uint32_t level) const {
    std::vector<std::string> out;
    for (const LogEntry &entry : entries_) {
      if (entry.level == level) out.push_back(entry.line);
    }
    return out;
  }

  // Where the connection failed there is one line that tells it, and what tw_conn_get_error does. `error` is that.
  void check_failure(const tw_error &error) const {
    const std::vector<std::string> errors = lines(TW_LOG_ERROR);
    require(errors.size() == (error.status == TW_OK ? 0u : 1u), "one line for each failure");
    if (error.status == TW_OK) return;
    const std::string &line = errors[0];
    std::string start = std::string(" failed: ") + tw_status_name(error.status) + ": " + error.message;
    if (error.section != nullptr) start += std::string(" (") + error.section + ")";
    if (error.limit != nullptr) start += std::string(" (") + error.limit + " ";
    require(line.find(start) == strlen("server"), "the failure, and its rule or limit");
    require(error.limit == nullptr || isdigit(line[strlen("server") + start.size()]) != 0, "the value of the limit");
    const std::string place = "; at offset " + std::to_string(error.offset) + ", after ";
    require(line.find(place) != std::string::npos, "the place in the stream");
    const bool answered = error.close_code != 0 && error.close_code != 1006;
    require(!answered || ends_with(line, "; answered with close code " + std::to_string(error.close_code)),
            "how the peer was answered");
  }

 private:
  static bool ends_with(const std::string &line, const std::string &end) {
    return line.size() >= end.size() && line.compare(line.size() - end.size(), end.size(), end) == 0;
  }

  static void put(void *context, const tw_conn *conn, uint32_t level, const char *line, size_t len) {
    static_cast<LogLines *>(context)->add(conn, level, {line, strnlen(line, len + 1)}, len);
  }

  void add(const tw_conn *conn, uint32_t level, const std::string &line, size_t len) {
    require(len <= kLongestLine && line.size() == len, "a line has a zero byte behind it, and none inside");
    require(std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~'; }), "it is printable");
    require(level >= TW_LOG_ERROR && level <= level_, "its level is wanted");
    require(line.rfind("server ", 0) == 0 || line.rfind("client ", 0) == 0, "it starts with the role");
    require(conn != nullptr && (conn_ == nullptr || conn == conn_), "it is about one connection");
    conn_ = conn;
    entries_.push_back({level, line});
  }

  static void require(bool holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "a line of the log breaks a rule: %s\n", what);
    abort();
  }

  uint32_t level_ = 0;
  const tw_conn *conn_ = nullptr;
  std::vector<LogEntry> entries_;
};

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_SUPPORT_LOG_LINES_H_
