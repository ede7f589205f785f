// SPDX-License-Identifier: MIT
//! Peers that read slowly, or not at all.

use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use tidewire::tokio::accept_async;
use tidewire::{Config, Message, Status};
use tidewire_interop::pattern;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::join;

use crate::{open, open_over, run};

#[test]
fn a_writer_waits_for_a_slow_reader_and_holds_little_meanwhile() {
    run(async {
        const HIGH: u64 = 64 * 1024;
        let (client, server) = duplex(1000);
        let config = Config::server().output_high_len(HIGH);
        let (mut client, mut server) = open_over(client, server, Config::client("localhost"), config).await;
        let message = Message::binary(pattern(10_000));
        let mut sent = 0;
        while let Some(done) = server.feed(message.clone()).now_or_never() {
            done.expect("open");
            sent += 1;
            assert!(sent < 20, "{} bytes are queued", server.connection().stats().held_len);
        }
        let held = server.connection().stats().held_len;
        assert!(held < 2 * HIGH, "{held}");
        let rest = async {
            for _ in sent..200 {
                server.send(message.clone()).await.expect("open");
            }
        };
        let reading = async {
            for _ in 0..200 {
                assert_eq!(client.next().await.expect("open").expect("in order"), message);
            }
        };
        join!(rest, reading);
    });
}

#[test]
fn a_reader_answers_pings_while_its_writer_waits() {
    run(async {
        let (mut client, server) = open().await;
        let (mut sink, mut stream) = server.split();
        let message = Message::binary(pattern(100_000));
        let writing = async {
            for _ in 0..300 {
                sink.send(message.clone()).await.expect("open");
            }
        };
        let reading = async {
            assert_eq!(stream.next().await.expect("open").expect("in order"), Message::Ping("late".into()));
            assert_eq!(stream.next().await.expect("open").expect("in order"), Message::text("done"));
        };
        let peer = async {
            tokio::time::sleep(Duration::from_millis(20)).await; // so that the writer waits; not needed to pass
            client.send(Message::Ping("late".into())).await.expect("open");
            let (mut messages, mut pongs) = (0, 0);
            while messages < 300 || pongs < 1 {
                match client.next().await.expect("open").expect("in order") {
                    Message::Binary(_) => messages += 1,
                    pong => {
                        assert_eq!(pong, Message::Pong("late".into()));
                        pongs += 1;
                    }
                }
            }
            client.send(Message::text("done")).await.expect("open");
        };
        join!(writing, reading, peer);
    });
}

#[test]
fn pings_without_end_are_held_as_one_answer() {
    run(async {
        let (client, server) = duplex(4096);
        let config = Config::server().output_high_len(16 * 1024);
        let (mut client, mut server) = open_over(client, server, Config::client("localhost"), config).await;
        let ping = [&[0x89, 0xfd, 0, 0, 0, 0][..], &pattern(125)].concat();
        let raw = client.get_mut();
        for _ in 0..5000 {
            let (written, ()) = join!(raw.write_all(&ping), async {
                assert!(matches!(server.next().await, Some(Ok(Message::Ping(_)))));
            });
            written.expect("read");
            let held = server.connection().stats().held_len;
            assert!(held < 64 * 1024, "{held}");
        }
    });
}

#[test]
fn a_server_takes_a_request_byte_by_byte_and_the_frame_behind_it() {
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x81\0\0\0\0a";
    run(async {
        for pipe_len in [1, 7, 1000] {
            let (client, server) = duplex(pipe_len);
            let (mut from_server, mut to_server) = tokio::io::split(client);
            let reading = async {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(from_server.read_u8().await.expect("a response"));
                }
                assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", head.escape_ascii());
            };
            let serving = async {
                let mut server = accept_async(server).await.expect("a handshake");
                assert_eq!(server.next().await.expect("open").expect("in order"), Message::text("a"));
            };
            let (written, (), ()) = join!(to_server.write_all(REQUEST), reading, serving);
            written.expect("read");
        }
    });
}

#[test]
fn a_client_that_asks_for_nothing_is_not_waited_for() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let (mut client, server) = duplex(100);
        client.write_all(b"GET / HTTP/1.1\r\n").await.expect("it fits");
        let error = accept_async(server).await.expect_err("no request in 10 s");
        assert_eq!(error.status(), Some(Status::TIMEOUT_HANDSHAKE));
        let mut left = Vec::new();
        client.read_to_end(&mut left).await.expect("a pipe");
    });
}
