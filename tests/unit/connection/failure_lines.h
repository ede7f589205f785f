// SPDX-License-Identifier: MIT
// Checks the line that explains a failure, whole. That its parts agree with tw_conn_get_error, LogLines checks in every
// test that has a session.
#ifndef TIDEWIRE_TESTS_UNIT_CONNECTION_FAILURE_LINES_H_
#define TIDEWIRE_TESTS_UNIT_CONNECTION_FAILURE_LINES_H_

#include <gtest/gtest.h>
#include <stddef.h>
#include <string.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "tests/unit/connection/sessions.h"

namespace tidewire::test {

// A connection that is about to fail: by `input`, or by what `drive` does after it.
struct FailureCase {
  tw_conn_config config;
  Bytes input;
  std::function<void(EngineSession &)> drive;
};

inline void feed(EngineSession &session, const Bytes &data, size_t piece = SIZE_MAX) {
  std::vector<reference::Event> events;
  for (size_t at = 0; at < data.size(); at += std::min(piece, data.size() - at)) {
    const auto begin = data.begin() + static_cast<ptrdiff_t>(at);
    const auto len = static_cast<ptrdiff_t>(std::min(piece, data.size() - at));
    if (session.receive(Bytes(begin, begin + len), 16, &events) < 0) return;
  }
}

inline std::string failure_line(const FailureCase &failing, size_t piece = SIZE_MAX) {
  EngineSession session;
  session.log_up_to(TW_LOG_ERROR);
  EXPECT_EQ(session.create(failing.config), TW_OK);
  feed(session, failing.input, piece);
  if (failing.drive) failing.drive(session);
  return session.log().entries().empty() ? "none" : session.log().entries().back().line;
}

class FailureLines {
 public:
  // However the input is cut.
  void expect(const FailureCase &failing, const std::string &line) {
    EXPECT_EQ(failure_line(failing), line);
    EXPECT_EQ(failure_line(failing, 1), line);
    const size_t name_at = strlen("server failed: ");
    told_.insert(line.substr(name_at, line.find(':', name_at) - name_at));
  }
  void expect(const tw_conn_config &config, const Bytes &input, const std::string &line) {
    expect({config, input, nullptr}, line);
  }

  // A line was expected of every status from -100 on for which is_one_of holds.
  void check_all_told(bool (*is_one_of)(Status)) const {
    std::set<std::string> expected;
    size_t count = 0;
    const StatusInfo *rows = status_rows(&count);
    for (size_t i = 0; i < count; ++i) {
      if (rows[i].status <= Status::kRsv && is_one_of(rows[i].status)) expected.insert(rows[i].name);
    }
    EXPECT_EQ(told_, expected);
  }

 private:
  std::set<std::string> told_;
};

// Of the opening handshake alone.
inline bool is_of_handshake(Status status) {
  const bool broken = status <= Status::kHttpSyntax && status >= Status::kExtension;
  return broken || (status <= Status::kLimitHead && status >= Status::kLimitLine);
}

// How a line goes on where nothing came before, and how it ends.
inline const std::string kNothingBefore = "; at offset 0, after 0 messages and 0 frames; ";
inline const std::string kAnswer = "answered with close code ";
inline const std::string kRefused = "answered with HTTP status ";

}  // namespace tidewire::test

#endif  // TIDEWIRE_TESTS_UNIT_CONNECTION_FAILURE_LINES_H_
