// SPDX-License-Identifier: MIT
//! `blocking::WebSocket`: both roles over sockets, and streams whose every step is decided here.

mod stream_support;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use stream_support::{Script, close_payload, masked, plain, unfinished};
use tidewire::blocking::{self, WebSocket};
use tidewire::handshake::Refusal;
use tidewire::{ClientRequest, CloseFrame, Config, Deflate, DeflateConfig, Error, Event, Message, Opcode};
use tidewire::{Outgoing, Prepared, Status};

fn open(script: Script, config: &Config) -> WebSocket<Script> {
    WebSocket::from_open(script, config, Deflate::default(), &b""[..]).unwrap()
}

fn server(input: impl Into<Vec<u8>>) -> WebSocket<Script> {
    open(Script::new(input), &Config::server())
}

/// Makes a call until the stream lets it through.
fn retry<T>(mut call: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    for _ in 0..1_000_000 {
        match call() {
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
            result => return result,
        }
    }
    panic!("the stream never lets it through");
}

fn would_block<T: std::fmt::Debug>(result: Result<T, Error>) {
    match result {
        Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
        other => panic!("{other:?}"),
    }
}

fn status_of<T: std::fmt::Debug>(result: Result<T, Error>) -> Status {
    match result {
        Err(Error::Failed(failure)) => failure.status(),
        other => panic!("{other:?}"),
    }
}

/// Runs `serve` with the server's end of a connection over TCP, and returns the client's.
fn connected<T: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (TcpStream, thread::JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || serve(listener.accept().unwrap().0));
    (TcpStream::connect(address).unwrap(), server)
}

fn echo(mut ws: WebSocket<TcpStream>) -> Result<(), Error> {
    while let Some(message) = ws.read()? {
        if message.is_data() {
            ws.feed(&message)?;
        }
    }
    Ok(())
}

#[test]
fn messages_of_all_lengths_come_back_over_tcp_and_both_sides_close() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || echo(blocking::accept(listener.accept().unwrap().0).unwrap()));
    let (mut ws, response) = blocking::connect(url).unwrap();
    assert_eq!(response.status(), 101);
    for len in [0, 1, 125, 126, 65_535, 65_536, 1 << 20] {
        for message in [Message::binary(vec![b'b'; len]), Message::text("t".repeat(len))] {
            ws.send(&message).unwrap();
            assert_eq!(ws.read().unwrap(), Some(message));
        }
    }
    ws.close(1000, "").unwrap();
    assert_eq!(ws.read().unwrap(), None);
    server.join().unwrap().unwrap();
}

#[test]
fn compression_and_subprotocol_are_negotiated() {
    let config = Config::server().deflate(DeflateConfig::new()).subprotocols(["tide"]);
    let (stream, server) = connected(|stream| echo(blocking::accept_with_config(stream, config).unwrap()));
    let config = Config::client("").deflate(DeflateConfig::new()).subprotocols(["tide"]);
    let request = ClientRequest::with_config("ws://localhost/", config).unwrap();
    let (mut ws, _) = blocking::client(request, stream).unwrap();
    assert_eq!(ws.subprotocol(), Some("tide"));
    let message = Message::text("tide ".repeat(2000));
    ws.send(&message).unwrap();
    assert_eq!(ws.read().unwrap(), Some(message));
    assert!(ws.connection().stats().bytes_sent < 1000);
    ws.close(1000, "").unwrap();
    server.join().unwrap().unwrap();
}

#[test]
fn server_that_decides_against_a_request_tells_why() {
    let (stream, server) = connected(|stream| {
        let decide = |request: &_, _| Err(Refusal::new(404).body(format!("{request:?}")));
        blocking::accept_with(stream, Config::server(), decide).map(drop)
    });
    let Error::Refused(response) = blocking::client("ws://localhost/nowhere", stream).unwrap_err() else {
        panic!("not refused")
    };
    assert_eq!(response.status(), 404);
    assert!(matches!(server.join().unwrap(), Err(Error::Declined(404))));
}

