// SPDX-License-Identifier: MIT
#include "tests/vectors/json_data.h"

#include <algorithm>
#include <stdexcept>

#include "tests/reference/mask_ref.h"

namespace tidewire::test {

using nlohmann::json;
using reference::Bytes;

void refuse(const std::string &what, const json &where) {
  throw std::runtime_error(what + ": " + where.dump().substr(0, 200));
}

void require_keys(const json &object, std::initializer_list<std::string_view> known) {
  if (!object.is_object()) refuse("not an object", object);
  for (const auto &[key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) refuse("unknown key " + key, object);
  }
}

std::string text_of(const json &value) {
  if (!value.is_string()) refuse("not a string", value);
  return value.get<std::string>();
}

uint64_t number_of(const json &value) {
  if (!value.is_number_unsigned()) refuse("not a number", value);
  return value.get<uint64_t>();
}

uint64_t number_or(const json &object, const char *key, uint64_t otherwise) {
  return object.contains(key) ? number_of(object[key]) : otherwise;
}

uint64_t time_of(const json &value) { return value == json("never") ? UINT64_MAX : number_of(value); }

bool flag_of(const json &object, const char *key) {
  if (!object.contains(key)) return false;
  if (object[key] != json(true)) refuse("only true can be said", object);
  return true;
}

uint32_t one_of(const json &value, const std::map<std::string, uint32_t> &names) {
  const auto found = names.find(text_of(value));
  if (found == names.end()) refuse("unknown word", value);
  return found->second;
}

namespace {

Bytes bytes_of(const std::string &text) { return Bytes(text.begin(), text.end()); }

Bytes hex(const json &data) {
  std::string digits = text_of(data);
  std::erase(digits, ' ');
  if (digits.size() % 2 != 0 || digits.find_first_not_of("0123456789abcdef") != std::string::npos) {
    refuse("not hexadecimal", data);
  }
  Bytes out;
  for (size_t i = 0; i < digits.size(); i += 2) {
    out.push_back(static_cast<uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return out;
}

Bytes lines(const json &list) {
  if (!list.is_array()) refuse("not a list", list);
  std::string out;
  for (const json &line : list) out += text_of(line) + "\r\n";
  return bytes_of(out);
}

Bytes repeat(const Bytes &bytes, uint64_t count) {
  Bytes out;
  for (uint64_t i = 0; i < count; ++i) out.insert(out.end(), bytes.begin(), bytes.end());
  return out;
}

Bytes masked(const Bytes &key, const Bytes &payload) {
  if (key.size() != 4) throw std::runtime_error("a masking key has four bytes");
  Bytes out(4 + payload.size());
  std::copy(key.begin(), key.end(), out.begin());
  reference::mask(out.data() + 4, payload.data(), payload.size(), key.data(), 0);
  return out;
}

}  // namespace

Bytes DataReader::read(const json &data) const {
  if (data.is_string()) return hex(data);
  if (data.is_array()) return join(data);
  if (!data.is_object() || data.size() != 1) refuse("not DATA", data);
  const std::string form = data.begin().key();
  const json &value = data.begin().value();
  if (form == "text") return bytes_of(text_of(value));
  if (form == "lines") return lines(value);
  if (form == "use" && named_.contains(text_of(value))) return read(named_[text_of(value)]);
  if (form == "repeat" && value.is_array() && value.size() == 2) return repeat(read(value[0]), number_of(value[1]));
  if (form == "masked" && value.is_array() && value.size() == 2) return masked(read(value[0]), read(value[1]));
  refuse("not DATA", data);
}

Bytes DataReader::read_or_empty(const json &object, const char *key) const {
  return object.contains(key) ? read(object[key]) : Bytes();
}

Bytes DataReader::join(const json &parts) const {
  Bytes out;
  for (const json &part : parts) {
    const Bytes bytes = read(part);
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  return out;
}

}  // namespace tidewire::test
