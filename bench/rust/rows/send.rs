// SPDX-License-Identifier: MIT
//! A server, and a client, that sends 32 binary messages to memory and then flushes them, where its library knows how.

use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;

use bytes::Bytes;
use fastwebsockets::{Frame, Payload, Role as FastRole, WebSocket as FastWebSocket};
use futures_util::SinkExt;
use tidewire::tokio::WebSocketStream as OurStream;
use tidewire::{BufferPool, Config, Connection, Deflate, Message as OurMessage, Outgoing, Role as OurRole};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};
use tokio_websockets::{ClientBuilder, Message as TokioMessage, ServerBuilder, WebSocketStream};

use crate::frames::{MESSAGES, decode, payload};
use crate::memory::{MemoryStream, Output, at_once};
use crate::timing::{Rows, Work};

const SIZES: [usize; 5] = [16, 125, 1024, 16384, 65536];
const HEADER_MAX: usize = 14;

/// Sends the payload `MESSAGES` times. `None`: its library refuses.
trait Sender {
    async fn send(&mut self, payload: &Bytes) -> Option<()>;
}

/// The connection without I/O, whose output is written by itself.
struct Writing {
    conn: Connection,
    stream: MemoryStream,
}

impl Sender for Writing {
    async fn send(&mut self, payload: &Bytes) -> Option<()> {
        for _ in 0..MESSAGES {
            self.conn.send_binary(payload).ok()?;
        }
        while self.conn.wants().write() {
            let output = self.conn.output();
            let len = self.stream.write_vectored(output.io_slices()).ok()?;
            output.consume(len).ok()?;
        }
        Some(())
    }
}

impl Sender for OurStream<MemoryStream> {
    async fn send(&mut self, payload: &Bytes) -> Option<()> {
        for _ in 0..MESSAGES {
            self.feed(OurMessage::Binary(payload.clone())).await.ok()?;
        }
        SinkExt::flush(self).await.ok()
    }
}

/// `send_batch`.
struct Batch(OurStream<MemoryStream>);

impl Sender for Batch {
    async fn send(&mut self, payload: &Bytes) -> Option<()> {
        self.0.send_batch([Outgoing::binary(payload); MESSAGES]).await.ok()
    }
}

impl Sender for WebSocket<MemoryStream> {
    async fn send(&mut self, payload: &Bytes) -> Option<()> {
        for _ in 0..MESSAGES {
            self.write(Message::Binary(payload.clone())).ok()?;
        }
        self.flush().ok()
    }
}

impl Sender for FastWebSocket<MemoryStream> {
    async fn send(&mut self, payload: &Bytes) -> Option<()> {
        for _ in 0..MESSAGES {
            self.write_frame(Frame::binary(Payload::Borrowed(payload))).await.ok()?;
        }
        self.flush().await.ok()
    }
}

impl Sender for WebSocketStream<MemoryStream> {
    async fn send(&mut self, payload: &Bytes) -> Option<()> {
        for _ in 0..MESSAGES {
            self.feed(TokioMessage::binary(payload.clone())).await.ok()?;
        }
        self.flush().await.ok()
    }
}

pub fn add_rows(rows: &mut Rows) -> Result<(), String> {
    for len in SIZES {
        add_server_rows(rows, len)?;
        add_client_rows(rows, len)?;
    }
    Ok(())
}

fn add_server_rows(rows: &mut Rows, len: usize) -> Result<(), String> {
    let name = |row: &str| format!("BM_RustSendServer/{row}/{len}");
    add_our_rows(rows, name, len, &Config::server())?;
    rows.add(name("tungstenite"), || {
        work(len, false, |stream| Some(WebSocket::from_raw_socket(stream, Role::Server, None)))
    })?;
    rows.add(name("fastwebsockets"), || {
        work(len, false, |stream| Some(FastWebSocket::after_handshake(stream, FastRole::Server)))
    })?;
    rows.add(name("tokio-websockets"), || work(len, false, |stream| Some(ServerBuilder::new().serve(stream))))
}

fn add_client_rows(rows: &mut Rows, len: usize) -> Result<(), String> {
    let name = |row: &str| format!("BM_RustSendClient/{row}/{len}");
    add_our_rows(rows, name, len, &Config::client("localhost"))?;
    rows.add(name("tungstenite"), || {
        work(len, true, |stream| Some(WebSocket::from_raw_socket(stream, Role::Client, None)))
    })?;
    rows.add(name("fastwebsockets"), || {
        work(len, true, |stream| Some(FastWebSocket::after_handshake(stream, FastRole::Client)))
    })?;
    rows.add(name("tokio-websockets"), || work(len, true, |stream| Some(ClientBuilder::new().take_over(stream))))
}

fn add_our_rows(rows: &mut Rows, name: impl Fn(&str) -> String, len: usize, config: &Config) -> Result<(), String> {
    let is_client = config.role() == OurRole::Client;
    let open = |stream| OurStream::from_open(stream, config, Deflate::default(), Bytes::new()).ok();
    rows.add(name("tw_connection"), || {
        let config = config.clone().pool(BufferPool::new().ok()?);
        let conn = Connection::upgraded(&config, Deflate::default()).ok()?;
        work(len, is_client, |stream| Some(Writing { conn, stream }))
    })?;
    rows.add(name("tw_feed"), || work(len, is_client, open))?;
    rows.add(name("tw_batch"), || work(len, is_client, |stream| open(stream).map(Batch)))
}

fn work<S: Sender + 'static>(
    len: usize,
    is_masked: bool,
    make: impl FnOnce(MemoryStream) -> Option<S>,
) -> Option<Work> {
    let output: Output = Rc::new(RefCell::new(Vec::with_capacity(MESSAGES * (len + HEADER_MAX))));
    let mut sender = make(MemoryStream::writing(&output))?;
    let payload = Bytes::from(payload(0, len));
    at_once(sender.send(&payload))?;
    let (payloads, all_masked) = decode(&output.borrow())?;
    let is_right = payloads.len() == MESSAGES && payloads.iter().all(|each| *each == payload);
    (is_right && all_masked == is_masked).then_some(())?;
    let call = move || {
        output.borrow_mut().clear();
        at_once(sender.send(&payload)).expect("what was checked");
    };
    Some(Work::Calls(Box::new(call), MESSAGES))
}
