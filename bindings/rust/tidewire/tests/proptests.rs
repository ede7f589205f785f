// SPDX-License-Identifier: MIT
//! Random inputs: round trips through both roles with random cuts, and kernels against slow and obvious ones.

use proptest::collection::vec;
use proptest::prelude::*;
use tidewire::frames::{Frame, FrameBatch, FrameOpcode, Progress, Rules, decode_header, encode, is_close_code};
use tidewire::kernels::{Utf8Validator, mask, mask_in_place, validate_utf8};
use tidewire::{Config, Connection, Deflate, DeflateConfig, Event, Opcode, Outgoing, SendFlags};

#[derive(Clone, Debug, PartialEq)]
enum Message {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        "\\PC{0,200}".prop_map(Message::Text),
        vec(any::<u8>(), 0..300).prop_map(Message::Binary),
        (0..40_000_usize, any::<u8>()).prop_map(|(len, byte)| Message::Binary(vec![byte; len])),
        vec(any::<u8>(), 0..=125).prop_map(Message::Ping),
    ]
}

/// How the messages are sent and read.
#[derive(Clone, Debug)]
struct Way {
    compresses: bool,
    by_read_buffer: bool,
    /// Text is cut into two fragments here, at most.
    fragment_len: usize,
    cuts: Vec<usize>,
}

fn way() -> impl Strategy<Value = Way> {
    (any::<bool>(), any::<bool>(), 0..100_usize, vec(1..5000_usize, 1..20)).prop_map(
        |(compresses, by_read_buffer, fragment_len, cuts)| Way { compresses, by_read_buffer, fragment_len, cuts },
    )
}

fn pair(way: &Way) -> (Connection, Connection) {
    let agreed = if way.compresses { Deflate::new(15, 15) } else { Deflate::default() };
    let new = |config: Config| {
        let config = config.deflate(DeflateConfig::new().max_ratio(u32::MAX)).max_control_rate(u32::MAX);
        Connection::upgraded(&config, agreed).expect("a connection")
    };
    (new(Config::client("h")), new(Config::server()))
}

fn send(conn: &mut Connection, message: &Message, way: &Way) {
    match message {
        Message::Text(text) => {
            let (first, rest) = text.as_bytes().split_at(way.fragment_len.min(text.len()));
            conn.send(Opcode::Text, first, SendFlags::MORE).expect("open");
            conn.send(Opcode::Continuation, rest, SendFlags::NONE).expect("open");
        }
        Message::Binary(data) => {
            let (count, result) = conn.send_batch(&[Outgoing::binary(data)]);
            result.expect("open");
            assert_eq!(count, 1);
        }
        Message::Ping(data) => conn.ping(data).expect("open"),
    }
}

fn seen(event: Event<'_>) -> Message {
    match event {
        Event::Text(text) => Message::Text(text.to_owned()),
        Event::Binary(data) => Message::Binary(data.to_vec()),
        Event::Ping(data) => Message::Ping(data.to_vec()),
        other => panic!("{other:?}"),
    }
}

fn receive(conn: &mut Connection, bytes: &[u8], way: &Way) -> Vec<Message> {
    let mut out = Vec::new();
    let (mut rest, mut cuts) = (bytes, way.cuts.iter().cycle());
    while !rest.is_empty() {
        let mut len = rest.len().min(*cuts.next().expect("a cycle"));
        if way.by_read_buffer {
            let mut room = conn.read_buffer(0).expect("room");
            len = len.min(room.capacity());
            room.initialized()[..len].copy_from_slice(&rest[..len]);
            room.commit(len).expect("so many are written");
            while conn.advance().expect("good frames") {
                out.push(seen(conn.current().expect("an event")));
            }
        } else {
            let mut piece = rest[..len].to_vec();
            let (mut events, _) = conn.receive(&mut piece).expect("no events are left");
            while let Some(event) = events.next().expect("good frames") {
                out.push(seen(event));
            }
        }
        rest = &rest[len..];
    }
    out
}

