// SPDX-License-Identifier: MIT
#include "tests/reference/deflate_offer_ref.h"

#include <algorithm>

namespace tidewire::reference {
namespace {

const std::string kTokenChars = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

std::string trimmed(const std::string &text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_token(const std::string &text) {
  return !text.empty() && text.find_first_not_of(kTokenChars) == std::string::npos;
}

// The parts between the separators that are not inside quotes; nothing where a quoted string does not end.
std::optional<std::vector<std::string>> split(const std::string &text, char separator) {
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!quoted && text[i] == separator) {
      parts.emplace_back();
      continue;
    }
    if (text[i] == '"') quoted = !quoted;
    parts.back() += text[i];
    if (quoted && text[i] == '\\' && i + 1 < text.size()) parts.back() += text[++i];
  }
  if (quoted) return std::nullopt;
  return parts;
}

// token or quoted token, without its quotes and backslashes
std::optional<std::string> read_value(const std::string &text) {
  if (is_token(text)) return text;
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::nullopt;
  std::string value;
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\') ++i;
    if (i + 1 == text.size()) return std::nullopt;
    value += text[i];
  }
  return is_token(value) ? std::optional(value) : std::nullopt;
}

std::optional<ExtensionParameter> read_parameter(const std::string &text) {
  const size_t equals = text.find('=');
  const std::string name = trimmed(text.substr(0, equals));
  if (!is_token(name)) return std::nullopt;
  if (equals == std::string::npos) return ExtensionParameter(name, std::nullopt);
  const std::optional<std::string> value = read_value(trimmed(text.substr(equals + 1)));
  if (!value) return std::nullopt;
  return ExtensionParameter(name, value);
}

// Every value of the parameter with this name.
std::vector<std::optional<std::string>> values_of(const Extension &extension, const std::string &name) {
  std::vector<std::optional<std::string>> out;
  for (const auto &[other, value] : extension.parameters) {
    if (other == name) out.push_back(value);
  }
  return out;
}

bool is_window(const std::optional<std::string> &value) {
  static const std::vector<std::string> kWindows = {"8", "9", "10", "11", "12", "13", "14", "15"};
  return value && std::find(kWindows.begin(), kWindows.end(), *value) != kWindows.end();
}

bool has(const Extension &extension, const std::string &name) { return !values_of(extension, name).empty(); }

// 8 ... 15; 15 where the parameter is missing or has no value.
uint8_t window_of(const Extension &extension, const std::string &name) {
  const auto values = values_of(extension, name);
  return values.empty() || !values[0] ? 15 : static_cast<uint8_t>(std::stoi(*values[0]));
}

// Each parameter is known, comes once and has the value that it may have.
bool is_understood(const Extension &extension, bool window_of_client_needs_value) {
  for (const auto &[name, value] : extension.parameters) {
    if (values_of(extension, name).size() > 1) return false;
    if (name == "server_no_context_takeover" || name == "client_no_context_takeover") {
      if (value) return false;
    } else if (name == "server_max_window_bits" || (name == "client_max_window_bits" && window_of_client_needs_value)) {
      if (!is_window(value)) return false;
    } else if (name == "client_max_window_bits") {
      if (value && !is_window(value)) return false;
    } else {
      return false;
    }
  }
  return extension.name == "permessage-deflate";
}

uint8_t flags_of(bool send_takeover, bool receive_takeover) {
  return static_cast<uint8_t>((send_takeover ? TW_DEFLATE_SEND_TAKEOVER : 0) |
                              (receive_takeover ? TW_DEFLATE_RECEIVE_TAKEOVER : 0));
}

}  // namespace

std::optional<std::vector<Extension>> read_extensions(const std::string &line) {
  std::vector<Extension> out;
  const auto elements = split(line, ',');
  if (!elements) return std::nullopt;
  for (const std::string &element : *elements) {
    if (trimmed(element).empty()) continue;
    const auto parts = split(element, ';');
    Extension extension;
    extension.name = trimmed(parts->front());
    if (!is_token(extension.name)) return std::nullopt;
    for (size_t i = 1; i < parts->size(); ++i) {
      const auto parameter = read_parameter((*parts)[i]);
      if (!parameter) return std::nullopt;
      extension.parameters.push_back(*parameter);
    }
    out.push_back(extension);
  }
  return out;
}

std::optional<tw_deflate> accept_deflate(const tw_deflate &wish, const std::vector<std::string> &lines) {
  tw_deflate out = {};
  size_t offers = 0;
  for (const std::string &line : lines) {
    const auto extensions = read_extensions(line);
    if (!extensions) return std::nullopt;
    offers += extensions->size();
    for (const Extension &offer : *extensions) {
      const bool client_window_is_free = !has(offer, "client_max_window_bits");
      if (wish.enabled == 0 || out.enabled != 0 || !is_understood(offer, false)) continue;
      if (client_window_is_free && wish.receive_window_bits < 15) continue;
      const bool send = (wish.flags & TW_DEFLATE_SEND_TAKEOVER) != 0 && !has(offer, "server_no_context_takeover");
      const bool receive = (wish.flags & TW_DEFLATE_RECEIVE_TAKEOVER) != 0 && !has(offer, "client_no_context_takeover");
      out.enabled = 1;
      out.flags = flags_of(send, receive);
      if (has(offer, "server_max_window_bits")) out.flags |= TW_DEFLATE_WINDOW_ASKED;
      out.send_window_bits = std::min(wish.send_window_bits, window_of(offer, "server_max_window_bits"));
      out.receive_window_bits = std::min(wish.receive_window_bits, window_of(offer, "client_max_window_bits"));
    }
  }
  if (!lines.empty() && offers == 0) return std::nullopt;
  return out;
}

std::optional<tw_deflate> check_deflate(const tw_deflate &wish, const std::vector<std::string> &lines) {
  tw_deflate out = {};
  if (lines.empty()) return out;
  const auto extensions = read_extensions(lines[0]);
  if (lines.size() > 1 || wish.enabled == 0 || !extensions || extensions->size() != 1) return std::nullopt;
  const Extension &answer = extensions->front();
  if (!is_understood(answer, true)) return std::nullopt;
  const bool send_wanted = (wish.flags & TW_DEFLATE_SEND_TAKEOVER) != 0;
  const bool receive_wanted = (wish.flags & TW_DEFLATE_RECEIVE_TAKEOVER) != 0;
  if (!receive_wanted && !has(answer, "server_no_context_takeover")) return std::nullopt;
  if (window_of(answer, "server_max_window_bits") > wish.receive_window_bits) return std::nullopt;
  if (has(answer, "client_max_window_bits") && window_of(answer, "client_max_window_bits") > wish.send_window_bits) {
    return std::nullopt;
  }
  out.enabled = 1;
  out.flags = flags_of(send_wanted && !has(answer, "client_no_context_takeover"),
                       receive_wanted && !has(answer, "server_no_context_takeover"));
  out.send_window_bits = std::min(wish.send_window_bits, window_of(answer, "client_max_window_bits"));
  out.receive_window_bits = window_of(answer, "server_max_window_bits");
  return out;
}

}  // namespace tidewire::reference