#[test]
fn request_that_comes_too_slowly_is_given_up() {
    let (mut stream, server) = connected(|stream| {
        let config = Config::server().handshake_timeout(Duration::from_millis(1));
        blocking::accept_with_config(stream, config).map(drop)
    });
    // Ends when the server has hung up, at the latest with the limit of a line.
    while stream.write_all(b"x").is_ok() {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(status_of(server.join().unwrap()), Status::TIMEOUT_HANDSHAKE);
}

#[test]
fn wss_without_tls_is_refused_before_anything_is_connected() {
    assert!(matches!(blocking::connect("wss://localhost/"), Err(Error::InvalidUrl(_))));
}

#[test]
fn read_timeout_of_the_stream_ends_nothing() {
    let (mut stream, server) = connected(|stream| {
        stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        let mut ws = WebSocket::from_open(stream, &Config::server(), Deflate::default(), &b""[..]).unwrap();
        would_block(ws.read());
        would_block(ws.read());
        ws.send(&Message::text("go on")).unwrap();
        retry(|| ws.read())
    });
    let mut head = [0; 2];
    stream.read_exact(&mut head).unwrap();
    stream.write_all(&masked(1, b"late")).unwrap();
    assert_eq!(server.join().unwrap().unwrap(), Some(Message::text("late")));
}

#[test]
fn client_that_ends_its_direction_after_its_close_frame_gets_the_answer() {
    let (mut stream, server) = connected(|stream| {
        let mut ws = WebSocket::from_open(stream, &Config::server(), Deflate::default(), &b""[..]).unwrap();
        (ws.read(), ws.read())
    });
    stream.write_all(&masked(8, &close_payload(4000, "bye"))).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let (close, end) = server.join().unwrap();
    assert_eq!(close.unwrap(), Some(Message::Close(Some(CloseFrame::new(4000, "bye")))));
    assert_eq!(end.unwrap(), None);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, plain(8, &close_payload(4000, "")));
}

#[test]
fn stream_that_ends_without_a_close_frame_is_an_error_once() {
    let mut ws = open(Script { ends: true, ..Script::new(masked(1, b"last")) }, &Config::server());
    assert_eq!(ws.read().unwrap(), Some(Message::text("last")));
    assert_eq!(status_of(ws.read()), Status::EOF);
    assert_eq!(ws.read().unwrap(), None);
}

#[test]
fn frame_that_breaks_a_rule_is_an_error_once_and_tells_the_peer() {
    let mut ws = server(plain(1, b"not masked"));
    assert_eq!(status_of(ws.read()), Status::MASK_MISSING);
    assert_eq!(ws.read().unwrap(), None);
    assert_eq!(ws.get_ref().output[..4], plain(8, &close_payload(1002, ""))[..4]);
    assert!(matches!(ws.send(&Message::text("late")), Err(Error::Closed)));
}

#[test]
fn message_above_the_limit_is_an_error() {
    let mut ws = open(Script::new(masked(2, &[0; 1000])), &Config::server().max_message_len(999));
    assert_eq!(status_of(ws.read()), Status::LIMIT_MESSAGE);
}

#[test]
fn stream_that_would_block_at_every_step_loses_nothing() {
    let long = vec![9; 20_000];
    let frames = [masked(1, b"one"), unfinished(masked(2, &long)), masked(9, b"p"), masked(0, b"!"), masked(8, b"")];
    let script = Script { step: 7, stutters: true, ends: true, ..Script::new(frames.concat()) };
    let mut ws = open(script, &Config::server());
    let mut read = || retry(|| ws.read()).unwrap();
    assert_eq!(read(), Some(Message::text("one")));
    assert_eq!(read(), Some(Message::Ping(b"p"[..].into())));
    assert_eq!(read(), Some(Message::binary([&long[..], b"!"].concat())));
    assert_eq!(read(), Some(Message::Close(None)));
    assert_eq!(read(), None);
    assert_eq!(ws.get_ref().output, [plain(10, b"p"), plain(8, b"")].concat());
}

#[test]
fn output_that_would_block_is_kept_and_written_later() {
    let mut ws = open(Script { step: 3, stutters: true, ..Script::default() }, &Config::server());
    let mut expected = Vec::new();
    for n in 0..50 {
        let data = vec![n; usize::from(n) * 10];
        expected.extend(plain(2, &data));
        if ws.send(&Message::binary(data)).is_err() {
            retry(|| ws.flush()).unwrap();
        }
    }
    assert_eq!(ws.get_ref().output, expected);
}

#[test]
fn what_was_fed_leaves_in_one_write_before_the_next_read() {
    let mut ws = server((0..50).flat_map(|n: u8| masked(2, &[n])).collect::<Vec<_>>());
    for _ in 0..50 {
        let message = ws.read().unwrap().unwrap();
        ws.feed(&message).unwrap();
    }
    assert_eq!(ws.get_ref().writes, 0);
    would_block(ws.read());
    assert_eq!(ws.get_ref().writes, 1);
    assert_eq!(ws.get_ref().output, (0..50).flat_map(|n: u8| plain(2, &[n])).collect::<Vec<_>>());
}

