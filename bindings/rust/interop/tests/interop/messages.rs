// SPDX-License-Identifier: MIT
//! What two open ends tell each other.

use tidewire_interop::{Data, pattern, text};
use tokio::join;

use crate::end::{End, Library, Options};
use crate::open;

/// On either side of each form of the length, of a read, and of the engine's buffers.
const LENGTHS: [usize; 12] = [0, 1, 2, 125, 126, 127, 1000, 8192, 65_535, 65_536, 262_145, 1 << 20];

/// The next message or close frame, past pings and pongs.
async fn next_message(end: &mut dyn End) -> Result<Option<Data>, String> {
    loop {
        match end.receive().await {
            Ok(Some(Data::Ping(_) | Data::Pong(_))) => {}
            other => return other,
        }
    }
}

/// Sends while the other end receives, since neither holds a large message by itself.
async fn cross(from: &mut dyn End, to: &mut dyn End, data: &Data) {
    let (sent, received) = join!(from.send(data.clone()), to.receive());
    assert_eq!(sent, Ok(()));
    assert_eq!(received, Ok(Some(data.clone())));
}

pub async fn every_length(client: Library, server: Library) {
    let (mut client, mut server) = open(client, server, &Options::default()).await;
    for len in LENGTHS {
        for data in [Data::Text(text(len)), Data::Binary(pattern(len))] {
            cross(&mut *client, &mut *server, &data).await;
            cross(&mut *server, &mut *client, &data).await;
        }
    }
}

pub async fn pipelined(client: Library, server: Library) {
    const COUNT: usize = 300;
    let (mut client, mut server) = open(client, server, &Options::default()).await;
    let message = |index: usize| Data::Binary(pattern(index * 7));
    for client_sends in [true, false] {
        let (from, to) = if client_sends { (&mut client, &mut server) } else { (&mut server, &mut client) };
        let sending = async {
            for index in 0..COUNT {
                from.send(message(index)).await.expect("sent");
            }
        };
        let receiving = async {
            for index in 0..COUNT {
                assert_eq!(to.receive().await, Ok(Some(message(index))));
            }
        };
        join!(sending, receiving);
    }
}

pub async fn fragmented(client: Library, server: Library) {
    let (mut client, mut server) = open(client, server, &Options::default()).await;
    for len in LENGTHS {
        for data in [Data::Text(text(len)), Data::Binary(pattern(len))] {
            let (sent, received) = join!(client.send_fragments(data.clone()), next_message(&mut *server));
            assert_eq!((sent, received), (Ok(()), Ok(Some(data.clone()))));
            let (sent, received) = join!(server.send_fragments(data.clone()), next_message(&mut *client));
            assert_eq!((sent, received), (Ok(()), Ok(Some(data))));
        }
    }
}

pub async fn pings(client: Library, server: Library) {
    let (mut client, mut server) = open(client, server, &Options::default()).await;
    for len in [0, 1, 124, 125] {
        for client_pings in [true, false] {
            let (from, to) = if client_pings { (&mut client, &mut server) } else { (&mut server, &mut client) };
            let data = Data::Text(text(len));
            from.send(Data::Ping(pattern(len))).await.expect("sent");
            from.send(data.clone()).await.expect("sent");
            assert_eq!(next_message(&mut **to).await, Ok(Some(data.clone())));
            to.send(data.clone()).await.expect("sent");
            assert_eq!(from.receive().await, Ok(Some(Data::Pong(pattern(len)))));
            assert_eq!(from.receive().await, Ok(Some(data)));
        }
    }
}

pub async fn closing(client: Library, server: Library) {
    let codes = [(1000, 0), (1001, 1), (1011, 20), (3000, 122), (4999, 123)];
    let mut frames = vec![None];
    frames.extend(codes.map(|(code, len)| Some((code, text(len)))));
    for frame in frames {
        for client_begins in [true, false] {
            let (mut client, mut server) = open(client, server, &Options::default()).await;
            let (first, second) = if client_begins { (&mut client, &mut server) } else { (&mut server, &mut client) };
            let data = Data::Close(frame.clone());
            first.send(data.clone()).await.expect("sent");
            assert_eq!(second.receive().await, Ok(Some(data)));
            let code = frame.as_ref().map(|(code, _)| *code);
            let answered = |received: Result<Option<Data>, String>| match received {
                Ok(Some(Data::Close(answer))) => assert_eq!(answer.map(|(code, _)| code), code),
                other => panic!("no close frame, but {other:?}"),
            };
            // The server ends the stream, once both close frames are there; the client waits for that.
            if client_begins {
                let (answer, end) = join!(client.receive(), server.receive());
                answered(answer);
                assert_eq!(end, Ok(None));
                drop(server);
                assert_eq!(client.receive().await, Ok(None));
            } else {
                let server_side = async {
                    answered(server.receive().await);
                    assert_eq!(server.receive().await, Ok(None));
                    drop(server);
                };
                let ((), end) = join!(server_side, client.receive());
                assert_eq!(end, Ok(None));
            }
        }
    }
}

pub async fn over_the_limit(client: Library, server: Library) {
    let options = Options { max_message_len: 1000, ..Options::default() };
    for (ours, client_sends) in [(server, true), (client, false)] {
        if !ours.is_ours() {
            continue; // the limit is this engine's
        }
        let (mut client, mut server) = open(client, server, &options).await;
        let (from, to) = if client_sends { (&mut client, &mut server) } else { (&mut server, &mut client) };
        cross(&mut **from, &mut **to, &Data::Binary(pattern(1000))).await;
        let sending = async {
            from.send(Data::Binary(pattern(1001))).await.expect("sent");
            from.receive().await
        };
        let (answer, received) = join!(sending, to.receive());
        assert!(received.as_ref().is_err_and(|error| error.contains("max_message_len")), "{received:?}");
        assert!(matches!(&answer, Ok(Some(Data::Close(Some((1009, _)))))), "{answer:?}");
    }
}

pub async fn vanishing(client: Library, server: Library) {
    for client_vanishes in [true, false] {
        let (mut client, mut server) = open(client, server, &Options::default()).await;
        client.send(Data::Binary(pattern(10))).await.expect("sent");
        assert_eq!(server.receive().await, Ok(Some(Data::Binary(pattern(10)))));
        let (gone, mut left) = if client_vanishes { (client, server) } else { (server, client) };
        drop(gone);
        let received = left.receive().await;
        assert!(received.is_err(), "{received:?}");
    }
}