/// All output, taken in pieces.
fn take_output(conn: &mut Connection, way: &Way) -> Vec<u8> {
    let (mut bytes, mut cuts) = (Vec::new(), way.cuts.iter().cycle());
    while conn.wants().write() {
        let output = conn.output();
        let len = output.views()[0].len().min(*cuts.next().expect("a cycle"));
        bytes.extend_from_slice(&output.views()[0][..len]);
        output.consume(len).expect("no more than was shown");
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn messages_arrive_as_they_were_sent(
        messages in vec(message(), 0..20),
        way in way(),
        from_server in any::<bool>(),
    ) {
        let (mut from, mut to) = pair(&way);
        if from_server {
            std::mem::swap(&mut from, &mut to);
        }
        for message in &messages {
            send(&mut from, message, &way);
        }
        let bytes = take_output(&mut from, &way);
        prop_assert_eq!(receive(&mut to, &bytes, &way), messages);
        prop_assert_eq!(to.stats().bytes_received, bytes.len() as u64);
        prop_assert!(from.error().is_none() && to.error().is_none());
    }

    #[test]
    fn any_bytes_give_events_or_a_failure(
        bytes in vec(any::<u8>(), 0..2000),
        way in way(),
        is_server in any::<bool>(),
    ) {
        let config = if is_server { Config::server() } else { Config::client("h") };
        let mut conn = Connection::upgraded(&config, Deflate::default()).expect("a connection");
        let mut data = bytes.clone();
        let mut fed = 0;
        for len in way.cuts {
            let piece = &mut data[fed..(fed + len).min(bytes.len())];
            fed += piece.len();
            let (mut events, mut sender) = conn.receive(piece).expect("no events are left");
            while let Ok(Some(event)) = events.next() {
                if let Event::Text(text) = event {
                    // The engine says that it is UTF-8; the standard library must agree.
                    prop_assert!(std::str::from_utf8(text.as_bytes()).is_ok());
                    let _ = sender.send_text(text);
                }
            }
        }
        if let Some(failure) = conn.error() {
            prop_assert!(failure.status().is_protocol() || failure.status().is_limit());
            prop_assert!(failure.offset() <= fed as u64);
        }
    }

    #[test]
    fn masking_is_exclusive_or_with_the_key(
        data in vec(any::<u8>(), 0..300),
        key in any::<[u8; 4]>(),
        phase in any::<u64>(),
    ) {
        let at = |index: usize| key[(phase.wrapping_add(index as u64) % 4) as usize];
        let expected: Vec<u8> = data.iter().enumerate().map(|(index, byte)| byte ^ at(index)).collect();
        let mut copy = vec![0; data.len()];
        mask(&mut copy, &data, key, phase);
        prop_assert_eq!(&copy, &expected);
        mask_in_place(&mut copy, key, phase);
        prop_assert_eq!(&copy, &data);
    }

    #[test]
    fn text_is_what_the_standard_library_takes_for_text(
        parts in vec(prop_oneof!["\\PC{0,20}".prop_map(String::into_bytes), vec(any::<u8>(), 0..4)], 0..10),
        key in any::<[u8; 4]>(),
    ) {
        let data = parts.concat();
        let expected = std::str::from_utf8(&data);
        let valid_len = expected.map_err(|error| error.valid_up_to());
        prop_assert_eq!(validate_utf8(&data).map_err(|error| error.offset()), valid_len);
        let mut validator = Utf8Validator::new();
        let result = parts.iter().try_for_each(|part| validator.step(part)).and_then(|()| validator.finish());
        prop_assert_eq!(result.is_ok(), expected.is_ok());
        let (mut validator, mut phase) = (Utf8Validator::new(), 0);
        let result = parts.iter().try_for_each(|part| {
            let mut masked = part.clone();
            mask_in_place(&mut masked, key, phase);
            let result = validator.unmask(&mut masked, key, phase);
            assert_eq!(&masked, part);
            phase += part.len() as u64;
            result
        });
        prop_assert_eq!(result.and_then(|()| validator.finish()).is_ok(), expected.is_ok());
    }

    #[test]
    fn frames_are_decoded_as_they_were_encoded(
        payloads in vec((vec(any::<u8>(), 0..200), any::<Option<[u8; 4]>>(), any::<bool>()), 0..20),
        cut in any::<prop::sample::Index>(),
    ) {
        let frames: Vec<_> = payloads.iter().map(|(payload, key, is_final)| {
            let frame = Frame::new(FrameOpcode::Binary, payload);
            let frame = key.map_or(frame, |key| frame.masked(key));
            if *is_final { frame } else { frame.unfinished() }
        }).collect();
        let mut data = b"before".to_vec();
        encode(&frames, &mut data).expect("good frames");
        let mut data = data.split_off(6);
        let mut expected = Vec::new();
        for (payload, key, is_final) in &payloads {
            expected.push(if *is_final { 0x82 } else { 0x02 });
            let masked = if key.is_some() { 0x80 } else { 0 };
            match u8::try_from(payload.len()) {
                Ok(len) if len < 126 => expected.push(masked | len),
                _ => expected.extend([masked | 0x7e, 0, u8::try_from(payload.len()).expect("up to 199")]),
            }
            expected.extend(key.unwrap_or_default().iter().take(if key.is_some() { 4 } else { 0 }));
            let key = key.unwrap_or_default();
            expected.extend(payload.iter().enumerate().map(|(index, byte)| byte ^ key[index % 4]));
        }
        prop_assert_eq!(&data, &expected);
        let len = if data.is_empty() { 0 } else { cut.index(data.len()) };
        let mut batch = FrameBatch::<8>::new();
        let decoded = batch.decode(&mut data[..len], Rules::default());
        let outcome = decoded.outcome.expect("good frames");
        for (frame, (payload, key, is_final)) in decoded.frames.iter().zip(&payloads) {
            prop_assert_eq!((frame.payload(), frame.masking_key(), frame.is_final()), (&payload[..], *key, *is_final));
        }
        match outcome {
            Progress::Done => prop_assert_eq!(decoded.consumed, len),
            Progress::NeedInput => prop_assert!(decoded.consumed < len),
            Progress::NeedRoom => prop_assert_eq!(decoded.frames.len(), 8),
        }
    }
}

#[test]
fn a_header_is_read_before_its_payload_is_there() {
    assert!(decode_header(b"\x82\x7e\x01", Rules::CLIENT).expect("no rule is broken").is_none());
    let header = decode_header(b"\x82\x7e\x01\x00", Rules::CLIENT).expect("no rule is broken").expect("a header");
    assert_eq!((header.payload_len(), header.header_len(), header.payload()), (256, 4, &b""[..]));
    assert!(decode_header(b"\x82\x00", Rules::SERVER).is_err());
    assert!(decode_header(b"\x82\x00", Rules::REQUIRE_MASKED | Rules::REQUIRE_UNMASKED).is_err());
    let mut out = b"as it was".to_vec();
    assert!(encode(&[Frame::new(FrameOpcode::Ping, &[0; 126])], &mut out).is_err());
    assert!(encode(&[Frame::new(FrameOpcode::Close, b"").unfinished()], &mut out).is_err());
    assert_eq!(out, b"as it was");
    assert!(is_close_code(1000) && is_close_code(4999) && !is_close_code(1005) && !is_close_code(999));
}

#[test]
#[should_panic(expected = "what is masked keeps its length")]
fn masking_into_a_shorter_buffer_panics() {
    mask(&mut [0; 3], b"tide", [0; 4], 0);
}
