// SPDX-License-Identifier: MIT
//! Reads a vector file, whose format tests/vectors/README.md has, and refuses what that does not have.

use std::time::Duration;

use serde_json::{Map, Value};
use tidewire::{CloseCause, Config, Deflate, DeflateConfig, Opcode, SendFlags};

use crate::data::{Fields, hex};

pub struct Vector {
    /// The name with that of the file before it.
    pub name: String,
    /// Without a random source.
    pub config: Config,
    pub is_trusted: bool,
    pub does_handshake: bool,
    pub negotiated: Deflate,
    pub random: Option<Vec<u8>>,
    pub max_memory_len: Option<u64>,
    pub steps: Vec<Step>,
    pub state: String,
    pub error: Expected,
    pub close_info: Option<(Option<u16>, Option<u16>, CloseCause)>,
    /// Compared as text.
    pub agreed: Option<Deflate>,
    pub stats: Map<String, Value>,
}

/// What the connection must say of its failure; all empty where it has not failed.
#[derive(Default)]
pub struct Expected {
    pub status: Option<String>,
    pub offset: u64,
    pub close_code: u16,
    pub limit: Option<String>,
    pub http_status: Option<u16>,
}

pub enum Action {
    Nothing,
    Create,
    Input(Vec<u8>),
    Eof,
    Send(Opcode, Vec<u8>, SendFlags),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// The code, and the reason, which need not be what the API takes.
    Close(u32, Vec<u8>),
    /// The time and the deadline.
    Tick(u64, u64),
    Consume(usize),
}

pub enum Output {
    Exact(Vec<u8>),
    Prefix(Vec<u8>),
    Frames(Vec<Frame>),
    Kept,
}

pub struct Frame {
    pub first: u8,
    pub key: Option<[u8; 4]>,
    pub data: Vec<u8>,
}

pub struct Step {
    pub action: Action,
    pub status: String,
    pub events: Vec<Event>,
    pub output: Output,
    pub wants: Option<Vec<String>>,
}

/// The fields of `tw_event`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    pub kind: u8,
    pub opcode: u8,
    pub flags: u8,
    pub code: u32,
    pub offset: u64,
    pub data: Vec<u8>,
}

/// The vectors of a file.
pub fn load(name: &str, text: &str) -> Vec<Vector> {
    let file: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let shared = file.get("data").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut fields = Fields::new(name, &file, &shared);
    fields.text("about").expect("about");
    fields.take("data");
    let vectors = fields.objects("vectors").into_iter().map(|vector| read(name, vector)).collect();
    fields.finish();
    vectors
}

fn read(file: &str, mut fields: Fields<'_>) -> Vector {
    let name = fields.text("name").unwrap_or_else(|| panic!("{}: no name", fields.place()));
    fields.text("section").unwrap_or_else(|| panic!("{name}: no section"));
    fields.text("comment");
    let role = fields.text("role").unwrap_or_else(|| panic!("{name}: no role"));
    let base = match role.as_str() {
        "server" => Config::server(),
        "client" => client_without_host(),
        other => panic!("{name}: role {other}"),
    };
    let (config, is_trusted, max_memory_len) = read_config(base, fields.object("config"));
    let handshake = fields.object("handshake");
    let does_handshake = handshake.is_some();
    let mut config = handshake.into_iter().fold(config, read_handshake);
    if let Some(deflate) = fields.object("deflate") {
        config = config.deflate(read_deflate(deflate));
    }
    let mut steps: Vec<_> = fields.objects("steps").into_iter().map(read_step).collect();
    let state = fields.text("state").unwrap_or_else(|| panic!("{name}: no state"));
    if let Some(last) = steps.last_mut() {
        let default = if state == "closed" { "close" } else { "read" };
        last.wants.get_or_insert_with(|| vec![default.to_owned()]);
    }
    let vector = Vector {
        name: format!("{file}/{name}"),
        config,
        is_trusted,
        does_handshake,
        negotiated: fields.object("negotiated").map(read_terms).unwrap_or_default(),
        random: fields.bytes("random"),
        max_memory_len,
        steps,
        state,
        error: fields.object("error").map(read_error).unwrap_or_default(),
        close_info: fields.object("close_info").map(read_close_info),
        agreed: fields.take("agreed").map(|value| match value {
            Value::String(none) if none == "none" => Deflate::default(),
            terms => read_terms(Fields::new("agreed", &terms, &Map::new())),
        }),
        stats: fields.take("stats").map(|stats| stats.as_object().expect("stats").clone()).unwrap_or_default(),
    };
    fields.finish();
    vector
}

/// The vectors begin without a host, which `Config::client` wants at once.
fn client_without_host() -> Config {
    let mut config = Config::server();
    // SAFETY: no pointer is set.
    unsafe { config.raw_mut() }.role = tidewire_sys::TW_ROLE_CLIENT;
    config
}

fn small<T: TryFrom<u64>>(number: u64) -> T {
    T::try_from(number).unwrap_or_else(|_| panic!("{number} is too large"))
}

