// SPDX-License-Identifier: MIT
#include "tests/vectors/vector_file.h"

#include <fstream>
#include <map>
#include <set>
#include <stdexcept>

#include "tests/vectors/json_data.h"

namespace tidewire::test {
namespace {

using nlohmann::json;
using reference::Bytes;

tw_status status_of(const json &value) {
  const std::string name = text_of(value);
  for (tw_status status = -400; status < 100; ++status) {
    if (name != "TW_ERR_UNKNOWN" && name == tw_status_name(status)) return status;
  }
  refuse("not a status", value);
}

reference::Event read_event(const json &object, const DataReader &data) {
  require_keys(object, {"type", "data", "code", "offset", "fin"});
  static const std::map<std::string, reference::Event> kTypes = {
      {"open", {TW_EVENT_OPEN, 0, 0, 0, 0, {}}},
      {"text", {TW_EVENT_MESSAGE, TW_OPCODE_TEXT, TW_FRAME_FIN, 0, 0, {}}},
      {"binary", {TW_EVENT_MESSAGE, TW_OPCODE_BINARY, TW_FRAME_FIN, 0, 0, {}}},
      {"ping", {TW_EVENT_PING, TW_OPCODE_PING, TW_FRAME_FIN, 0, 0, {}}},
      {"pong", {TW_EVENT_PONG, TW_OPCODE_PONG, TW_FRAME_FIN, 0, 0, {}}},
      {"close", {TW_EVENT_CLOSE, TW_OPCODE_CLOSE, TW_FRAME_FIN, 0, 0, {}}},
      {"chunk_text", {TW_EVENT_CHUNK, TW_OPCODE_TEXT, 0, 0, 0, {}}},
      {"chunk_binary", {TW_EVENT_CHUNK, TW_OPCODE_BINARY, 0, 0, 0, {}}},
      {"chunk_continuation", {TW_EVENT_CHUNK, TW_OPCODE_CONTINUATION, 0, 0, 0, {}}}};
  const auto type = kTypes.find(text_of(object.at("type")));
  if (type == kTypes.end()) refuse("unknown type", object);
  reference::Event event = type->second;
  event.data = data.read_or_empty(object, "data");
  event.code = static_cast<uint32_t>(number_or(object, "code", 0));
  event.offset = number_or(object, "offset", 0);
  if (flag_of(object, "fin")) {
    if (event.type != TW_EVENT_CHUNK) refuse("only chunks say fin", object);
    event.flags = TW_FRAME_FIN;
  }
  return event;
}

ExpectedFrame read_frame(const json &object, const DataReader &data) {
  require_keys(object, {"first", "key", "data"});
  ExpectedFrame frame;
  const Bytes first = data.read(object.at("first"));
  frame.masked = object.contains("key");
  frame.key = data.read_or_empty(object, "key");
  frame.data = data.read_or_empty(object, "data");
  if (first.size() != 1 || (frame.masked && frame.key.size() != 4)) refuse("not a frame", object);
  frame.first = first[0];
  return frame;
}

uint32_t read_wants(const json &list) {
  if (!list.is_array()) refuse("not a list", list);
  uint32_t wants = 0;
  for (const json &word : list) {
    wants |= one_of(
        word, {{"read", TW_WANT_READ}, {"write", TW_WANT_WRITE}, {"close", TW_WANT_CLOSE}, {"pause", TW_WANT_PAUSE}});
  }
  return wants;
}

uint32_t read_send_flags(const json &object) {
  uint32_t flags = flag_of(object, "more") ? TW_SEND_MORE : 0;
  if (!object.contains("compress")) return flags;
  if (!object["compress"].is_boolean()) refuse("not true or false", object);
  return flags | (object["compress"] == json(true) ? TW_SEND_COMPRESS : TW_SEND_NO_COMPRESS);
}

void read_action(const json &object, const DataReader &data, Step *step) {
  using Action = Step::Action;
  const std::pair<const char *, Action> kActions[] = {
      {"create", Action::kCreate}, {"input", Action::kInput}, {"eof", Action::kEof},
      {"send", Action::kSend},     {"ping", Action::kPing},   {"pong", Action::kPong},
      {"close", Action::kClose},   {"tick", Action::kTick},   {"consume", Action::kConsume}};
  for (const auto &[key, action] : kActions) {
    if (!object.contains(key)) continue;
    if (step->action != Action::kNone) refuse("two actions", object);
    step->action = action;
    if (action == Action::kCreate || action == Action::kEof) {
      flag_of(object, key);
    } else if (action == Action::kClose) {
      step->code = static_cast<uint32_t>(number_of(object[key]));
      step->data = data.read_or_empty(object, "reason");
    } else if (action == Action::kTick || action == Action::kConsume) {
      step->number = number_of(object[key]);
    } else {
      step->data = data.read(object[key]);
    }
  }
  if (object.contains("reason") && step->action != Action::kClose) refuse("a reason without close", object);
  if (step->action == Action::kSend) {
    step->opcode =
        one_of(object.at("opcode"),
               {{"continuation", TW_OPCODE_CONTINUATION}, {"text", TW_OPCODE_TEXT}, {"binary", TW_OPCODE_BINARY}});
    step->flags = read_send_flags(object);
  } else if (object.contains("opcode") || object.contains("more") || object.contains("compress")) {
    refuse("opcode, more and compress belong to send", object);
  }
  if (step->action == Action::kTick) {
    step->deadline = time_of(object.at("deadline"));
  } else if (object.contains("deadline")) {
    refuse("a deadline without tick", object);
  }
}

void read_output(const json &object, const DataReader &data, Step *step) {
  const std::pair<const char *, Step::Output> kForms[] = {{"output", Step::Output::kExact},
                                                          {"output_prefix", Step::Output::kPrefix},
                                                          {"deflated_output", Step::Output::kFrames},
                                                          {"keep_output", Step::Output::kKept}};
  int count = 0;
  for (const auto &[key, form] : kForms) {
    if (!object.contains(key)) continue;
    if (++count > 1) refuse("two forms of output", object);
    step->form = form;
    if (form == Step::Output::kKept) {
      flag_of(object, key);
    } else if (form == Step::Output::kFrames) {
      if (!object[key].is_array()) refuse("not a list", object);
      for (const json &frame : object[key]) step->frames.push_back(read_frame(frame, data));
    } else {
      step->output = data.read(object[key]);
    }
  }
  if (step->action == Step::Action::kConsume && step->form != Step::Output::kExact) refuse("not an output", object);
}

Step read_step(const json &object, const DataReader &data) {
  require_keys(object, {"create",          "input",       "eof",     "send",     "ping",   "pong",
                        "close",           "tick",        "consume", "opcode",   "more",   "compress",
                        "reason",          "status",      "events",  "deadline", "output", "output_prefix",
                        "deflated_output", "keep_output", "wants"});
  Step step;
  read_action(object, data, &step);
  if (object.contains("status")) step.status = status_of(object["status"]);
  if (object.contains("events")) {
    if (!object["events"].is_array()) refuse("not a list", object);
    for (const json &event : object["events"]) step.events.push_back(read_event(event, data));
  }
  read_output(object, data, &step);
  if (object.contains("wants")) step.wants = read_wants(object["wants"]);
  return step;
}

const char *keep(Vector *vector, const json &value) { return vector->strings.emplace_back(text_of(value)).c_str(); }

void read_handshake(const json &object, Vector *vector) {
  require_keys(object, {"max_head_len", "max_header_count", "max_line_len", "host", "target", "origin", "subprotocols",
                        "origins", "headers", "any_origin"});
  tw_handshake_config &config = vector->handshake;
  config.max_head_len = static_cast<uint32_t>(number_or(object, "max_head_len", 0));
  config.max_header_count = static_cast<uint32_t>(number_or(object, "max_header_count", 0));
  config.max_line_len = static_cast<uint32_t>(number_or(object, "max_line_len", 0));
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

template <class Struct>
using Numbers = std::map<std::string, uint64_t Struct::*>;
template <class Struct>
using SmallNumbers = std::map<std::string, uint32_t Struct::*>;

// Whether the member is one of the numbers, which is then set.
template <class Struct>
bool set_number(const std::string &name, const json &value, const Numbers<Struct> &wide,
                const SmallNumbers<Struct> &small, Struct *out) {
  if (const auto found = wide.find(name); found != wide.end()) {
    out->*found->second = name.ends_with("_ns") ? time_of(value) : number_of(value);
    return true;
  }
  const auto found = small.find(name);
  if (found == small.end()) return false;
  out->*found->second = static_cast<uint32_t>(number_of(value));
  return true;
}

void read_config(const json &object, tw_conn_config *config) {
  using C = tw_conn_config;
  const Numbers<C> kWide = {{"max_frame_len", &C::max_frame_len},
                            {"max_message_len", &C::max_message_len},
                            {"max_output_len", &C::max_output_len},
                            {"max_memory_len", &C::max_memory_len},
                            {"output_high_len", &C::output_high_len},
                            {"output_low_len", &C::output_low_len},
                            {"handshake_timeout_ns", &C::handshake_timeout_ns},
                            {"idle_timeout_ns", &C::idle_timeout_ns},
                            {"ping_interval_ns", &C::ping_interval_ns},
                            {"pong_timeout_ns", &C::pong_timeout_ns},
                            {"message_timeout_ns", &C::message_timeout_ns},
                            {"close_timeout_ns", &C::close_timeout_ns}};
  const SmallNumbers<C> kSmall = {{"max_fragments", &C::max_fragments}, {"max_control_rate", &C::max_control_rate}};
  const std::map<std::string, uint32_t> kFlags = {{"stream", TW_CONN_STREAM},
                                                  {"stream_fragmented", TW_CONN_STREAM_FRAGMENTED},
                                                  {"manual_pong", TW_CONN_MANUAL_PONG},
                                                  {"manual_close", TW_CONN_MANUAL_CLOSE},
                                                  {"trusted", TW_CONN_TRUSTED}};
  for (const auto &[name, value] : object.items()) {
    if (set_number(name, value, kWide, kSmall, config)) continue;
    if (kFlags.count(name) == 0) refuse("unknown key " + name, object);
    if (flag_of(object, name.c_str())) config->flags |= kFlags.at(name);
  }
}

void read_deflate(const json &object, tw_deflate_config *config) {
  using C = tw_deflate_config;
  const Numbers<C> kWide = {
      {"max_context_len", &C::max_context_len}, {"min_len", &C::min_len}, {"max_call_len", &C::max_call_len}};
  const SmallNumbers<C> kSmall = {{"level", &C::level},
                                  {"memory_level", &C::memory_level},
                                  {"send_window_bits", &C::send_window_bits},
                                  {"receive_window_bits", &C::receive_window_bits},
                                  {"max_ratio", &C::max_ratio}};
  for (const auto &[name, value] : object.items()) {
    if (!set_number(name, value, kWide, kSmall, config)) refuse("unknown key " + name, object);
  }
}

tw_deflate read_terms(const json &object) {
  require_keys(object, {"send_window_bits", "receive_window_bits", "send_takeover", "receive_takeover"});
  tw_deflate terms = {};
  terms.enabled = 1;
  terms.send_window_bits = static_cast<uint8_t>(number_or(object, "send_window_bits", 15));
  terms.receive_window_bits = static_cast<uint8_t>(number_or(object, "receive_window_bits", 15));
  if (flag_of(object, "send_takeover")) terms.flags |= TW_DEFLATE_SEND_TAKEOVER;
  if (flag_of(object, "receive_takeover")) terms.flags |= TW_DEFLATE_RECEIVE_TAKEOVER;
  return terms;
}

void read_settings(const json &object, const DataReader &data, Vector *vector) {
  vector->config.role = one_of(object.at("role"), {{"server", TW_ROLE_SERVER}, {"client", TW_ROLE_CLIENT}});
  if (object.contains("config")) read_config(object["config"], &vector->config);
  if (object.contains("handshake")) {
    read_handshake(object["handshake"], vector);
    vector->config.handshake = &vector->handshake;
  } else {
    vector->config.flags |= TW_CONN_UPGRADED;
  }
  if (object.contains("deflate")) {
    read_deflate(object["deflate"], &vector->deflate);
    vector->config.deflate = &vector->deflate;
  }
  if (object.contains("negotiated")) {
    vector->negotiated = read_terms(object["negotiated"]);
    vector->config.negotiated = &vector->negotiated;
  }
  if (object.contains("random")) vector->random = data.read(object["random"]);
}

void read_error(const json &error, Vector *vector) {
  require_keys(error, {"status", "offset", "close_code", "limit", "http_status"});
  vector->failure = {status_of(error.at("status")), static_cast<uint32_t>(number_or(error, "close_code", 0)),
                     number_or(error, "offset", 0)};
  if (error.contains("limit")) vector->limit = text_of(error["limit"]);
  vector->http_status = static_cast<uint32_t>(number_or(error, "http_status", 0));
}

tw_close read_close(const json &object) {
  require_keys(object, {"local_code", "remote_code", "cause"});
  const uint32_t cause = one_of(object.at("cause"), {{"nobody", TW_CLOSE_BY_NOBODY},
                                                     {"us", TW_CLOSE_BY_US},
                                                     {"peer", TW_CLOSE_BY_PEER},
                                                     {"error", TW_CLOSE_BY_ERROR}});
  return {static_cast<uint16_t>(number_or(object, "local_code", 0)),
          static_cast<uint16_t>(number_or(object, "remote_code", 0)), cause};
}

// All numbers but held_len and context_len, which depend on the platform.
void read_stats(const json &object, Vector *vector) {
  using S = tw_conn_stats;
  const Numbers<S> kNames = {{"bytes_received", &S::bytes_received},
                             {"bytes_sent", &S::bytes_sent},
                             {"messages_received", &S::messages_received},
                             {"messages_sent", &S::messages_sent},
                             {"frames_received", &S::frames_received},
                             {"frames_sent", &S::frames_sent},
                             {"control_frames_received", &S::control_frames_received},
                             {"control_frames_sent", &S::control_frames_sent},
                             {"deflated_received_len", &S::deflated_received_len},
                             {"inflated_received_len", &S::inflated_received_len},
                             {"deflated_sent_len", &S::deflated_sent_len},
                             {"inflated_sent_len", &S::inflated_sent_len},
                             {"rtt_ns", &S::rtt_ns}};
  for (const auto &[name, value] : object.items()) {
    const auto found = kNames.find(name);
    if (found == kNames.end()) refuse("unknown key " + name, object);
    vector->stats.emplace_back(found->second, number_of(value));
  }
}

void read_end(const json &object, Vector *vector) {
  vector->state = one_of(object.at("state"), {{"connecting", TW_STATE_CONNECTING},
                                              {"open", TW_STATE_OPEN},
                                              {"closing", TW_STATE_CLOSING},
                                              {"closed", TW_STATE_CLOSED}});
  if (object.contains("error")) read_error(object["error"], vector);
  if (object.contains("close_info")) vector->close = read_close(object["close_info"]);
  if (object.contains("stats")) read_stats(object["stats"], vector);
  if (!object.contains("agreed")) return;
  vector->agreed = object["agreed"] == json("none") ? tw_deflate{} : read_terms(object["agreed"]);
}

std::unique_ptr<Vector> read_vector(const json &object, const DataReader &data) {
  require_keys(object, {"name", "section", "role", "config", "handshake", "deflate", "negotiated", "random", "steps",
                        "state", "error", "close_info", "agreed", "stats", "comment"});
  auto vector = std::make_unique<Vector>();
  vector->name = text_of(object.at("name"));
  if (text_of(object.at("section")).rfind("RFC ", 0) != 0) refuse("not a section of an RFC", object);
  if (object.contains("comment")) text_of(object["comment"]);
  read_settings(object, data, vector.get());
  for (const json &step : object.at("steps")) vector->steps.push_back(read_step(step, data));
  for (size_t i = 0; i < vector->steps.size(); ++i) {
    if (i > 0 && vector->steps[i].action == Step::Action::kCreate) refuse("create is the first step", object);
  }
  if (vector->steps.empty()) refuse("no steps", object);
  Step &last = vector->steps.back();
  read_end(object, vector.get());
  if (!last.wants) last.wants = vector->state == TW_STATE_CLOSED ? TW_WANT_CLOSE : TW_WANT_READ;
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
