// SPDX-License-Identifier: MIT
//! One connection in several tasks, in several threads, and tasks that do not come to their end.

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tidewire::tokio::WebSocketStream;
use tidewire::{Config, Error, Message};
use tidewire_interop::{pattern, text};
use tokio::io::duplex;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Duration, timeout};

use crate::{open, open_over};

const COUNT: usize = 2000;

fn threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(3).enable_all().build().expect("a runtime")
}

fn message(index: usize) -> Message {
    if index % 100 == 99 { Message::binary(pattern(60_000)) } else { Message::text(text(index % 300)) }
}

async fn send_all(mut sink: impl Sink<Message, Error = Error> + Unpin) {
    for index in 0..COUNT {
        // Now and then a message is only queued, and leaves with the next one.
        let sent = if index % 3 == 0 { sink.feed(message(index)).await } else { sink.send(message(index)).await };
        sent.expect("open");
    }
    sink.flush().await.expect("open");
}

async fn receive_all(mut stream: impl Stream<Item = Result<Message, Error>> + Unpin) {
    for index in 0..COUNT {
        assert_eq!(stream.next().await.expect("open").expect("in order"), message(index));
    }
}

/// Two tasks on each side, which send and receive at the same time.
async fn four_tasks<S>((client, server): (WebSocketStream<S>, WebSocketStream<S>))
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let ((client_sink, client_stream), (server_sink, server_stream)) = (client.split(), server.split());
    let tasks = [
        tokio::spawn(send_all(client_sink)),
        tokio::spawn(send_all(server_sink)),
        tokio::spawn(receive_all(client_stream)),
        tokio::spawn(receive_all(server_stream)),
    ];
    for task in tasks {
        timeout(Duration::from_secs(60), task).await.expect("no task hangs").expect("no task panics");
    }
}

#[test]
fn four_tasks_on_a_split_connection_see_all_messages_over_tcp() {
    threads().block_on(async { four_tasks(open().await).await });
}

#[test]
fn four_tasks_on_a_split_connection_see_all_messages_over_a_narrow_pipe() {
    threads().block_on(async {
        let config = Config::server().output_high_len(2000).output_low_len(500);
        let (client, server) = duplex(777);
        four_tasks(open_over(client, server, Config::client("localhost"), config).await).await;
    });
}

#[test]
fn a_writer_in_another_task_learns_that_the_connection_is_closed() {
    threads().block_on(async {
        let (client, mut server) = open().await;
        let (mut sink, mut stream) = client.split();
        let writing = tokio::spawn(async move {
            loop {
                if let Err(error) = sink.send(Message::binary(pattern(10_000))).await {
                    return error;
                }
            }
        });
        let reading = tokio::spawn(async move { while stream.next().await.is_some() {} });
        for _ in 0..10 {
            assert!(server.next().await.expect("open").expect("in order").is_binary());
        }
        timeout(Duration::from_secs(60), server.close(1000, "")).await.expect("it ends").expect("in order");
        timeout(Duration::from_secs(60), reading).await.expect("it ends").expect("no panic");
        let error = timeout(Duration::from_secs(60), writing).await.expect("it ends").expect("no panic");
        assert!(!matches!(error, Error::InvalidUrl(_)), "{error}");
    });
}

#[test]
fn a_server_that_forwards_its_stream_to_its_sink_echoes_and_ends() {
    threads().block_on(async {
        let (mut client, server) = open().await;
        let (sink, stream) = server.split();
        let echo = tokio::spawn(stream.forward(sink));
        for index in 0..200 {
            client.send(message(index)).await.expect("open");
            assert_eq!(client.next().await.expect("open").expect("in order"), message(index));
        }
        client.send_all(&mut futures_util::stream::iter((0..200).map(|index| Ok(message(index))))).await.expect("open");
        for index in 0..200 {
            assert_eq!(client.next().await.expect("open").expect("in order"), message(index));
        }
        timeout(Duration::from_secs(60), client.close(1000, "")).await.expect("it ends").expect("in order");
        timeout(Duration::from_secs(60), echo).await.expect("it ends").expect("no panic").expect("in order");
    });
}

#[test]
fn a_runtime_may_end_before_its_connections() {
    for workers in [1, 3] {
        let runtime = Builder::new_multi_thread().worker_threads(workers).enable_all().build().expect("a runtime");
        let kept = runtime.block_on(async {
            for _ in 0..4 {
                let (client, server) = open().await;
                tokio::spawn(four_tasks((client, server)));
            }
            let (client, mut server) = open().await;
            tokio::spawn(async move { while server.next().await.is_some() {} });
            tokio::task::yield_now().await;
            client
        });
        runtime.shutdown_background();
        drop(kept); // whose runtime is gone
    }
}
