// SPDX-License-Identifier: MIT
//! Streams that end in other ways than by the closing handshake.

use std::io::ErrorKind;

use futures_util::{SinkExt, StreamExt};
use tidewire::tokio::{WebSocketStream, accept_async};
use tidewire::{Config, Error, Message, Status};
use tidewire_interop::pattern;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::join;
use tokio::net::TcpStream;

use crate::{open, open_over, run, sockets};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A server, and a client of bare TCP that has had the response.
async fn raw_client() -> (TcpStream, WebSocketStream<TcpStream>) {
    let (mut client, server) = sockets().await;
    client.write_all(REQUEST).await.expect("it fits");
    let server = accept_async(server).await.expect("a handshake");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.expect("a response"));
    }
    (client, server)
}

#[test]
fn a_server_answers_a_close_frame_of_a_client_that_then_only_reads() {
    run(async {
        let (mut client, mut server) = raw_client().await;
        server.feed(Message::text("first")).await.expect("queued");
        client.write_all(b"\x88\x82\0\0\0\0\x03\xe8").await.expect("it fits");
        client.shutdown().await.expect("open");
        assert!(matches!(server.next().await, Some(Ok(Message::Close(Some(frame)))) if frame.code == 1000));
        assert!(server.next().await.is_none());
        let mut received = Vec::new();
        client.read_to_end(&mut received).await.expect("not reset");
        assert_eq!(received, b"\x81\x05first\x88\x02\x03\xe8");
    });
}

#[test]
fn a_server_tells_a_half_closed_stream_from_a_closing_handshake() {
    run(async {
        let (mut client, mut server) = raw_client().await;
        client.write_all(b"\x81\x81\0\0\0\0a").await.expect("it fits");
        client.shutdown().await.expect("open");
        assert_eq!(server.next().await.expect("open").expect("in order"), Message::text("a"));
        server.feed(Message::text("answer")).await.expect("the other direction is open");
        let error = server.next().await.expect("an error").expect_err("no close frame came");
        assert_eq!(error.status(), Some(Status::EOF));
        assert!(server.next().await.is_none());
        assert!(matches!(server.send(Message::text("late")).await, Err(Error::Closed)));
        let mut received = Vec::new();
        client.read_to_end(&mut received).await.expect("not reset");
        assert!(received.starts_with(b"\x81\x06answer"), "{}", received.escape_ascii());
    });
}

#[test]
fn either_side_sees_a_reset_as_an_error_of_the_stream() {
    run(async {
        for server_resets in [true, false] {
            let (client, server) = open().await;
            let (gone, mut left) = if server_resets { (server, client) } else { (client, server) };
            left.send(Message::binary(pattern(1000))).await.expect("open");
            gone.get_ref().readable().await.expect("open");
            drop(gone); // with bytes that were not read, which resets the connection
            let error = left.next().await.expect("an error").expect_err("no close frame came");
            assert!(matches!(&error, Error::Io(error) if error.kind() == ErrorKind::ConnectionReset), "{error:?}");
            assert!(left.next().await.is_none());
            assert!(left.send(Message::text("late")).await.is_err());
        }
    });
}

#[test]
fn a_writer_learns_that_its_peer_has_gone() {
    run(async {
        let (client, mut server) = open().await;
        drop(client);
        let message = Message::binary(pattern(50_000));
        let mut sent = 0;
        while server.send(message.clone()).await.is_ok() {
            sent += 1;
            assert!(sent < 1000, "nobody takes these");
        }
        assert!(server.next().await.expect("an error").is_err());
        assert!(server.next().await.is_none());
    });
}

#[test]
fn what_came_before_a_broken_rule_is_handed_out_and_answered_first() {
    run(async {
        let (mut client, mut server) = raw_client().await;
        client.write_all(b"\x81\x81\0\0\0\0a\x81\x81\0\0\0\0b\x81\x01c").await.expect("it fits");
        for text in ["a", "b"] {
            assert_eq!(server.next().await.expect("open").expect("in order"), Message::text(text));
            server.feed(Message::text(text)).await.expect("open");
        }
        let error = server.next().await.expect("an error").expect_err("the frame is not masked");
        assert_eq!(error.status(), Some(Status::MASK_MISSING));
        drop(server);
        let mut received = Vec::new();
        client.read_to_end(&mut received).await.expect("not reset");
        assert!(received.starts_with(b"\x81\x01a\x81\x01b\x88"), "{}", received.escape_ascii());
        assert_eq!(received[8..10], 1002_u16.to_be_bytes());
    });
}

#[test]
fn both_sides_may_close_at_the_same_time() {
    run(async {
        for _ in 0..20 {
            let (mut client, mut server) = open().await;
            client.feed(Message::text("on the way")).await.expect("open");
            let (first, second) = join!(client.close(4001, "client"), server.close(4002, "server"));
            first.expect("closed in order");
            second.expect("closed in order");
        }
    });
}

#[test]
fn a_closing_handshake_that_the_peer_does_not_answer_ends_in_time() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        for client_closes in [true, false] {
            let (client, server) = tokio::io::duplex(1 << 16);
            let (client, server) = open_over(client, server, Config::client("localhost"), Config::server()).await;
            let (mut closing, _silent) = if client_closes { (client, server) } else { (server, client) };
            let error = closing.close(1000, "").await.expect_err("no answer within 10 s");
            assert_eq!(error.status(), Some(Status::TIMEOUT_CLOSE));
        }
    });
}