/// The configuration, whether it has `trusted`, and its `max_memory_len`.
fn read_config(base: Config, fields: Option<Fields<'_>>) -> (Config, bool, Option<u64>) {
    let Some(mut fields) = fields else { return (base, false, None) };
    let mut config = base;
    let mut number = |name: &str, set: fn(Config, u64) -> Config| {
        let value = fields.number(name);
        if let Some(value) = value {
            config = set(config.clone(), value);
        }
        value
    };
    number("max_frame_len", Config::max_frame_len);
    number("max_message_len", Config::max_message_len);
    number("max_output_len", Config::max_output_len);
    let max_memory_len = number("max_memory_len", Config::max_memory_len);
    number("output_high_len", Config::output_high_len);
    number("output_low_len", Config::output_low_len);
    number("max_fragments", |config, count| config.max_fragments(small(count)));
    number("max_control_rate", |config, rate| config.max_control_rate(small(rate)));
    let mut time = |name: &str, set: fn(Config, Option<Duration>) -> Config| {
        if let Some(time) = fields.time(name) {
            config = set(config.clone(), (time != u64::MAX).then(|| Duration::from_nanos(time)));
        }
    };
    time("handshake_timeout_ns", Config::handshake_timeout);
    time("idle_timeout_ns", Config::idle_timeout);
    time("ping_interval_ns", Config::ping_interval);
    time("pong_timeout_ns", Config::pong_timeout);
    time("message_timeout_ns", Config::message_timeout);
    time("close_timeout_ns", Config::close_timeout);
    let mut flag = |name: &str, set: fn(Config) -> Config| {
        if fields.is_set(name) {
            config = set(config.clone());
        }
    };
    flag("stream", Config::stream);
    flag("stream_fragmented", Config::stream_fragmented);
    flag("manual_pong", Config::manual_pong);
    flag("manual_close", Config::manual_close);
    let is_trusted = fields.is_set("trusted");
    fields.finish();
    (config, is_trusted, max_memory_len)
}

fn read_handshake(mut config: Config, mut fields: Fields<'_>) -> Config {
    if let Some(len) = fields.number("max_head_len") {
        config = config.max_head_len(small(len));
    }
    if let Some(count) = fields.number("max_header_count") {
        config = config.max_header_count(small(count));
    }
    if let Some(len) = fields.number("max_line_len") {
        config = config.max_line_len(small(len));
    }
    if let Some(host) = fields.text("host") {
        config = config.host(&host);
    }
    if let Some(target) = fields.text("target") {
        config = config.target(&target);
    }
    if let Some(origin) = fields.text("origin") {
        config = config.origin(&origin);
    }
    config = config.subprotocols(fields.texts("subprotocols"));
    config = fields.texts("origins").iter().fold(config, |config, origin| config.allow_origin(origin));
    for pair in fields.list("headers").unwrap_or_default() {
        let [Value::String(name), Value::String(value)] = &pair.as_array().expect("a header")[..] else {
            panic!("{}: {pair} is no header", fields.place());
        };
        config = config.header(name, value);
    }
    if fields.is_set("any_origin") {
        config = config.allow_any_origin();
    }
    fields.finish();
    config
}

fn read_deflate(mut fields: Fields<'_>) -> DeflateConfig {
    let mut config = DeflateConfig::new();
    let mut number = |name: &str, set: fn(DeflateConfig, u64) -> DeflateConfig| {
        if let Some(value) = fields.number(name) {
            config = set(config, value);
        }
    };
    number("level", |config, level| config.level(small(level)));
    number("memory_level", |config, level| config.memory_level(small(level)));
    number("send_window_bits", |config, bits| config.send_window_bits(small(bits)));
    number("receive_window_bits", |config, bits| config.receive_window_bits(small(bits)));
    number("max_context_len", DeflateConfig::max_context_len);
    number("min_len", DeflateConfig::min_len);
    number("max_call_len", DeflateConfig::max_call_len);
    number("max_ratio", |config, ratio| config.max_ratio(small(ratio)));
    fields.finish();
    config
}

fn read_terms(mut fields: Fields<'_>) -> Deflate {
    let send = small(fields.number("send_window_bits").unwrap_or(15));
    let receive = small(fields.number("receive_window_bits").unwrap_or(15));
    let mut terms = Deflate::new(send, receive);
    if fields.is_set("send_takeover") {
        terms = terms.with_send_takeover();
    }
    if fields.is_set("receive_takeover") {
        terms = terms.with_receive_takeover();
    }
    fields.finish();
    terms
}

fn read_error(mut fields: Fields<'_>) -> Expected {
    let error = Expected {
        status: Some(fields.text("status").expect("the status of an error")),
        offset: fields.number("offset").unwrap_or(0),
        close_code: small(fields.number("close_code").unwrap_or(0)),
        limit: fields.text("limit"),
        http_status: fields.number("http_status").map(small),
    };
    fields.finish();
    error
}

fn read_close_info(mut fields: Fields<'_>) -> (Option<u16>, Option<u16>, CloseCause) {
    let cause = match fields.text("cause").expect("a cause").as_str() {
        "nobody" => CloseCause::Nobody,
        "us" => CloseCause::Us,
        "peer" => CloseCause::Peer,
        "error" => CloseCause::Error,
        other => panic!("cause {other}"),
    };
    let info = (fields.number("local_code").map(small), fields.number("remote_code").map(small), cause);
    fields.finish();
    info
}

