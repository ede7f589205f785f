// SPDX-License-Identifier: MIT
//! How a `WebSocketStream` ends: the closing handshake from both sides, streams that end before it, and time-outs.
#![cfg(feature = "tokio")]

mod stream_support;

use std::time::Duration;

use futures_util::stream::FusedStream as _;
use futures_util::{FutureExt as _, SinkExt, StreamExt as _};
use stream_support::{Script, close_payload, masked, plain};
use tidewire::tokio::WebSocketStream;
use tidewire::{CloseFrame, Config, Deflate, Error, Message, Status};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::{Instant, timeout};

/// A time-out that a test is never to meet.
const GUARD: Duration = Duration::from_secs(3600);

fn open<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(stream: S, config: &Config) -> WebSocketStream<S> {
    WebSocketStream::from_open(stream, config, Deflate::default(), &b""[..]).unwrap()
}

fn pair() -> (WebSocketStream<DuplexStream>, WebSocketStream<DuplexStream>) {
    let (left, right) = duplex(4096);
    (open(left, &Config::client("localhost")), open(right, &Config::server()))
}

/// A server with this configuration and the raw stream of its client.
fn raw_client(config: &Config) -> (DuplexStream, WebSocketStream<DuplexStream>) {
    let (client, stream) = duplex(4096);
    (client, open(stream, config))
}

