// SPDX-License-Identifier: MIT
//! What a connection holds that waits for its peer.

use futures_util::{SinkExt, StreamExt};
use tidewire::{Config, Message};
use tidewire_interop::pattern;
use tokio::net::UnixStream;

use crate::heap::live;
use crate::pairs::{Socket, cut, shake};

/// Of the stream and all that it has allocated, in Rust and in the engine, but for the socket.
pub const MAX_BYTES: usize = 1024;

const PAIRS: usize = 200;

/// Opens connections, has both ends of each send and receive a small and a large message, and wait for more.
pub async fn bytes_per_connection() -> usize {
    let mut open: Vec<(Socket<UnixStream>, Socket<UnixStream>)> = Vec::with_capacity(PAIRS + 1);
    // One connection before the others, for what all share.
    open.push(wait(UnixStream::pair().expect("a pair of sockets")).await);
    let streams: Vec<_> = (0..PAIRS).map(|_| UnixStream::pair().expect("a pair of sockets")).collect();
    let before = live();
    for pair in streams {
        open.push(wait(pair).await);
    }
    let allocated = (live().bytes - before.bytes) / (2 * PAIRS);
    allocated + size_of::<Socket<UnixStream>>() - size_of::<UnixStream>()
}

async fn wait(pair: (UnixStream, UnixStream)) -> (Socket<UnixStream>, Socket<UnixStream>) {
    let (client, server) = shake(pair, Config::client("localhost"), Config::server()).await;
    let (mut client, mut server) = (client.expect("a handshake"), server.expect("a handshake"));
    for len in [20, 50_000] {
        let message = Message::binary(pattern(len));
        client.send(message.clone()).await.expect("it fits into the socket");
        assert_eq!(server.next().await.expect("a message").expect("in order"), message);
        server.send(message.clone()).await.expect("it fits into the socket");
        assert_eq!(client.next().await.expect("a message").expect("in order"), message);
    }
    for socket in [&mut client, &mut server] {
        assert!(cut(0, socket.next()).await.is_none(), "nothing comes");
    }
    (client, server)
}
