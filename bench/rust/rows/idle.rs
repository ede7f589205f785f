// SPDX-License-Identifier: MIT
//! What an open server connection holds that has echoed one message and waits for the next: bytes of the heap that its
//! library holds for it, over a stream in memory of a few words.

use std::rc::Rc;

use bytes::Bytes;
use fastwebsockets::{Frame, Role as FastRole, WebSocket as FastWebSocket};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tidewire::tokio::WebSocketStream as OurStream;
use tidewire::{Config, Deflate};
use tokio_tungstenite::WebSocketStream as TungsteniteStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_websockets::ServerBuilder;

use crate::frames::{masked, payload};
use crate::heap;
use crate::memory::{MemoryStream, at_once, poll};
use crate::timing::{Rows, Work};

const COUNT: usize = 10_000;
/// The first ones make what all share: pools, caches, statics.
const SHARED: usize = 100;
const PAYLOAD_LEN: usize = 20;

pub fn add_rows(rows: &mut Rows) -> Result<(), String> {
    let input: Rc<[u8]> = masked(&payload(0, PAYLOAD_LEN), 0).into();
    let stream = || MemoryStream::ending(&input);
    let name = |row| format!("BM_RustIdle/{row}/{COUNT}");
    rows.add(name("tw_stream"), || {
        let open = || OurStream::from_open(stream(), &Config::server(), Deflate::default(), Bytes::new());
        work(|| open().ok(), echo)
    })?;
    rows.add(name("tungstenite"), || {
        work(|| Some(at_once(TungsteniteStream::from_raw_socket(stream(), Role::Server, None))), echo)
    })?;
    rows.add(name("fastwebsockets"), || {
        work(|| Some(FastWebSocket::after_handshake(stream(), FastRole::Server)), echo_frame)
    })?;
    rows.add(name("tokio-websockets"), || work(|| Some(ServerBuilder::new().serve(stream())), echo))
}

/// `echo` answers the message that is there, and then finds nothing. `None`: something is otherwise.
fn work<T>(make: impl Fn() -> Option<T>, echo: impl Fn(&mut T) -> Option<()>) -> Option<Work> {
    let mut connections = Vec::with_capacity(SHARED + COUNT);
    let mut open = |count| {
        for _ in 0..count {
            let mut connection = Box::new(make()?);
            echo(&mut connection)?;
            connections.push(connection);
        }
        Some(heap::lent())
    };
    let before = open(SHARED)?;
    let after = open(COUNT)?;
    Some(Work::Heap((after - before) as f64 / COUNT as f64))
}

fn echo<M, E>(socket: &mut (impl Stream<Item = Result<M, E>> + Sink<M> + Unpin)) -> Option<()> {
    let message = at_once(socket.next())?.ok()?;
    at_once(socket.send(message)).ok()?;
    poll(socket.next()).is_pending().then_some(())
}

fn echo_frame(socket: &mut FastWebSocket<MemoryStream>) -> Option<()> {
    let frame = at_once(socket.read_frame()).ok()?;
    at_once(socket.write_frame(Frame::new(true, frame.opcode, None, frame.payload))).ok()?;
    poll(socket.read_frame()).is_pending().then_some(())
}