fn status_of<T: std::fmt::Debug>(result: Result<T, Error>) -> Status {
    match result {
        Err(Error::Failed(failure)) => failure.status(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn client_closes_and_both_streams_end() {
    let (mut client, mut server) = pair();
    let closing = tokio::spawn(async move { client.close(4000, "enough").await.map(|()| client) });
    let message = server.next().await.unwrap().unwrap();
    assert_eq!(message, Message::Close(Some(CloseFrame::new(4000, "enough"))));
    assert!(!server.is_terminated());
    assert!(server.next().await.is_none());
    assert!(server.is_terminated());
    let mut client = closing.await.unwrap().unwrap();
    assert!(client.next().await.is_none());
    assert!(client.next().await.is_none());
}

#[tokio::test]
async fn server_closes_and_messages_before_the_answer_are_dropped() {
    let (mut client, mut server) = pair();
    client.feed(Message::text("crossing")).await.unwrap();
    client.flush().await.unwrap();
    let closing = tokio::spawn(async move { server.close(1001, "").await });
    assert_eq!(client.next().await.unwrap().unwrap(), Message::Close(Some(CloseFrame::new(1001, ""))));
    assert!(client.next().await.is_none());
    closing.await.unwrap().unwrap();
}

#[tokio::test]
async fn both_sides_close_at_the_same_time() {
    let (mut client, mut server) = pair();
    let (left, right) = tokio::join!(client.close(1000, ""), server.close(1001, ""));
    left.unwrap();
    right.unwrap();
}

#[tokio::test]
async fn closing_again_is_no_error() {
    let (mut client, mut server) = pair();
    let (left, right) = tokio::join!(client.close(1000, ""), server.close(1000, ""));
    left.and(right).unwrap();
    client.close(1000, "").await.unwrap();
    assert!(matches!(client.send(Message::text("late")).await, Err(Error::Closed)));
}

#[tokio::test]
async fn close_frame_that_was_sent_leaves_reading_to_go_on() {
    let (mut client, mut server) = pair();
    server.send(Message::text("last words")).await.unwrap();
    client.send(Message::Close(None)).await.unwrap();
    let reading = tokio::spawn(async move { server.next().await.unwrap().map(|message| (message, server)) });
    assert_eq!(client.next().await.unwrap().unwrap(), Message::text("last words"));
    let (message, mut server) = reading.await.unwrap().unwrap();
    assert_eq!(message, Message::Close(None));
    let (end, answer) = tokio::join!(server.next(), client.next());
    assert!(end.is_none());
    assert_eq!(answer.unwrap().unwrap(), Message::Close(None));
    assert!(client.next().await.is_none());
}

#[test]
fn sending_after_the_close_frame_is_refused() {
    let mut ws = open(Script::default(), &Config::server());
    ws.send(Message::Close(None)).now_or_never().unwrap().unwrap();
    assert!(matches!(ws.send(Message::text("late")).now_or_never().unwrap(), Err(Error::Closed)));
    ws.send(Message::Close(None)).now_or_never().unwrap().unwrap();
    assert!(matches!(ws.ping(b"late").now_or_never().unwrap(), Err(Error::Closed)));
    let batch = [tidewire::Outgoing::text("late")];
    assert!(matches!(ws.send_batch(batch).now_or_never().unwrap(), Err(Error::Closed)));
    assert_eq!(ws.get_ref().output, plain(8, b""));
}

#[test]
fn server_that_goes_on_sending_after_its_close_frame_is_left() {
    let input = [plain(8, b""), vec![0; 1 << 20]].concat();
    let mut ws = open(Script::new(input), &Config::client("localhost"));
    assert!(ws.next().now_or_never().unwrap().unwrap().unwrap().is_close());
    assert!(ws.next().now_or_never().unwrap().is_none());
    assert!(ws.get_ref().read_len < 1 << 20);
}

#[tokio::test(start_paused = true)]
async fn last_frame_of_a_failed_connection_has_time_to_leave() {
    let (mut client, stream) = duplex(64);
    let config = Config::server().ping_interval(Duration::from_secs(1)).close_timeout(Duration::from_secs(9));
    let mut server = open(stream, &config);
    server.feed(Message::binary(vec![0; 1000])).await.unwrap();
    client.write_all(&plain(1, b"not masked")).await.unwrap();
    assert_eq!(status_of(server.next().await.unwrap()), Status::MASK_MISSING);
    let ending = tokio::spawn(async move { server.next().await.is_none() });
    tokio::time::sleep(Duration::from_secs(8)).await;
    let mut output = Vec::new();
    client.read_to_end(&mut output).await.unwrap();
    assert_eq!(output[..1004], plain(2, &[0; 1000]));
    assert_eq!(output[1004..][2..4], 1002_u16.to_be_bytes());
    assert!(ending.await.unwrap());
}

#[test]
fn forwarding_all_that_comes_ends_in_order() {
    let input = [masked(1, b"tide"), masked(8, &close_payload(1000, "bye"))].concat();
    let (sink, source) = open(Script::new(input), &Config::server()).split();
    source.forward(sink).now_or_never().unwrap().unwrap();
}

#[test]
fn sink_close_sends_a_close_frame_once_and_does_not_wait() {
    let mut ws = open(Script::default(), &Config::server());
    SinkExt::close(&mut ws).now_or_never().unwrap().unwrap();
    SinkExt::close(&mut ws).now_or_never().unwrap().unwrap();
    assert_eq!(ws.get_ref().output, plain(8, &close_payload(1000, "")));
}

#[test]
fn answers_to_messages_before_the_close_frame_leave_before_its_answer() {
    let input = [masked(1, b"tide"), masked(8, &close_payload(1000, "bye"))].concat();
    let mut ws = open(Script::new(input), &Config::server());
    let message = ws.next().now_or_never().unwrap().unwrap().unwrap();
    ws.feed(message).now_or_never().unwrap().unwrap();
    assert!(ws.next().now_or_never().unwrap().unwrap().unwrap().is_close());
    assert!(ws.next().now_or_never().unwrap().is_none());
    let script = ws.into_inner();
    assert_eq!(script.output, [plain(1, b"tide"), plain(8, &close_payload(1000, ""))].concat());
    assert!(script.was_shut_down);
}

#[test]
fn client_waits_for_the_server_to_end_the_stream() {
    let mut ws = open(Script::new(plain(8, &close_payload(1000, ""))), &Config::client("localhost"));
    assert!(ws.next().now_or_never().unwrap().unwrap().unwrap().is_close());
    assert!(ws.next().now_or_never().is_none());
    assert!(!ws.get_ref().was_shut_down);
    ws.get_mut().input.extend(b"what comes now is of no interest");
    ws.get_mut().ends = true;
    assert!(ws.next().now_or_never().unwrap().is_none());
    assert!(ws.get_ref().was_shut_down);
}

#[tokio::test]
async fn stream_that_ends_without_a_close_frame_is_an_error_once() {
    let (client, mut server) = raw_client(&Config::server());
    drop(client);
    assert_eq!(status_of(server.next().await.unwrap()), Status::EOF);
    assert!(server.next().await.is_none());
}

#[tokio::test]
async fn stream_that_ends_inside_a_message_is_an_error_after_the_messages_before() {
    let (mut client, mut server) = raw_client(&Config::server());
    client.write_all(&[masked(1, b"whole"), masked(1, b"cut")[..4].to_vec()].concat()).await.unwrap();
    drop(client);
    assert_eq!(server.next().await.unwrap().unwrap(), Message::text("whole"));
    assert_eq!(status_of(server.next().await.unwrap()), Status::EOF);
    assert!(server.next().await.is_none());
}

#[tokio::test]
async fn client_that_ends_its_direction_after_its_close_frame_gets_the_answer() {
    let (mut client, mut server) = raw_client(&Config::server());
    client.write_all(&masked(8, &close_payload(1000, ""))).await.unwrap();
    client.shutdown().await.unwrap();
    assert!(server.next().await.unwrap().unwrap().is_close());
    assert!(server.next().await.is_none());
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, plain(8, &close_payload(1000, "")));
}

#[test]
fn what_the_peer_sent_before_it_stopped_to_listen_is_still_read() {
    let input = [masked(1, b"last"), masked(8, &close_payload(1000, ""))].concat();
    let mut ws = open(Script { is_broken: true, ..Script::default() }, &Config::server());
    ws.feed(Message::text("in vain")).now_or_never().unwrap().unwrap();
    assert!(matches!(ws.flush().now_or_never().unwrap(), Err(Error::Io(_))));
    assert!(matches!(ws.send(Message::text("again")).now_or_never().unwrap(), Err(Error::Closed)));
    ws.get_mut().input = input;
    assert_eq!(ws.next().now_or_never().unwrap().unwrap().unwrap(), Message::text("last"));
    assert!(ws.next().now_or_never().unwrap().unwrap().unwrap().is_close());
    assert!(ws.next().now_or_never().unwrap().is_none());
}

#[test]
fn stream_that_takes_no_output_and_brings_no_input_is_an_error_once() {
    let mut ws = open(Script { is_broken: true, ..Script::new(masked(9, b"?")) }, &Config::server());
    assert!(ws.next().now_or_never().unwrap().unwrap().unwrap().is_ping());
    assert!(matches!(ws.next().now_or_never().unwrap(), Some(Err(Error::Io(_)))));
    assert!(ws.next().now_or_never().unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn peer_that_sends_nothing_is_given_up_after_the_idle_timeout() {
    let config = Config::server().idle_timeout(Duration::from_secs(5));
    let (mut client, mut server) = raw_client(&config);
    let start = Instant::now();
    assert_eq!(status_of(server.next().await.unwrap()), Status::TIMEOUT_IDLE);
    assert_eq!(start.elapsed().as_secs(), 5);
    assert!(server.next().await.is_none());
    let mut output = Vec::new();
    client.read_to_end(&mut output).await.unwrap();
    assert_eq!(output[0], 0x88);
}

#[tokio::test(start_paused = true)]
async fn peer_that_sends_now_and_then_is_not_given_up() {
    let config = Config::server().idle_timeout(Duration::from_secs(5));
    let (mut client, mut server) = raw_client(&config);
    let talking = tokio::spawn(async move {
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_secs(4)).await;
            client.write_all(&masked(1, b"here")).await.unwrap();
        }
        client
    });
    let start = Instant::now();
    for _ in 0..10 {
        assert_eq!(server.next().await.unwrap().unwrap(), Message::text("here"));
    }
    assert_eq!(status_of(server.next().await.unwrap()), Status::TIMEOUT_IDLE);
    assert_eq!(start.elapsed().as_secs(), 45);
    drop(talking.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn pings_leave_at_their_interval_and_a_missing_answer_is_an_error() {
    let config = Config::server().ping_interval(Duration::from_secs(10));
    let (mut client, mut server) = raw_client(&config);
    let start = Instant::now();
    assert_eq!(status_of(server.next().await.unwrap()), Status::TIMEOUT_PONG);
    assert_eq!(start.elapsed().as_secs(), 10 + 20);
    let mut ping = [0; 2];
    client.read_exact(&mut ping).await.unwrap();
    assert_eq!(ping[0], 0x89);
}

#[tokio::test(start_paused = true)]
async fn peer_that_answers_pings_is_kept() {
    let config = Config::server().ping_interval(Duration::from_secs(10)).pong_timeout(Duration::from_secs(3));
    let (left, right) = duplex(4096);
    let mut server = open(right, &config);
    let mut client = open(left, &Config::client("localhost"));
    let answering = tokio::spawn(async move { while client.next().await.is_some() {} });
    assert!(timeout(Duration::from_secs(100), server.next()).await.is_err());
    drop(server);
    answering.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn peer_that_never_answers_the_close_frame_is_given_up_after_the_close_timeout() {
    let config = Config::server().close_timeout(Duration::from_secs(7));
    let (_client, mut server) = raw_client(&config);
    let start = Instant::now();
    assert_eq!(status_of(server.close(1000, "").await), Status::TIMEOUT_CLOSE);
    assert_eq!(start.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn server_that_never_ends_the_stream_is_left_after_the_close_timeout() {
    let config = Config::client("localhost").close_timeout(Duration::from_secs(7));
    let (mut server, stream) = duplex(4096);
    let mut client = open(stream, &config);
    server.write_all(&plain(8, &close_payload(1000, ""))).await.unwrap();
    let start = Instant::now();
    client.close(1000, "").await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn last_output_that_nobody_reads_is_dropped_after_the_close_timeout() {
    let config = Config::server().close_timeout(Duration::from_secs(7));
    let (mut client, stream) = duplex(64);
    let mut server = open(stream, &config);
    server.feed(Message::binary(vec![0; 10_000])).await.unwrap();
    client.write_all(&masked(8, &close_payload(1000, ""))).await.unwrap();
    assert!(server.next().await.unwrap().unwrap().is_close());
    let start = Instant::now();
    assert!(server.next().await.is_none());
    assert_eq!(start.elapsed().as_secs(), 7);
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn closing_handshake_has_a_timeout_by_default() {
    let (_client, mut server) = raw_client(&Config::server());
    tokio::time::sleep(Duration::from_secs(100)).await;
    let start = Instant::now();
    assert_eq!(status_of(server.close(1000, "").await), Status::TIMEOUT_CLOSE);
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn reader_gives_up_when_the_sink_closes_and_nobody_answers() {
    let (_client, server) = raw_client(&Config::server());
    let (mut sink, mut source) = server.split();
    let reading = tokio::spawn(async move { source.next().await });
    tokio::time::sleep(Duration::from_secs(100)).await;
    let start = Instant::now();
    sink.close().await.unwrap();
    assert_eq!(status_of(reading.await.unwrap().unwrap()), Status::TIMEOUT_CLOSE);
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn without_time_outs_in_the_configuration_nothing_is_given_up() {
    let (client, mut server) = raw_client(&Config::server());
    assert!(timeout(GUARD, server.next()).await.is_err());
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn sender_that_waits_is_woken_when_the_reader_gives_up() {
    let config = Config::server().idle_timeout(Duration::from_secs(5)).output_high_len(1000);
    let (client, stream) = duplex(64);
    let (mut sink, mut source) = open(stream, &config).split();
    let sending = tokio::spawn(async move { while sink.send(Message::binary(vec![0; 2000])).await.is_ok() {} });
    assert_eq!(status_of(source.next().await.unwrap()), Status::TIMEOUT_IDLE);
    drop(client);
    assert!(source.next().await.is_none());
    timeout(GUARD, sending).await.unwrap().unwrap();
}
