// SPDX-License-Identifier: MIT
//! A server that reads 32 masked binary frames from memory.

use std::hint::black_box;
use std::rc::Rc;

use fastwebsockets::{OpCode, Role as FastRole, WebSocket as FastWebSocket};
use futures_util::StreamExt;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};
use tokio_websockets::{ServerBuilder, WebSocketStream};

use crate::frames::{MESSAGES, payload, read_of};
use crate::memory::{MemoryStream, at_once};
use crate::timing::{Rows, Work};

const SIZES: [usize; 5] = [16, 125, 1024, 16384, 65536];

/// Takes the next message and shows it. `None`: the row's library says that there is something else.
pub trait Receiver {
    fn receive(&mut self, seen: impl FnMut(&[u8])) -> Option<()>;
}

impl Receiver for WebSocket<MemoryStream> {
    fn receive(&mut self, mut seen: impl FnMut(&[u8])) -> Option<()> {
        let message = self.read().ok()?;
        message.is_binary().then(|| seen(&message.into_data()))
    }
}

impl Receiver for FastWebSocket<MemoryStream> {
    fn receive(&mut self, mut seen: impl FnMut(&[u8])) -> Option<()> {
        let frame = at_once(self.read_frame()).ok()?;
        (frame.fin && frame.opcode == OpCode::Binary).then(|| seen(&frame.payload))
    }
}

impl Receiver for WebSocketStream<MemoryStream> {
    fn receive(&mut self, mut seen: impl FnMut(&[u8])) -> Option<()> {
        let message = at_once(self.next())?.ok()?;
        message.is_binary().then(|| seen(message.as_payload()))
    }
}

pub fn add_rows(rows: &mut Rows) -> Result<(), String> {
    for len in SIZES {
        let read: Rc<[u8]> = read_of(len).into();
        let stream = || MemoryStream::repeating(&read);
        let name = |row| format!("BM_RustReceive/{row}/{len}");
        rows.add(name("memcpy"), || Some(memcpy(Rc::clone(&read))))?;
        rows.add(name("tungstenite"), || {
            work(len, WebSocket::from_raw_socket(stream(), Role::Server, None))
        })?;
        rows.add(name("fastwebsockets"), || {
            work(len, FastWebSocket::after_handshake(stream(), FastRole::Server))
        })?;
        rows.add(name("tokio-websockets"), || {
            work(len, ServerBuilder::new().serve(stream()))
        })?;
    }
    Ok(())
}

fn work(len: usize, mut receiver: impl Receiver + 'static) -> Option<Work> {
    for index in 0..MESSAGES {
        let expected = payload(index, len);
        let mut is_right = false;
        receiver.receive(|message| is_right = message == expected)?;
        is_right.then_some(())?;
    }
    let call = move || {
        for _ in 0..MESSAGES {
            receiver.receive(keep).expect("what was checked");
        }
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
