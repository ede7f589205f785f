// SPDX-License-Identifier: MIT
//! The WebSocket connection over a blocking stream.

use core::fmt;
use core::task::Poll;
use std::boxed::Box;
use std::io::{Read, Write};
use std::vec::Vec;

use bytes::Bytes;

use super::transport::Transport;
use crate::handshake::Upgrade;
use crate::stream::{BATCH, Opened, Session};
use crate::{Config, Connection, Deflate, Error, Event, Message, Opcode, Outgoing, Prepared, Sender};

/// A WebSocket connection over a blocking stream.
///
/// **Receiving.** One read brings many messages; they are handed out one by one before the next read. Pings are
/// answered by themselves, and the peer's close frame is. An error comes once; after it, and after the closing
/// handshake, `None` follows. [`next_event`](Self::next_event) and [`handle`](Self::handle) lend what came instead of
/// copying it.
///
/// **Sending.** [`feed`](Self::feed) only queues a message; what is queued is written by [`flush`](Self::flush), and
/// before more is read: a program that answers each message with `feed` writes once for each read.
///
/// **Errors of kind `WouldBlock` and `TimedOut`** of the stream end nothing: what was received or queued is kept, and
/// the same call goes on where it stopped.
pub struct WebSocket<S> {
    stream: S,
    session: Session,
    subprotocol: Option<Box<str>>,
}

impl<S: Read + Write> WebSocket<S> {
    pub(super) fn new(stream: S, opened: Opened) -> Self {
        Self { stream, session: opened.session, subprotocol: opened.subprotocol.map(Into::into) }
    }

    /// A connection over a stream on which something else did the opening handshake, and agreed on `negotiated`
    /// compression. `rest` was read from the stream behind the head of the peer.
    ///
    /// # Errors
    ///
    /// `negotiated` is not what `config` allows; memory, or the source of random bytes, is missing.
    pub fn from_open(stream: S, config: &Config, negotiated: Deflate, rest: impl Into<Bytes>) -> Result<Self, Error> {
        Ok(Self::new(stream, Opened::new(config, negotiated, None, rest)?))
    }

    /// A server's connection over a stream whose HTTP another library has done, up to the response of status 101.
    /// `rest` was read from the stream behind the request.
    ///
    /// # Errors
    ///
    /// Memory, or the source of random bytes, is missing.
    pub fn from_upgrade(stream: S, upgrade: &Upgrade, rest: impl Into<Bytes>) -> Result<Self, Error> {
        Ok(Self::new(stream, Opened::from_upgrade(upgrade, rest)?))
    }

    /// The next message or control frame; `None` after the end.
    ///
    /// # Errors
    ///
    /// The connection has failed, or the stream has. It is told once, then `None` follows.
    pub fn read(&mut self) -> Result<Option<Message>, Error> {
        while self.advance()? {
            if let Some(message) = self.session.take_message() {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    /// The next message, into `data`, whose capacity is used again. Control frames are passed over. `None` after the
    /// end.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_into(&mut self, data: &mut Vec<u8>) -> Result<Option<Opcode>, Error> {
        while self.advance()? {
            let (opcode, bytes) = match self.session.current() {
                Some(Event::Text(text)) => (Opcode::Text, text.as_bytes()),
                Some(Event::Binary(bytes)) => (Opcode::Binary, bytes),
                _ => continue,
            };
            data.clear();
            data.extend_from_slice(bytes);
            return Ok(Some(opcode));
        }
        Ok(None)
    }

    /// Lends what comes next: nothing is copied, nothing allocated. `None` after the end.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn next_event(&mut self) -> Result<Option<Event<'_>>, Error> {
        Ok(if self.advance()? { self.session.current() } else { None })
    }

    /// Reads once, and calls `f` for all that came with it, with a [`Sender`] for answers; nothing is copied or
    /// allocated in between. The answers leave when this is called again. `false` after the end.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and those of `f`, after which what `f` has not seen waits for the next call.
    pub fn handle(&mut self, f: impl FnMut(Event<'_>, &mut Sender<'_>) -> Result<(), Error>) -> Result<bool, Error> {
        self.run(|session, io| session.poll_ready(io))?;
        if !self.advance()? {
            return Ok(false);
        }
        self.session.handle(f)?;
        Ok(true)
    }

    /// Sends a message, with what was queued before.
    ///
    /// # Errors
    ///
    /// [`Error::Closed`]; [`Error::Rejected`] for what must not be sent; both have queued nothing. [`Error::Io`]: where
    /// its kind is `WouldBlock` or `TimedOut`, the message is queued: call [`flush`](Self::flush).
    pub fn send(&mut self, message: &Message) -> Result<(), Error> {
        self.session.send(message)?;
        self.flush()
    }

    /// Queues a message. It writes only where the peer reads more slowly than we send, until it has caught up.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), except that nothing is queued on [`Error::Io`].
    pub fn feed(&mut self, message: &Message) -> Result<(), Error> {
        self.run(|session, io| session.poll_ready(io))?;
        self.session.send(message)
    }

    /// Writes all that is queued.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn flush(&mut self) -> Result<(), Error> {
        self.run(|session, io| session.poll_flush(io))
    }