fn read_step(mut fields: Fields<'_>) -> Step {
    let step = Step {
        action: read_action(&mut fields),
        status: fields.text("status").unwrap_or_else(|| "TW_OK".to_owned()),
        events: fields.objects("events").into_iter().map(read_event).collect(),
        output: read_output(&mut fields),
        wants: fields.take("wants").map(|wants| serde_json::from_value(wants).expect("a list of strings")),
    };
    fields.finish();
    step
}

fn read_action(fields: &mut Fields<'_>) -> Action {
    if fields.is_set("create") {
        Action::Create
    } else if let Some(data) = fields.bytes("input") {
        Action::Input(data)
    } else if fields.is_set("eof") {
        Action::Eof
    } else if let Some(data) = fields.bytes("send") {
        read_send(fields, data)
    } else if let Some(data) = fields.bytes("ping") {
        Action::Ping(data)
    } else if let Some(data) = fields.bytes("pong") {
        Action::Pong(data)
    } else if let Some(code) = fields.number("close") {
        Action::Close(small(code), fields.bytes("reason").unwrap_or_default())
    } else if let Some(now) = fields.number("tick") {
        Action::Tick(now, fields.time("deadline").expect("a deadline"))
    } else if let Some(len) = fields.number("consume") {
        Action::Consume(small(len))
    } else {
        Action::Nothing
    }
}

fn read_send(fields: &mut Fields<'_>, data: Vec<u8>) -> Action {
    let opcode = match fields.text("opcode").expect("an opcode").as_str() {
        "text" => Opcode::Text,
        "binary" => Opcode::Binary,
        "continuation" => Opcode::Continuation,
        other => panic!("opcode {other}"),
    };
    let mut flags = if fields.is_set("more") { SendFlags::MORE } else { SendFlags::NONE };
    match fields.flag("compress") {
        Some(true) => flags |= SendFlags::COMPRESS,
        Some(false) => flags |= SendFlags::NO_COMPRESS,
        None => {}
    }
    Action::Send(opcode, data, flags)
}

fn read_output(fields: &mut Fields<'_>) -> Output {
    let exact = fields.bytes("output").map(Output::Exact);
    let prefix = fields.bytes("output_prefix").map(Output::Prefix);
    let frames = fields.has("deflated_output");
    let frames =
        frames.then(|| Output::Frames(fields.objects("deflated_output").into_iter().map(read_frame).collect()));
    let kept = fields.is_set("keep_output").then_some(Output::Kept);
    let mut forms: Vec<_> = [exact, prefix, frames, kept].into_iter().flatten().collect();
    assert!(forms.len() <= 1, "{}: one form of output", fields.place());
    forms.pop().unwrap_or(Output::Exact(Vec::new()))
}

fn read_frame(mut fields: Fields<'_>) -> Frame {
    let first = hex("first", &fields.text("first").expect("the first byte"));
    let key = fields.text("key").map(|key| hex("key", &key).try_into().expect("four bytes"));
    let frame = Frame { first: first[0], key, data: fields.bytes("data").unwrap_or_default() };
    fields.finish();
    frame
}

fn read_event(mut fields: Fields<'_>) -> Event {
    use tidewire_sys as sys;
    let (kind, opcode, flags) = match fields.text("type").expect("the type of an event").as_str() {
        "open" => (sys::TW_EVENT_OPEN, 0, 0),
        "text" => (sys::TW_EVENT_MESSAGE, sys::TW_OPCODE_TEXT, sys::TW_FRAME_FIN),
        "binary" => (sys::TW_EVENT_MESSAGE, sys::TW_OPCODE_BINARY, sys::TW_FRAME_FIN),
        "ping" => (sys::TW_EVENT_PING, sys::TW_OPCODE_PING, sys::TW_FRAME_FIN),
        "pong" => (sys::TW_EVENT_PONG, sys::TW_OPCODE_PONG, sys::TW_FRAME_FIN),
        "close" => (sys::TW_EVENT_CLOSE, sys::TW_OPCODE_CLOSE, sys::TW_FRAME_FIN),
        "chunk_text" => (sys::TW_EVENT_CHUNK, sys::TW_OPCODE_TEXT, 0),
        "chunk_binary" => (sys::TW_EVENT_CHUNK, sys::TW_OPCODE_BINARY, 0),
        "chunk_continuation" => (sys::TW_EVENT_CHUNK, sys::TW_OPCODE_CONTINUATION, 0),
        other => panic!("type {other}"),
    };
    let is_last = fields.is_set("fin");
    assert!(!is_last || kind == sys::TW_EVENT_CHUNK, "{}: fin is for chunks", fields.place());
    let event = Event {
        kind,
        opcode,
        flags: if is_last { flags | sys::TW_FRAME_FIN } else { flags },
        code: small(fields.number("code").unwrap_or(0)),
        offset: fields.number("offset").unwrap_or(0),
        data: fields.bytes("data").unwrap_or_default(),
    };
    fields.finish();
    event
}