#[test]
fn batch_and_prepared_message_leave_in_one_write_each() {
    let mut ws = server("");
    ws.send_batch((0..100).map(|_| Outgoing::text("tide"))).unwrap();
    assert_eq!(ws.get_ref().writes, 1);
    ws.send_prepared(&Prepared::text("ebb").unwrap()).unwrap();
    assert_eq!(ws.get_ref().writes, 2);
    assert_eq!(ws.get_ref().output, [plain(1, b"tide").repeat(100), plain(1, b"ebb")].concat());
}

#[test]
fn feed_writes_while_the_peer_reads_more_slowly_than_we_send() {
    let config = Config::server().output_high_len(10_000);
    let mut ws = open(Script { is_full: true, ..Script::default() }, &config);
    let refused = (0..100).find(|_| ws.feed(&Message::binary(vec![0; 1000])).is_err());
    assert!(refused.is_some_and(|count| count >= 9), "{refused:?}");
    ws.get_mut().is_full = false;
    ws.feed(&Message::binary(vec![0; 1000])).unwrap();
    assert_eq!(ws.get_ref().output, plain(2, &[0; 1000]).repeat(refused.unwrap()));
}

#[test]
fn handle_answers_a_whole_read_in_one_write() {
    let mut ws = server((0..40).flat_map(|n: u8| masked(2, &[n])).collect::<Vec<_>>());
    let go_on = ws.handle(|event, answers| match event {
        Event::Binary(data) => answers.send_binary(data),
        other => panic!("{other:?}"),
    });
    assert!(go_on.unwrap());
    would_block(ws.handle(|_, _| Ok(())));
    assert_eq!(ws.get_ref().writes, 1);
    assert_eq!(ws.get_ref().output, (0..40).flat_map(|n: u8| plain(2, &[n])).collect::<Vec<_>>());
}

#[test]
fn read_into_uses_its_vector_again_and_passes_over_control_frames() {
    let mut ws = server([masked(9, b"p"), masked(1, b"ebb"), masked(10, b"p"), masked(2, b"flow")].concat());
    let mut data = Vec::with_capacity(64);
    let start = data.as_ptr();
    assert_eq!(ws.read_into(&mut data).unwrap(), Some(Opcode::Text));
    assert_eq!(data, b"ebb");
    assert_eq!(ws.read_into(&mut data).unwrap(), Some(Opcode::Binary));
    assert_eq!((&data[..], data.as_ptr()), (&b"flow"[..], start));
    would_block(ws.read_into(&mut data));
}

#[test]
fn next_event_lends_what_came() {
    let mut ws = server([masked(1, b"ebb"), masked(8, &close_payload(1000, "bye"))].concat());
    assert_eq!(ws.next_event().unwrap(), Some(Event::Text("ebb")));
    assert_eq!(ws.next_event().unwrap(), Some(Event::Close { code: 1000, reason: "bye" }));
    assert_eq!(ws.next_event().unwrap(), None);
}

#[test]
fn ping_is_answered_before_the_next_read() {
    let mut ws = server(masked(9, b"?"));
    assert!(ws.read().unwrap().unwrap().is_ping());
    would_block(ws.read());
    assert_eq!(ws.get_ref().output, plain(10, b"?"));
    ws.ping(b"!").unwrap();
    assert!(ws.get_ref().output.ends_with(&plain(9, b"!")));
    assert!(matches!(ws.ping(&[0; 126]), Err(Error::Rejected(Status::CONTROL_LENGTH))));
}

#[test]
fn close_that_is_not_allowed_is_rejected_and_sends_nothing() {
    let mut ws = server("");
    assert!(matches!(ws.close(1005, ""), Err(Error::Rejected(Status::SEND_CLOSE_CODE))));
    assert!(matches!(ws.close(1000, &"x".repeat(124)), Err(Error::Rejected(Status::CONTROL_LENGTH))));
    assert_eq!(ws.get_ref().writes, 0);
}

#[test]
fn what_the_peer_sent_before_it_stopped_to_listen_is_still_read() {
    let mut ws = open(Script { is_broken: true, ..Script::default() }, &Config::server());
    assert!(matches!(ws.send(&Message::text("in vain")), Err(Error::Io(_))));
    ws.get_mut().input = [masked(1, b"last"), masked(8, &close_payload(1000, ""))].concat();
    assert_eq!(ws.read().unwrap(), Some(Message::text("last")));
    assert!(ws.read().unwrap().unwrap().is_close());
    assert_eq!(ws.read().unwrap(), None);
}