    /// Sends all of these messages, in one write where the stream takes it.
    ///
    /// # Errors
    ///
    /// As [`feed`](Self::feed) of each: the messages before the refused one are queued. [`Error::Io`].
    pub fn send_batch<'m>(&mut self, messages: impl IntoIterator<Item = Outgoing<'m>>) -> Result<(), Error> {
        let mut messages = messages.into_iter();
        loop {
            let mut chunk = [Outgoing::binary(&[]); BATCH];
            let len = chunk.iter_mut().zip(&mut messages).map(|(slot, message)| *slot = message).count();
            if len == 0 {
                break;
            }
            self.run(|session, io| session.poll_ready(io))?;
            self.session.queue(|session| session.conn_mut().send_batch(&chunk[..len]).1)?;
        }
        self.flush()
    }

    /// Sends a message that was encoded before.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_prepared(&mut self, message: &Prepared) -> Result<(), Error> {
        self.session.queue(|session| session.conn_mut().send_prepared(message))?;
        self.flush()
    }

    /// Sends a ping of at most 125 bytes. The answer comes as a [`Message::Pong`].
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn ping(&mut self, data: &[u8]) -> Result<(), Error> {
        self.session.queue(|session| session.conn_mut().ping(data))?;
        self.flush()
    }

    /// Queues messages, whatever the peer has taken so far: bounded by `max_output_len` alone.
    #[must_use = "a sender does nothing by itself"]
    pub fn sender(&mut self) -> Sender<'_> {
        self.session.conn_mut().sender()
    }

    /// Does the closing handshake: sends a close frame, unless one was sent, and drops what still comes before the
    /// peer's. `reason` has at most 123 bytes.
    ///
    /// A client then waits for the server to close the stream (RFC 6455 7.1.1); a server drops this. To receive what
    /// still comes, send [`Message::Close`] and read on.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`]: the code must not be sent, or the reason is too long; nothing was sent then. Otherwise as
    /// [`read`](Self::read).
    pub fn close(&mut self, code: u16, reason: &str) -> Result<(), Error> {
        self.session.start_close(Some(code), reason)?;
        while self.advance()? {}
        Ok(())
    }

    #[inline]
    fn advance(&mut self) -> Result<bool, Error> {
        if self.session.advance() {
            return Ok(true);
        }
        self.run(|session, io| session.poll_advance(io))
    }

    fn run<T>(
        &mut self,
        poll: impl FnOnce(&mut Session, &mut Transport<'_, S>) -> Poll<Result<T, Error>>,
    ) -> Result<T, Error> {
        let mut transport = Transport::new(&mut self.stream);
        let result = poll(&mut self.session, &mut transport);
        transport.finish(result)
    }
}

impl<S> WebSocket<S> {
    /// The subprotocol that the opening handshake chose.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// The connection, for its state and statistics.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        self.session.conn()
    }

    /// The stream.
    #[must_use]
    pub const fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream, for its options. What is read from it or written to it is missing in the connection.
    #[must_use]
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Gives the connection up, with what is queued and what was read, and returns the stream.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: fmt::Debug> fmt::Debug for WebSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("stream", &self.stream)
            .field("state", &self.connection().state())
            .field("subprotocol", &self.subprotocol)
            .finish_non_exhaustive()
    }
}
