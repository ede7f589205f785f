// SPDX-License-Identifier: MIT
//! A server that reads 32 masked binary frames from memory.

use std::hint::black_box;
use std::rc::Rc;

use bytes::Bytes;
use fastwebsockets::{OpCode, Role as FastRole, WebSocket as FastWebSocket};
use futures_util::StreamExt;
use tidewire::blocking::WebSocket as OurWebSocket;
use tidewire::tokio::WebSocketStream as OurStream;
use tidewire::{BufferPool, Config, Connection, Deflate, Event};
use tokio::io::ReadBuf;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};
use tokio_websockets::{ServerBuilder, WebSocketStream};

use crate::frames::{MESSAGES, payload, read_of};
use crate::memory::{MemoryStream, at_once};
use crate::timing::{Rows, Work};

const SIZES: [usize; 5] = [16, 125, 1024, 16384, 65536];

/// Takes the next message and shows it. `None`: its library says that there is something else.
trait Receiver {
    async fn receive(&mut self, seen: impl FnOnce(&[u8])) -> Option<()>;
}

/// The connection without I/O, and what reads for it.
struct Reading {
    conn: Connection,
    stream: MemoryStream,
}

impl Receiver for Reading {
    async fn receive(&mut self, seen: impl FnOnce(&[u8])) -> Option<()> {
        while !self.conn.advance().ok()? {
            let mut room = self.conn.read_buffer(0).ok()?;
            let mut unfilled = ReadBuf::uninit(room.uninit());
            self.stream.fill(&mut unfilled)?;
            let len = unfilled.filled().len();
            // SAFETY: so many bytes of the room were written.
            unsafe { room.assume_initialized(len) };
            room.commit(len).ok()?;
        }
        seen(binary(self.conn.current()?)?);
        Some(())
    }
}

/// Messages as `next_event` lends them.
struct Lent<T>(T);

impl Receiver for Lent<OurStream<MemoryStream>> {
    async fn receive(&mut self, seen: impl FnOnce(&[u8])) -> Option<()> {
        seen(binary(self.0.next_event().await.ok()??)?);
        Some(())
    }
}

impl Receiver for Lent<OurWebSocket<MemoryStream>> {
    async fn receive(&mut self, seen: impl FnOnce(&[u8])) -> Option<()> {
        seen(binary(self.0.next_event().ok()??)?);
        Some(())
    }
}

fn binary(event: Event<'_>) -> Option<&[u8]> {
    if let Event::Binary(data) = event { Some(data) } else { None }
}

impl Receiver for OurStream<MemoryStream> {
    async fn receive(&mut self, seen: impl FnOnce(&[u8])) -> Option<()> {
        let message = self.next().await?.ok()?;
        message.is_binary().then(|| seen(message.as_data()))
    }
}

impl Receiver for WebSocket<MemoryStream> {
    async fn receive(&mut self, seen: impl FnOnce(&[u8])) -> Option<()> {
        let message = self.read().ok()?;
        message.is_binary().then(|| seen(&message.into_data()))
    }
}

impl Receiver for FastWebSocket<MemoryStream> {
    async fn receive(&mut self, seen: impl FnOnce(&[u8])) -> Option<()> {
        let frame = self.read_frame().await.ok()?;
        (frame.fin && frame.opcode == OpCode::Binary).then(|| seen(&frame.payload))
    }
}

impl Receiver for WebSocketStream<MemoryStream> {
    async fn receive(&mut self, seen: impl FnOnce(&[u8])) -> Option<()> {
        let message = self.next().await?.ok()?;
        message.is_binary().then(|| seen(message.as_payload()))
    }
}

pub fn add_rows(rows: &mut Rows) -> Result<(), String> {
    for len in SIZES {
        let read: Rc<[u8]> = read_of(len).into();
        let stream = || MemoryStream::repeating(&read);
        let name = |row| format!("BM_RustReceive/{row}/{len}");
        rows.add(name("memcpy"), || Some(memcpy(Rc::clone(&read))))?;
        rows.add(name("tw_connection"), || {
            let config = Config::server().pool(BufferPool::new().ok()?);
            let conn = Connection::upgraded(&config, Deflate::default()).ok()?;
            work(len, Reading { conn, stream: stream() })
        })?;
        let open = || OurStream::from_open(stream(), &Config::server(), Deflate::default(), Bytes::new());
        rows.add(name("tw_borrowed"), || work(len, Lent(open().ok()?)))?;
        rows.add(name("tw_next"), || work(len, open().ok()?))?;
        rows.add(name("tw_blocking"), || {
            let open = OurWebSocket::from_open(stream(), &Config::server(), Deflate::default(), Bytes::new());
            work(len, Lent(open.ok()?))
        })?;
        rows.add(name("tungstenite"), || work(len, WebSocket::from_raw_socket(stream(), Role::Server, None)))?;
        rows.add(name("fastwebsockets"), || work(len, FastWebSocket::after_handshake(stream(), FastRole::Server)))?;
        rows.add(name("tokio-websockets"), || work(len, ServerBuilder::new().serve(stream())))?;
    }
    Ok(())
}

fn work(len: usize, mut receiver: impl Receiver + 'static) -> Option<Work> {
    at_once(async {
        for index in 0..MESSAGES {
            let expected = payload(index, len);
            let mut is_right = false;
            receiver.receive(|message| is_right = message == expected).await?;
            is_right.then_some(())?;
        }
        Some(())
    })?;
    let call = move || {
        at_once(async {
            for _ in 0..MESSAGES {
                receiver.receive(keep).await.expect("what was checked");
            }
        });
    };
    Some(Work::Calls(Box::new(call), MESSAGES))
}

/// The same bytes, copied and looked at no further.
fn memcpy(read: Rc<[u8]>) -> Work {
    let mut copy = vec![0; read.len()];
    let call = move || {
        copy.copy_from_slice(&read);
        black_box(&mut copy);
    };
    Work::Calls(Box::new(call), MESSAGES)
}

/// Lets no optimizer see that nobody looks at the message.
fn keep(message: &[u8]) {
    black_box(message);
}
