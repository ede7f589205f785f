// SPDX-License-Identifier: MIT
//! What an open server connection holds that has echoed one message and waits for the next: bytes of the heap that its
//! library holds for it, over a stream in memory of a few words.

use std::rc::Rc;

use bytes::Bytes;
use fastwebsockets::{Frame, Role as FastRole, WebSocket as FastWebSocket};
use futures_util::{SinkExt, StreamExt};
use tidewire::tokio::WebSocketStream as OurStream;
use tidewire::{Config, Deflate};
use tokio_tungstenite::WebSocketStream as TungsteniteStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_websockets::{ServerBuilder, WebSocketStream as TokioStream};

use crate::frames::{masked, payload};
use crate::heap;
use crate::memory::{MemoryStream, at_once, poll};
use crate::timing::{Rows, Work};

const COUNT: usize = 10_000;
/// The first ones make what all share: pools, caches, statics.
const SHARED: usize = 100;
const PAYLOAD_LEN: usize = 20;

/// Echoes the message that is there, and then finds nothing. `None`: it does otherwise.
trait Idle {
    fn echo_and_wait(&mut self) -> Option<()>;
}

impl Idle for OurStream<MemoryStream> {
    fn echo_and_wait(&mut self) -> Option<()> {
        let message = at_once(self.next())?.ok()?;
        at_once(self.send(message)).ok()?;
        poll(self.next()).is_pending().then_some(())
    }
}

impl Idle for TungsteniteStream<MemoryStream> {
    fn echo_and_wait(&mut self) -> Option<()> {
        let message = at_once(self.next())?.ok()?;
        at_once(self.send(message)).ok()?;
        poll(self.next()).is_pending().then_some(())
    }
}

impl Idle for FastWebSocket<MemoryStream> {
    fn echo_and_wait(&mut self) -> Option<()> {
        let frame = at_once(self.read_frame()).ok()?;
        at_once(self.write_frame(Frame::new(true, frame.opcode, None, frame.payload))).ok()?;
        poll(self.read_frame()).is_pending().then_some(())
    }
}

impl Idle for TokioStream<MemoryStream> {
    fn echo_and_wait(&mut self) -> Option<()> {
        let message = at_once(self.next())?.ok()?;
        at_once(self.send(message)).ok()?;
        poll(self.next()).is_pending().then_some(())
    }
}

pub fn add_rows(rows: &mut Rows) -> Result<(), String> {
    let input: Rc<[u8]> = masked(&payload(0, PAYLOAD_LEN), 0).into();
    let stream = || MemoryStream::ending(&input);
    let name = |row| format!("BM_RustIdle/{row}/{COUNT}");
    rows.add(name("tw_stream"), || {
        let config = Config::server();
        work(|| OurStream::from_open(stream(), &config, Deflate::default(), Bytes::new()).expect("memory for it"))
    })?;
    rows.add(name("tungstenite"), || {
        work(|| at_once(TungsteniteStream::from_raw_socket(stream(), Role::Server, None)))
    })?;
    rows.add(name("fastwebsockets"), || work(|| FastWebSocket::after_handshake(stream(), FastRole::Server)))?;
    rows.add(name("tokio-websockets"), || work(|| ServerBuilder::new().serve(stream())))
}

fn work<T: Idle>(make: impl Fn() -> T) -> Option<Work> {
    let mut connections = Vec::with_capacity(SHARED + COUNT);
    let mut open = |count| {
        for _ in 0..count {
            let mut connection = Box::new(make());
            connection.echo_and_wait()?;
            connections.push(connection);
        }
        Some(heap::lent())
    };
    let before = open(SHARED)?;
    let after = open(COUNT)?;
    Some(Work::Heap((after - before) as f64 / COUNT as f64))
}
