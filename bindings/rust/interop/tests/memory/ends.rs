// SPDX-License-Identifier: MIT
//! The ways in which a connection ends.

use std::pin::Pin;

use futures_util::{SinkExt, StreamExt};
use tidewire::handshake::Refusal;
use tidewire::tokio::{accept_async, accept_with, client_async};
use tidewire::{Config, DeflateConfig, Error, Message, Outgoing, Prepared, Status};
use tidewire_interop::{pattern, text};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::join;
use tokio::net::UnixStream;

use crate::pairs::{Socket, cut, open, open_with, shake};

type Scenario = fn(usize) -> Pin<Box<dyn Future<Output = ()>>>;

/// All of them. The argument is the number of the round.
pub const SCENARIOS: [(&str, Scenario); 14] = [
    ("closed_by_either_side", |round| Box::pin(closed(round))),
    ("closed_with_compression", |round| Box::pin(compressed(round))),
    ("closed_over_sockets", |round| Box::pin(over_sockets(round))),
    ("dropped_while_open", |round| Box::pin(dropped(round))),
    ("dropped_inside_a_message", |round| Box::pin(dropped_inside(round))),
    ("dropped_with_output_queued", |round| Box::pin(dropped_with_output(round))),
    ("dropped_before_its_messages", |round| Box::pin(outlived(round))),
    ("dropped_after_a_split", |round| Box::pin(split(round))),
    ("failed_by_a_broken_rule", |round| Box::pin(broken(round))),
    ("failed_by_a_limit", |round| Box::pin(limited(round))),
    ("refused_by_the_server", |_| Box::pin(refused())),
    ("refused_for_its_request", |round| Box::pin(bad_request(round))),
    ("cut_in_the_handshake", |round| Box::pin(cut_handshake(round))),
    ("cut_in_every_call", |round| Box::pin(cut_calls(round))),
];

fn messages() -> [Message; 4] {
    [Message::text(text(20)), Message::text(""), Message::binary(pattern(70_000)), Message::text(text(5000))]
}

/// Each message from one end to the other and back.
async fn talk<S>(client: &mut Socket<S>, server: &mut Socket<S>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    for message in messages() {
        let (sent, received) = join!(client.send(message.clone()), server.next());
        sent.expect("sent");
        assert_eq!(received.expect("open").expect("in order"), message);
        let (sent, received) = join!(server.send(message.clone()), client.next());
        sent.expect("sent");
        assert_eq!(received.expect("open").expect("in order"), message);
    }
}

/// What comes until the end.
async fn drain<S>(socket: &mut Socket<S>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    while let Some(message) = socket.next().await {
        message.expect("in order");
    }
}

async fn closed(round: usize) {
    let (mut client, mut server) = open().await;
    talk(&mut client, &mut server).await;
    let (first, second) = if round % 2 == 0 { (&mut client, &mut server) } else { (&mut server, &mut client) };
    let (closed, ()) = join!(first.close(1000, "done"), drain(second));
    closed.expect("closed in order");
}

async fn compressed(round: usize) {
    let deflate = DeflateConfig::new().max_context_len(if round % 2 == 0 { 0 } else { 1 << 20 });
    let (client, server) = (Config::client("localhost").deflate(deflate), Config::server().deflate(deflate));
    let (mut client, mut server) = open_with(1 << 20, client, server).await;
    assert!(client.connection().deflate().is_enabled());
    talk(&mut client, &mut server).await;
    if round % 3 > 0 {
        let (closed, ()) = join!(client.close(1000, ""), drain(&mut server));
        closed.expect("closed in order");
    }
}

async fn over_sockets(round: usize) {
    let pair = UnixStream::pair().expect("a pair of sockets");
    let (client, server) = shake(pair, Config::client("localhost"), Config::server()).await;
    let (mut client, mut server) = (client.expect("a handshake"), server.expect("a handshake"));
    talk(&mut client, &mut server).await;
    if round % 2 == 0 {
        let (closed, ()) = join!(server.close(1001, ""), drain(&mut client));
        closed.expect("closed in order");
    }
}

async fn dropped(round: usize) {
    let (mut client, mut server) = open().await;
    talk(&mut client, &mut server).await;
    let (gone, mut left) = if round % 2 == 0 { (client, server) } else { (server, client) };
    drop(gone);
    let error = left.next().await.expect("not closed in order").expect_err("the stream has ended");
    assert_eq!(error.status(), Some(Status::EOF));
    assert!(left.next().await.is_none());
}

