// SPDX-License-Identifier: MIT
//! What the other libraries make of a stream, told in the words of this test.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use fastwebsockets::{FragmentCollector, OpCode, WebSocketError};
use futures_util::FutureExt;
use tidewire_interop::Data;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::error::{Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocket};

use crate::wire::Reader;

/// How a library ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// With the peer's close frame.
    Closed,
    /// Because the stream ended.
    Eof,
    /// Because a rule was broken.
    Refused,
}

/// A stream that hands out its bytes in parts, and swallows what is written.
pub struct Parts(VecDeque<Vec<u8>>);

impl Parts {
    pub fn new(parts: &[&[u8]]) -> Self {
        Self(parts.iter().filter(|part| !part.is_empty()).map(|part| part.to_vec()).collect())
    }
}

impl Read for Parts {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let Some(part) = self.0.front_mut() else { return Ok(0) };
        let len = part.len().min(room.len());
        room[..len].copy_from_slice(&part[..len]);
        part.drain(..len);
        if part.is_empty() {
            self.0.pop_front();
        }
        Ok(len)
    }
}

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Parts {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let len = self.read(room.initialize_unfilled())?;
        room.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Parts {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What tungstenite receives, and how it ends.
pub fn tungstenite(reader: Reader, parts: &[&[u8]]) -> (Vec<Data>, Verdict) {
    let role = if reader == Reader::Server { Role::Server } else { Role::Client };
    let mut socket = WebSocket::from_raw_socket(Parts::new(parts), role, None);
    let mut seen = Vec::new();
    loop {
        seen.push(match socket.read() {
            Ok(Message::Text(text)) => Data::Text(text.as_str().to_owned()),
            Ok(Message::Binary(bytes)) => Data::Binary(bytes.to_vec()),
            Ok(Message::Ping(bytes)) => Data::Ping(bytes.to_vec()),
            Ok(Message::Pong(bytes)) => Data::Pong(bytes.to_vec()),
            Ok(Message::Close(frame)) => {
                let frame = frame.map(|frame| (frame.code.into(), frame.reason.as_str().to_owned()));
                seen.push(Data::Close(frame));
                return (seen, Verdict::Closed);
            }
            Ok(Message::Frame(_)) => unreachable!("tungstenite hands out messages"),
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => return (seen, Verdict::Eof),
            Err(_) => return (seen, Verdict::Refused),
        });
    }
}

/// What fastwebsockets receives, and how it ends.
pub fn fastwebsockets(reader: Reader, parts: &[&[u8]]) -> (Vec<Data>, Verdict) {
    use fastwebsockets::{Role, WebSocket};

    let role = if reader == Reader::Server { Role::Server } else { Role::Client };
    let mut socket = WebSocket::after_handshake(Parts::new(parts), role);
    socket.set_auto_pong(false); // what it answers by itself it does not tell
    let mut socket = FragmentCollector::new(socket);
    let mut seen = Vec::new();
    loop {
        let frame = match socket.read_frame().now_or_never().expect("the stream is always ready") {
            Ok(frame) => frame,
            Err(WebSocketError::UnexpectedEOF) => return (seen, Verdict::Eof),
            Err(_) => return (seen, Verdict::Refused),
        };
        let bytes = frame.payload.to_vec();
        seen.push(match frame.opcode {
            OpCode::Text => Data::Text(String::from_utf8(bytes).expect("checked by the library")),
            OpCode::Binary => Data::Binary(bytes),
            OpCode::Ping => Data::Ping(bytes),
            OpCode::Pong => Data::Pong(bytes),
            OpCode::Close => {
                seen.push(Data::Close(close_frame(&bytes)));
                return (seen, Verdict::Closed);
            }
            OpCode::Continuation => unreachable!("fragments are collected"),
        });
    }
}

fn close_frame(payload: &[u8]) -> Option<(u16, String)> {
    let (code, reason) = payload.split_first_chunk()?;
    Some((u16::from_be_bytes(*code), String::from_utf8(reason.to_vec()).expect("checked by the library")))
}
