// SPDX-License-Identifier: MIT
//! Futures that are dropped before their time: every one may be, and nothing is lost or doubled.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_util::future::poll_fn;
use futures_util::{FutureExt, Sink, SinkExt, StreamExt};
use tidewire::tokio::{WebSocketStream, accept_async, client_async};
use tidewire::{Config, DeflateConfig, Event, Message};
use tidewire_interop::{pattern, text};
use tokio::io::{DuplexStream, duplex};

use crate::{open_over, run};

const COUNT: usize = 60;

/// Text and binary, short, empty, long enough to be lent and moved, in turn.
fn message(index: usize) -> Message {
    let len = [0, 3, 130, 1500, 9000, 40_000][index % 6];
    if index % 2 == 0 { Message::text(text(len)) } else { Message::binary(pattern(len + index)) }
}

/// Polls a future so often, and drops it then. `None`: it was not ready before.
async fn cut<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context: &mut Context<'_>| match future.poll_unpin(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

type Socket = WebSocketStream<DuplexStream>;

/// How a receiver takes the next message: it gives up after so many polls.
type Receive = for<'a> fn(&'a mut Socket, usize) -> Pin<Box<dyn Future<Output = Option<Vec<Message>>> + 'a>>;

/// Sends all messages, by calls that are dropped after ever other numbers of polls, to a receiver that does the same.
async fn transfer(pipe_len: usize, configs: (Config, Config), client_sends: bool, receive: Receive) {
    let (client, server) = duplex(pipe_len);
    let (client, server) = open_over(client, server, configs.0, configs.1).await;
    let (mut from, mut to) = if client_sends { (client, server) } else { (server, client) };
    let (mut sent, mut received) = (0, Vec::new());
    let mut turn = 0;
    while received.len() < COUNT {
        turn += 1;
        if sent < COUNT && cut(turn % 5, poll_fn(|context| Pin::new(&mut from).poll_ready(context))).await.is_some() {
            from.start_send_unpin(message(sent)).expect("open");
            sent += 1;
        }
        if let Some(flushed) = cut(turn % 7, from.flush()).await {
            flushed.expect("open");
        }
        if let Some(messages) = receive(&mut to, turn % 3).await {
            received.extend(messages);
        }
    }
    assert!(received.iter().enumerate().all(|(index, received)| *received == message(index)));
    assert_eq!(received.len(), COUNT);
    assert!(cut(3, to.next()).await.is_none(), "nothing more comes");
}

fn by_next(socket: &mut Socket, polls: usize) -> Pin<Box<dyn Future<Output = Option<Vec<Message>>> + '_>> {
    Box::pin(async move { Some(vec![cut(polls, socket.next()).await?.expect("open").expect("in order")]) })
}

fn owned(event: Event<'_>) -> Message {
    match event {
        Event::Text(text) => Message::text(text),
        Event::Binary(data) => Message::binary(data.to_vec()),
        other => panic!("{other:?} was not sent"),
    }
}

fn by_next_event(socket: &mut Socket, polls: usize) -> Pin<Box<dyn Future<Output = Option<Vec<Message>>> + '_>> {
    Box::pin(async move {
        let event = cut(polls, socket.next_event()).await?.expect("in order").expect("open");
        Some(vec![owned(event)])
    })
}

fn by_handle(socket: &mut Socket, polls: usize) -> Pin<Box<dyn Future<Output = Option<Vec<Message>>> + '_>> {
    Box::pin(async move {
        let mut messages = Vec::new();
        let handling = socket.handle(|event, _| {
            messages.push(owned(event));
            Ok(())
        });
        assert!(cut(polls, handling).await?.expect("in order"), "open");
        Some(messages)
    })
}

fn plain() -> (Config, Config) {
    (Config::client("localhost"), Config::server())
}

async fn each_way(configs: fn() -> (Config, Config), receive: Receive) {
    for pipe_len in [64, 1000, 100_000] {
        transfer(pipe_len, configs(), true, receive).await;
        transfer(pipe_len, configs(), false, receive).await;
    }
}

#[test]
fn either_role_loses_nothing_when_next_and_flush_are_dropped() {
    run(each_way(plain, by_next));
}

#[test]
fn either_role_loses_nothing_when_next_event_is_dropped() {
    run(each_way(plain, by_next_event));
}

#[test]
fn either_role_loses_nothing_when_handle_is_dropped() {
    run(each_way(plain, by_handle));
}

#[test]
fn either_role_loses_nothing_of_compressed_messages() {
    fn compressed() -> (Config, Config) {
        let deflate = DeflateConfig::new().max_context_len(1 << 20);
        (Config::client("localhost").deflate(deflate), Config::server().deflate(deflate))
    }
    run(each_way(compressed, by_next));
}

#[test]
fn a_handshake_that_is_dropped_ends_the_other_side() {
    run(async {
        for polls in 0..100 {
            let (client, server) = duplex(4);
            let (connected, accepted) =
                tokio::join!(client_async("ws://localhost/", client), cut(polls, accept_async(server)));
            assert_eq!(connected.is_ok(), accepted.is_some(), "after {polls} polls");
            let (client, server) = duplex(4);
            let (connected, accepted) =
                tokio::join!(cut(polls, client_async("ws://localhost/", client)), accept_async(server));
            assert!(connected.is_some() || accepted.is_err(), "after {polls} polls");
        }
    });
}

#[test]
fn a_close_that_is_dropped_goes_on_with_the_next_call() {
    run(async {
        for polls in 0..20 {
            let (client, server) = duplex(3);
            let (mut client, mut server) =
                open_over(client, server, Config::client("localhost"), Config::server()).await;
            client.feed(Message::text(text(200))).await.expect("queued");
            let serving = async {
                let mut seen = Vec::new();
                while let Some(message) = server.next().await {
                    seen.push(message.expect("in order"));
                }
                seen
            };
            let closing = async {
                while cut(polls, client.close(4000, "enough")).await.is_none() {
                    tokio::task::yield_now().await;
                }
            };
            let (seen, ()) = tokio::join!(serving, closing);
            assert!(matches!(&seen[..], [Message::Text(_), Message::Close(Some(frame))] if frame.code == 4000));
        }
    });
}