async fn dropped_inside(round: usize) {
    let (mut client, mut server) = open().await;
    let (len, fin) = [(200_u16, 0x82), (60_000, 0x82), (60_000, 0x02)][round % 3];
    let mut frame = vec![fin, 0xfe];
    frame.extend(len.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(pattern(usize::from(len) * round / 30));
    if fin == 0x02 && round > 15 {
        frame.extend(pattern(usize::from(len) - usize::from(len) * round / 30)); // a whole fragment
    }
    client.get_mut().write_all(&frame).await.expect("it fits");
    assert!(cut(0, server.next()).await.is_none());
}

async fn dropped_with_output(round: usize) {
    let (mut client, mut server) = open_with(64, Config::client("localhost"), Config::server()).await;
    for _ in 0..=round % 5 {
        client.feed(Message::binary(pattern(10_000))).await.expect("queued");
        server.feed(Message::text(text(10_000))).await.expect("queued");
    }
    let prepared = Prepared::text(&text(100_000)).expect("a text");
    assert!(cut(round, server.send_prepared(&prepared)).await.is_none());
    assert!(cut(round, client.flush()).await.is_none());
}

async fn outlived(_: usize) {
    let (mut client, mut server) = open().await;
    let mut kept = Vec::new();
    for message in messages() {
        client.send_batch([Outgoing::binary(&pattern(30_000)), Outgoing::text("small")]).await.expect("it fits");
        client.send(message).await.expect("it fits");
        for _ in 0..3 {
            kept.push(server.next().await.expect("open").expect("in order"));
        }
    }
    drop((client, server));
    assert_eq!(kept[0], Message::binary(pattern(30_000)));
    assert_eq!(kept[8], messages()[2]);
}

async fn split(round: usize) {
    let (client, mut server) = open().await;
    let (mut sink, mut stream) = client.split();
    for message in messages() {
        sink.send(message.clone()).await.expect("it fits");
        server.send(message.clone()).await.expect("it fits");
        assert_eq!(stream.next().await.expect("open").expect("in order"), message);
    }
    if round % 2 == 0 {
        drop(stream);
        sink.feed(Message::text("left behind")).await.expect("queued");
    } else {
        drop(sink);
        assert!(cut(0, stream.next()).await.is_none());
    }
}

async fn broken(round: usize) {
    let (mut client, mut server) = open().await;
    let rules: [&[u8]; 4] =
        [b"\x81\x01a", b"\xc1\x80\x00\x00\x00\x00", b"\x83\x80\x00\x00\x00\x00", b"\x81\x81\x00\x00\x00\x00\xff"];
    client.feed(Message::text(text(5000))).await.expect("queued");
    client.flush().await.expect("it fits");
    client.get_mut().write_all(rules[round % 4]).await.expect("it fits");
    assert!(matches!(server.next().await, Some(Ok(Message::Text(_)))));
    assert!(matches!(server.next().await, Some(Err(Error::Failed(_)))));
    assert!(server.next().await.is_none());
    assert!(matches!(client.next().await, Some(Ok(Message::Close(Some(_))))));
}

async fn limited(round: usize) {
    let limits = [
        Config::server().max_message_len(9999),
        Config::server().max_frame_len(9999),
        Config::server().max_memory_len(9999),
        Config::server().max_fragments(1),
    ];
    let server = limits.into_iter().nth(round % 4).expect("four of them");
    let (mut client, mut server) = open_with(1 << 20, Config::client("localhost"), server).await;
    let frame = [&[0x02, 0xfe, 0x27, 0x0f, 0, 0, 0, 0][..], &pattern(9999)].concat();
    client.get_mut().write_all(&frame).await.expect("it fits");
    client.get_mut().write_all(b"\x80\x81\x00\x00\x00\x00b").await.expect("it fits");
    if round % 4 != 1 {
        let error = server.next().await.expect("not closed").expect_err("over a limit");
        assert!(error.status().is_some_and(Status::is_limit), "{error}");
    }
}

async fn refused() {
    let (client, server) = duplex(4096);
    let accept = accept_with(server, Config::server(), |_, _| {
        Err(Refusal::new(403).header("X-Why", "closed").expect("a header").body("no\n"))
    });
    let (refused, declined) = join!(client_async("ws://localhost/", client), accept);
    assert!(matches!(refused.err(), Some(Error::Refused(_))));
    assert!(matches!(declined.err(), Some(Error::Declined(403))));
}

async fn bad_request(round: usize) {
    let requests = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        "nonsense\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(20_000)),
        "GET / HTTP/1.1\r\nHost: a\r\n".to_owned(), // and no more
    ];
    let (mut client, server) = duplex(1 << 16);
    client.write_all(requests[round % 4].as_bytes()).await.expect("it fits");
    client.shutdown().await.expect("a pipe");
    assert!(accept_async(server).await.is_err());
    let mut response = Vec::new();
    client.read_to_end(&mut response).await.expect("a pipe");
    assert_eq!(response.starts_with(b"HTTP/1.1 4"), round % 4 != 3, "{}", response.escape_ascii());
}

async fn cut_handshake(round: usize) {
    let (client, server) = duplex(1 + round % 7);
    let connecting = cut(round * 3, client_async("ws://localhost/", client));
    let accepting = cut(round * 2, accept_async(server));
    // Both may be ready in time. Where one is dropped, the other one sees the end of its stream.
    let _ = join!(connecting, accepting);
}

async fn cut_calls(round: usize) {
    let (mut client, mut server) = open_with(7, Config::client("localhost"), Config::server()).await;
    for call in 0..20 {
        let polls = round * call % 11;
        let sending = cut(polls, client.send(Message::text(text(1000))));
        let (_, received) = join!(sending, cut(round % 5, drain(&mut server)));
        assert!(received.is_none(), "the stream has ended");
    }
}
