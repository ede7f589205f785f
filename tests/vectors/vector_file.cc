// SPDX-License-Identifier: MIT
#include "tests/vectors/vector_file.h"

#include <fstream>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "tests/reference/mask_ref.h"

namespace tidewire::test {
namespace {

using nlohmann::json;
using reference::Bytes;

[[noreturn]] void refuse(const std::string &what, const json &where) {
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

uint64_t number_or_zero(const json &object, const char *key) {
  return object.contains(key) ? number_of(object[key]) : 0;
}

bool flag_of(const json &object, const char *key) {
  if (!object.contains(key)) return false;
  if (object[key] != json(true)) refuse("only true can be said", object);
  return true;
}

// The number of one of the names.
uint32_t one_of(const json &value, const std::map<std::string, uint32_t> &names) {
  const auto found = names.find(text_of(value));
  if (found == names.end()) refuse("unknown word", value);
  return found->second;
}

tw_status status_of(const json &value) {
  const std::string name = text_of(value);
  for (tw_status status = -400; status < 100; ++status) {
    if (name != "TW_ERR_UNKNOWN" && name == tw_status_name(status)) return status;
  }
  refuse("not a status", value);
}

// DATA, as README.md defines it.
class DataReader {
 public:
  explicit DataReader(json named) : named_(std::move(named)) {}

  Bytes read(const json &data) const {
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

  Bytes read_or_empty(const json &object, const char *key) const {
    return object.contains(key) ? read(object[key]) : Bytes();
  }

 private:
  static Bytes bytes_of(const std::string &text) { return Bytes(text.begin(), text.end()); }

  static Bytes hex(const json &data) {
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

  Bytes join(const json &parts) const {
    Bytes out;
    for (const json &part : parts) {
      const Bytes bytes = read(part);
      out.insert(out.end(), bytes.begin(), bytes.end());
    }
    return out;
  }

  static Bytes lines(const json &list) {
    if (!list.is_array()) refuse("not a list", list);
    std::string out;
    for (const json &line : list) out += text_of(line) + "\r\n";
    return bytes_of(out);
  }

  static Bytes repeat(const Bytes &bytes, uint64_t count) {
    Bytes out;
    for (uint64_t i = 0; i < count; ++i) out.insert(out.end(), bytes.begin(), bytes.end());
    return out;
  }

  static Bytes masked(const Bytes &key, const Bytes &payload) {
    if (key.size() != 4) throw std::runtime_error("a masking key has four bytes");
    Bytes out(4 + payload.size());
    std::copy(key.begin(), key.end(), out.begin());
    reference::mask(out.data() + 4, payload.data(), payload.size(), key.data(), 0);
    return out;
  }

  json named_;
};

reference::Event read_event(const json &object, const DataReader &data) {
  require_keys(object, {"type", "data", "code", "offset"});
  static const std::map<std::string, reference::Event> kTypes = {
      {"open", {TW_EVENT_OPEN, 0, 0, 0, 0, {}}},
      {"text", {TW_EVENT_MESSAGE, TW_OPCODE_TEXT, TW_FRAME_FIN, 0, 0, {}}},
      {"binary", {TW_EVENT_MESSAGE, TW_OPCODE_BINARY, TW_FRAME_FIN, 0, 0, {}}},
      {"ping", {TW_EVENT_PING, TW_OPCODE_PING, TW_FRAME_FIN, 0, 0, {}}},
      {"pong", {TW_EVENT_PONG, TW_OPCODE_PONG, TW_FRAME_FIN, 0, 0, {}}},
      {"close", {TW_EVENT_CLOSE, TW_OPCODE_CLOSE, TW_FRAME_FIN, 0, 0, {}}}};
  const auto type = kTypes.find(text_of(object.at("type")));
  if (type == kTypes.end()) refuse("unknown type", object);
  reference::Event event = type->second;
  event.data = data.read_or_empty(object, "data");
  event.code = static_cast<uint32_t>(number_or_zero(object, "code"));
  event.offset = number_or_zero(object, "offset");
  return event;
}

void read_action(const json &object, const DataReader &data, Step *step) {
  using Action = Step::Action;
  const std::pair<const char *, Action> kActions[] = {
      {"create", Action::kCreate}, {"input", Action::kInput}, {"eof", Action::kEof},    {"send", Action::kSend},
      {"ping", Action::kPing},     {"pong", Action::kPong},   {"close", Action::kClose}};
  for (const auto &[key, action] : kActions) {
    if (!object.contains(key)) continue;
    if (step->action != Action::kNone) refuse("two actions", object);
    step->action = action;
    if (action == Action::kCreate || action == Action::kEof) {
      flag_of(object, key);
    } else if (action == Action::kClose) {
      step->code = static_cast<uint32_t>(number_of(object[key]));
      step->data = data.read_or_empty(object, "reason");
    } else {
      step->data = data.read(object[key]);
    }
  }
  if (object.contains("reason") && step->action != Action::kClose) refuse("a reason without close", object);
  if (step->action == Action::kSend) {
    step->opcode =
        one_of(object.at("opcode"),
               {{"continuation", TW_OPCODE_CONTINUATION}, {"text", TW_OPCODE_TEXT}, {"binary", TW_OPCODE_BINARY}});
    step->flags = flag_of(object, "more") ? TW_SEND_MORE : 0;
  } else if (object.contains("opcode") || object.contains("more")) {
    refuse("opcode and more belong to send", object);
  }
}

Step read_step(const json &object, const DataReader &data) {
  require_keys(object, {"create", "input", "eof", "send", "ping", "pong", "close", "opcode", "more", "reason", "status",
                        "events", "output", "output_prefix"});
  Step step;
  read_action(object, data, &step);
  if (object.contains("status")) step.status = status_of(object["status"]);
  if (object.contains("events")) {
    if (!object["events"].is_array()) refuse("not a list", object);
    for (const json &event : object["events"]) step.events.push_back(read_event(event, data));
  }
  step.output_is_prefix = object.contains("output_prefix");
  if (step.output_is_prefix && object.contains("output")) refuse("output and output_prefix", object);
  step.output = data.read_or_empty(object, step.output_is_prefix ? "output_prefix" : "output");
  return step;
}

const char *keep(Vector *vector, const json &value) { return vector->strings.emplace_back(text_of(value)).c_str(); }

void read_handshake(const json &object, Vector *vector) {
  require_keys(object, {"max_head_len", "max_header_count", "max_line_len", "host", "target", "origin", "subprotocols",
                        "origins", "headers", "any_origin"});
  tw_handshake_config &config = vector->handshake;
  config.max_head_len = static_cast<uint32_t>(number_or_zero(object, "max_head_len"));
  config.max_header_count = static_cast<uint32_t>(number_or_zero(object, "max_header_count"));
  config.max_line_len = static_cast<uint32_t>(number_or_zero(object, "max_line_len"));
  if (object.contains("host")) config.host = keep(vector, object["host"]);
  if (object.contains("target")) config.target = keep(vector, object["target"]);
  if (object.contains("origin")) config.origin = keep(vector, object["origin"]);
  const json none = json::array();
  for (const json &name : object.value("subprotocols", none)) vector->subprotocols.push_back(keep(vector, name));
  for (const json &origin : object.value("origins", none)) vector->origins.push_back(keep(vector, origin));
  for (const json &header : object.value("headers", none)) {
    if (!header.is_array() || header.size() != 2) refuse("not a header", header);
    const char *name = keep(vector, header[0]);
    vector->headers.push_back({name, keep(vector, header[1])});
  }
  config.subprotocols = vector->subprotocols.data();
  config.subprotocol_count = vector->subprotocols.size();
  config.origins = vector->origins.data();
  config.origin_count = vector->origins.size();
  config.headers = vector->headers.data();
  config.header_count = vector->headers.size();
  config.flags = flag_of(object, "any_origin") ? TW_HANDSHAKE_ANY_ORIGIN : 0;
}

void read_config(const json &object, Vector *vector) {
  vector->config.role = one_of(object.at("role"), {{"server", TW_ROLE_SERVER}, {"client", TW_ROLE_CLIENT}});
  if (object.contains("config")) {
    const json &config = object["config"];
    require_keys(config, {"max_frame_len", "max_message_len", "max_fragments", "max_output_len"});
    vector->config.max_frame_len = number_or_zero(config, "max_frame_len");
    vector->config.max_message_len = number_or_zero(config, "max_message_len");
    vector->config.max_fragments = static_cast<uint32_t>(number_or_zero(config, "max_fragments"));
    vector->config.max_output_len = number_or_zero(config, "max_output_len");
  }
  if (object.contains("handshake")) {
    read_handshake(object["handshake"], vector);
    vector->config.handshake = &vector->handshake;
  } else {
    vector->config.flags = TW_CONN_UPGRADED;
  }
}

void read_error(const json &error, Vector *vector) {
  require_keys(error, {"status", "offset", "close_code", "limit", "http_status"});
  vector->failure = {status_of(error.at("status")), static_cast<uint32_t>(number_or_zero(error, "close_code")),
                     number_or_zero(error, "offset")};
  if (error.contains("limit")) vector->limit = text_of(error["limit"]);
  vector->http_status = static_cast<uint32_t>(number_or_zero(error, "http_status"));
}

std::unique_ptr<Vector> read_vector(const json &object, const DataReader &data) {
  require_keys(object, {"name", "section", "role", "config", "handshake", "steps", "state", "error", "comment"});
  auto vector = std::make_unique<Vector>();
  vector->name = text_of(object.at("name"));
  if (text_of(object.at("section")).rfind("RFC ", 0) != 0) refuse("not a section of an RFC", object);
  if (object.contains("comment")) text_of(object["comment"]);
  read_config(object, vector.get());
  for (const json &step : object.at("steps")) vector->steps.push_back(read_step(step, data));
  for (size_t i = 0; i < vector->steps.size(); ++i) {
    if (i > 0 && vector->steps[i].action == Step::Action::kCreate) refuse("create is the first step", object);
  }
  vector->state = one_of(object.at("state"), {{"connecting", TW_STATE_CONNECTING},
                                              {"open", TW_STATE_OPEN},
                                              {"closing", TW_STATE_CLOSING},
                                              {"closed", TW_STATE_CLOSED}});
  if (object.contains("error")) read_error(object["error"], vector.get());
  return vector;
}

}  // namespace

std::vector<std::unique_ptr<Vector>> load_vectors(const std::string &path) {
  std::ifstream in(path);
  const json file = json::parse(in);
  require_keys(file, {"about", "data", "vectors"});
  text_of(file.at("about"));
  const DataReader data(file.value("data", json::object()));
  std::vector<std::unique_ptr<Vector>> out;
  std::set<std::string> names;
  for (const json &object : file.at("vectors")) {
    out.push_back(read_vector(object, data));
    if (!names.insert(out.back()->name).second) refuse("two vectors have this name", object);
  }
  if (out.empty()) throw std::runtime_error("no vectors");
  return out;
}

}  // namespace tidewire::test
