// SPDX-License-Identifier: MIT
#include "tests/reference/http_head_ref.h"

namespace tidewire::reference {
namespace {

const std::string kDigits = "0123456789";
const std::string kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

bool is_one_of(char c, const std::string &set) { return set.find(c) != std::string::npos; }

// RFC 9110 §5.6.2
bool is_tchar(char c) { return is_one_of(c, kDigits + kLetters + "!#$%&'*+-.^_`|~"); }

// RFC 9110 §5.5: VCHAR, obs-text, SP, HTAB
bool is_text(char c) {
  const int value = static_cast<unsigned char>(c);
  return c == '\t' || (value >= 0x20 && value <= 0x7E) || value >= 0x80;
}

bool is_target(char c) { return c > ' ' && c <= '~' && c != '#'; }

bool is_digit(char c) { return is_one_of(c, kDigits); }

// A line, or as much of it as was received.
class Line {
 public:
  // `whole`: the carriage return that ends it was received too.
  Line(std::string text, bool whole) : text_(std::move(text)), whole_(whole) {}

  // The longest run of characters that the rule allows.
  std::string run(bool (*allowed)(char)) {
    std::string result;
    while (at_ < text_.size() && allowed(text_[at_])) result += text_[at_++];
    return result;
  }

  // One character that the rule allows.
  bool one(bool (*allowed)(char)) { return at_ < text_.size() && allowed(text_[at_]) && ++at_ > 0; }
  bool one(char c) { return at_ < text_.size() && text_[at_] == c && ++at_ > 0; }

  // All of `word`, one character after the other.
  bool word(const std::string &word) {
    for (const char c : word) {
      if (!one(c)) return false;
    }
    return true;
  }

  // What it means that the wanted character did not come: the line is wrong, or cut.
  tw_status wrong() const { return at_ == text_.size() && !whole_ ? TW_NEED_INPUT : TW_ERR_HTTP_SYNTAX; }
  // The same where nothing more may come.
  tw_status end() const { return at_ == text_.size() && whole_ ? TW_OK : wrong(); }
  bool at_end() const { return at_ == text_.size(); }
  char last() const { return text_[at_ - 1]; }

 private:
  std::string text_;
  bool whole_;
  size_t at_ = 0;
};

// "HTTP/" DIGIT "." DIGIT
bool version(Line &line, bool *out_is_1_1) {
  if (!line.word("HTTP/") || !line.one(is_digit)) return false;
  const char major = line.last();
  if (!line.one('.') || !line.one(is_digit)) return false;
  *out_is_1_1 = major == '1' && line.last() == '1';
  return true;
}

// method SP target SP version
tw_status request_line(Line line, HttpHead *out) {
  out->method = line.run(is_tchar);
  if (out->method.empty() || !line.one(' ')) return line.wrong();
  if (!line.one('/')) return line.wrong();
  out->target = "/" + line.run(is_target);
  if (!line.one(' ')) return line.wrong();
  bool is_1_1 = false;
  if (!version(line, &is_1_1)) return line.wrong();
  const tw_status end = line.end();
  return end == TW_OK && !is_1_1 ? TW_ERR_HTTP_VERSION : end;
}

// version SP 3DIGIT SP reason
tw_status status_line(Line line, HttpHead *out) {
  bool is_1_1 = false;
  if (!version(line, &is_1_1) || !line.one(' ')) return line.wrong();
  if (!is_1_1) return TW_ERR_HTTP_VERSION;
  for (int i = 0; i < 3; ++i) {
    if (!line.one(is_digit)) return line.wrong();
    out->status_code += line.last();
  }
  if (!line.one(' ')) return line.wrong();
  line.run(is_text);
  return line.end();
}

// name ":" value
tw_status header_line(Line line, HttpHead *out) {
  const std::string name = line.run(is_tchar);
  if (name.empty() || !line.one(':')) return line.wrong();
  std::string value = line.run(is_text);
  const tw_status end = line.end();
  if (end != TW_OK) return end;
  while (!value.empty() && is_one_of(value.front(), " \t")) value.erase(0, 1);
  while (!value.empty() && is_one_of(value.back(), " \t")) value.pop_back();
  out->headers.push_back({name, value});
  return TW_OK;
}

}  // namespace

HttpHead http_head(const std::string &received, bool is_request, const HttpHeadLimits &limits) {
  // What is beyond the limit is never looked at, and a head that goes on there is too long.
  const std::string text = received.substr(0, limits.head_len);
  HttpHead head;
  while (true) {
    const size_t begin = head.line_at;
    const bool is_first = begin == 0;
    const bool is_whole = text.find('\r', begin) != std::string::npos;
    const size_t end = is_whole ? text.find('\r', begin) : text.size();
    const bool is_last = is_whole && end == begin && !is_first;

    if (!is_first && end > begin && head.headers.size() == limits.header_count) {
      head.status = TW_ERR_LIMIT_HEADER_COUNT;
      return head;
    }
    // A line that is too long is judged by its allowed part, as if more of that was to come.
    const bool is_too_long = end - begin > limits.line_len;
    const Line line(text.substr(begin, is_too_long ? limits.line_len : end - begin), is_whole && !is_too_long);
    if (is_last) {
      head.status = TW_OK;
    } else if (is_first) {
      head.status = is_request ? request_line(line, &head) : status_line(line, &head);
    } else {
      head.status = header_line(line, &head);
    }
    if (head.status == TW_NEED_INPUT && is_too_long) head.status = TW_ERR_LIMIT_LINE;
    if (head.status == TW_OK && end + 1 < text.size() && text[end + 1] != '\n') head.status = TW_ERR_HTTP_SYNTAX;
    if (head.status == TW_OK && end + 1 >= text.size()) head.status = TW_NEED_INPUT;
    if (head.status == TW_NEED_INPUT && received.size() >= limits.head_len) head.status = TW_ERR_LIMIT_HEAD;
    if (head.status != TW_OK) return head;
    head.line_at = end + 2;
    if (is_last) {
      head.len = end + 2;
      return head;
    }
  }
}

}  // namespace tidewire::reference
