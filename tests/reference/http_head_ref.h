// SPDX-License-Identifier: MIT
// The head of an HTTP/1.1 request or response, cut into lines and read from the start each time. Gives the statuses
// and offsets of tw_head_parse, and is what it is compared with.
#ifndef TIDEWIRE_TESTS_REFERENCE_HTTP_HEAD_REF_H_
#define TIDEWIRE_TESTS_REFERENCE_HTTP_HEAD_REF_H_

#include <stddef.h>
#include <tidewire/tidewire.h>

#include <string>
#include <utility>
#include <vector>

namespace tidewire::reference {

struct HttpHeadLimits {
  size_t head_len = 16384;
  size_t header_count = 100;
  size_t line_len = 8192;
};

struct HttpHead {
  tw_status status = TW_NEED_INPUT;
  size_t len = 0;      // of a complete head
  size_t line_at = 0;  // offset of the line that was being read last, which is the offending one of an error
  std::string method;
  std::string target;
  std::string status_code;
  std::vector<std::pair<std::string, std::string>> headers;  // values without surrounding blanks
};

// `received` is everything since the first byte of the head.
HttpHead http_head(const std::string &received, bool is_request, const HttpHeadLimits &limits);

}  // namespace tidewire::reference

#endif  // TIDEWIRE_TESTS_REFERENCE_HTTP_HEAD_REF_H_
