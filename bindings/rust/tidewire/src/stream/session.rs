// SPDX-License-Identifier: MIT
//! The life of a connection over a stream: reading, writing, and the two ways in which it ends.

use core::task::{Poll, ready};
use core::time::Duration;
use std::boxed::Box;
use std::io::{self, ErrorKind};

use bytes::Bytes;

use super::Io;
use super::lent::Lent;
use super::limit::Limit;
use crate::{Config, Connection, Error, Event, Message, Opcode, Role, SendFlags, Sender, State, Status, Utf8Bytes};

/// Output of this length is written before more is read, even while the peer sends without a pause.
const FLUSH_LEN: usize = 64 * 1024;

/// A message from this length on is moved out of the connection, a shorter one is copied: that is cheaper than a lease.
const DETACH_LEN: usize = 8 * 1024;

/// A message from this length on is lent to a server's connection, which then copies nothing; a client masks a copy.
const LEND_LEN: usize = 8 * 1024;

/// How far a connection is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// Messages come and go.
    Open,
    /// The closing handshake is done, or the connection has failed: the output is written, the stream ended.
    Ending,
    /// A client, all done: the server ends the stream first (RFC 6455 7.1.1), and is waited for.
    AwaitingEof,
    /// Our direction of the stream is being ended.
    ShuttingDown,
    /// Nothing more comes.
    Ended,
}

/// Who writes what is queued, when nothing is there to read.
///
/// `forward` keeps back the last message that it read until the stream is pending, and then flushes: if the reader
/// wrote before, the answers to each read would leave in two writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Flusher {
    /// The reader, at once: nobody else ever did.
    Reader,
    /// The caller, who is given one turn for it.
    Caller,
    /// The reader after all: the caller had its turn.
    CallerIsLate,
}

/// A connection and what it needs to run over an [`Io`], which every call gets anew.
///
/// All state is here, none in a call: a call that returned `Pending` may be repeated, or never be.
pub(crate) struct Session {
    /// Before `lent`, so that it is dropped first.
    conn: Connection,
    /// What the output refers to.
    lent: Option<Box<Lent>>,
    /// Read behind the head of the opening handshake, and not yet taken by the engine.
    rest: Option<Box<Bytes>>,
    /// From the last event until the stream has ended.
    ending: Limit,
    phase: Phase,
    /// The stream refused to take more output. What the peer sent before that is still read.
    write_broken: bool,
    is_client: bool,
    flusher: Flusher,
}

impl Session {
    /// A session of an open connection, made with `config`. `rest` was read from the stream and not fed to `conn`.
    pub(crate) fn new(conn: Connection, rest: Bytes, config: &Config) -> Self {
        Self {
            conn,
            lent: None,
            rest: (!rest.is_empty()).then(|| Box::new(rest)),
            ending: Limit::new(config.close_time()),
            phase: Phase::Open,
            write_broken: false,
            is_client: config.role() == Role::Client,
            flusher: Flusher::Reader,
        }
    }

    pub(crate) fn conn(&self) -> &Connection {
        &self.conn
    }

    pub(crate) fn conn_mut(&mut self) -> &mut Connection {
        &mut self.conn
    }

    /// Whether nothing more comes: the stream was read and written to its end.
    #[cfg(feature = "tokio")]
    #[inline]
    pub(crate) fn is_ended(&self) -> bool {
        self.phase == Phase::Ended
    }

    /// Moves on to the next event where it was read before. `false` says nothing: ask `poll_advance`.
    #[inline]
    pub(crate) fn advance(&mut self) -> bool {
        self.phase == Phase::Open && matches!(self.conn.advance(), Ok(true))
    }

    /// Moves on to the next event, which [`current`](Self::current) then shows. `Ok(false)`: none will come any more.
    /// An error comes once; what follows is `Ok(false)`.
    #[inline]
    pub(crate) fn poll_advance(&mut self, io: &mut impl Io) -> Poll<Result<bool, Error>> {
        loop {
            if self.phase != Phase::Open {
                return self.poll_end(io).map(|()| Ok(false));
            }
            match self.conn.advance() {
                Ok(true) => return Poll::Ready(Ok(true)),
                Ok(false) => {}
                Err(error) => return Poll::Ready(Err(self.fail(error, io))),
            }
            ready!(self.poll_read(io))?;
        }
    }

    /// The event that `poll_advance` moved on to.
    #[inline]
    pub(crate) fn current(&self) -> Option<Event<'_>> {
        self.conn.current()
    }

    /// The same as a message of its own; `None` where it is a part of one. A large one is moved out of the connection.
    #[inline]
    pub(crate) fn take_message(&mut self) -> Option<Message> {
        let is_text = match self.conn.current()? {
            Event::Text(text) if text.len() >= DETACH_LEN => true,
            Event::Binary(data) if data.len() >= DETACH_LEN => false,
            event => return Message::from_event(event),
        };
        let Ok(lease) = self.conn.detach() else {
            // There was no memory for the lease, and the event is as it was.
            return self.conn.current().and_then(Message::from_event);
        };
        let data = Bytes::from_owner(lease);
        Some(if is_text {
            // SAFETY: these are the bytes of a text event, which the engine validated.
            Message::Text(unsafe { Utf8Bytes::from_bytes_unchecked(data) })
        } else {
            Message::Binary(data)
        })
    }

    /// Writes all output. Nothing is lost where it is cut short: the engine keeps what was not written.
    pub(crate) fn poll_flush(&mut self, io: &mut impl Io) -> Poll<Result<(), Error>> {
        if self.write_broken {
            return Poll::Ready(Err(io::Error::from(ErrorKind::BrokenPipe).into()));
        }
        let result = ready!(self.poll_write_all(io));
        self.write_broken = result.is_err();
        Poll::Ready(result.map_err(Error::from))
    }

    /// The same, for a caller who makes a habit of it.
    #[cfg(feature = "tokio")]
    pub(crate) fn poll_flush_by_caller(&mut self, io: &mut impl Io) -> Poll<Result<(), Error>> {
        self.flusher = Flusher::Caller;
        self.poll_flush(io)
    }

    /// Ready when there is room for more output: `Pending` while the peer reads more slowly than we send.
    #[inline]
    pub(crate) fn poll_ready(&mut self, io: &mut impl Io) -> Poll<Result<(), Error>> {
        if !self.conn.wants().pause() {
            return Poll::Ready(Ok(()));
        }
        match self.poll_flush(io) {
            Poll::Pending if !self.conn.wants().pause() => Poll::Ready(Ok(())),
            result => result,
        }
    }

    /// Calls `f` for the current event and those that came with it.
    pub(crate) fn handle(
        &mut self,
        mut f: impl FnMut(Event<'_>, &mut Sender<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        while let Some((event, mut sender)) = self.conn.current_with_sender() {
            f(event, &mut sender)?;
            // A failure is told again when the next call moves on.
            if !matches!(self.conn.advance(), Ok(true)) {
                break;
            }
        }
        Ok(())
    }

    /// Queues a message or a control frame. A close frame after the first is dropped: who forwards all that comes sends
    /// the peer's back, which the engine has answered.
    pub(crate) fn send(&mut self, message: &Message) -> Result<(), Error> {
        if message.is_close() && self.conn.state() != State::Open {
            return Ok(());
        }
        self.queue(|session| match message {
            Message::Text(text) if session.lends(text.len()) => session.lend(Opcode::Text, text.as_ref()),
            Message::Text(text) => session.conn.send_text(text),
            Message::Binary(data) if session.lends(data.len()) => session.lend(Opcode::Binary, data),
            Message::Binary(data) => session.conn.send_binary(data),
            Message::Ping(data) => session.conn.ping(data),
            Message::Pong(data) => session.conn.pong(data),
            Message::Close(None) => session.conn.close(None, ""),
            Message::Close(Some(frame)) => session.conn.close(Some(frame.code), &frame.reason),
        })
    }

    /// Queues something while the connection is open.
    #[inline]
    pub(crate) fn queue(&mut self, send: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        if self.phase != Phase::Open || self.write_broken {
            return Err(Error::Closed);
        }
        match send(self) {
            Err(Error::Rejected(Status::STATE)) if self.conn.state() != State::Open => Err(Error::Closed),
            result => result,
        }
    }

    fn lends(&self, len: usize) -> bool {
        len >= LEND_LEN && !self.is_client
    }

    /// Sends a message that the output refers to until it is written.
    fn lend(&mut self, opcode: Opcode, data: &Bytes) -> Result<(), Error> {
        let flags = if opcode == Opcode::Text { SendFlags::VALID_UTF8 } else { SendFlags::NONE };
        // SAFETY: `lent` keeps the bytes, which do not move with their owner, until the output up to their end was
        // consumed, or the connection dropped.
        unsafe { self.conn.send_borrowed(opcode, data, flags) }?;
        self.lent.get_or_insert_default().push(data.clone(), self.conn.output_len());
        Ok(())
    }

    /// Queues a close frame, unless it is too late for one.
    pub(crate) fn start_close(&mut self, code: Option<u16>, reason: &str) -> Result<(), Error> {
        if self.conn.state() == State::Open { self.conn.close(code, reason) } else { Ok(()) }
    }

    /// Ends the connection at once for a reason that the engine does not know.
    fn fail(&mut self, error: Error, io: &mut impl Io) -> Error {
        self.phase = Phase::Ending;
        // The close frame that tells the peer: most callers drop the stream when they see the error. If it cannot be
        // written now, `poll_end` tries again.
        let _ = self.poll_flush(io);
        error
    }

    /// Reads once. Ready(Ok) does not mean that an event came.
    fn poll_read<I: Io>(&mut self, io: &mut I) -> Poll<Result<(), Error>> {
        if !self.conn.wants().read() {
            self.phase = Phase::Ending;
            return Poll::Ready(Ok(()));
        }
        if I::BLOCKS || self.conn.output_len() >= FLUSH_LEN {
            // What the peer sent before it stopped to listen is still read: a broken stream shows there as well.
            let _ = self.poll_flush(io);
        }
        if let Err(error) = self.tick(io) {
            return Poll::Ready(Err(self.fail(error, io)));
        }
        match self.poll_fill(io) {
            Poll::Ready(Ok(0)) => self.end_of_stream(io),
            Poll::Ready(Ok(_)) => {
                self.await_flusher();
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.fail(error, io))),
            Poll::Pending => self.rest_before_pending(io),
        }
    }

    /// The next bytes of the stream go to the engine. Returns how many; 0 at its end.
    fn poll_fill(&mut self, io: &mut impl Io) -> Poll<Result<usize, Error>> {
        let mut room = self.conn.read_buffer(0)?;
        let read = match &mut self.rest {
            None => io.poll_read(&mut room),
            Some(rest) => {
                let room = room.initialized();
                let len = room.len().min(rest.len());
                room[..len].copy_from_slice(&rest.split_to(len));
                if rest.is_empty() {
                    self.rest = None;
                }
                Poll::Ready(Ok(len))
            }
        };
        // 0 gives the room back: a connection that waits holds none.
        room.commit(if let Poll::Ready(Ok(len)) = read { len } else { 0 })?;
        read.map_err(Error::from)
    }

    fn end_of_stream(&mut self, io: &mut impl Io) -> Poll<Result<(), Error>> {
        Poll::Ready(match self.conn.receive_eof() {
            Ok(()) => {
                self.phase = Phase::Ending;
                Ok(())
            }
            Err(error) => Err(self.fail(error, io)),
        })
    }

    /// Nothing is there to read: what waits to be written goes out, and the clock is set.
    fn rest_before_pending(&mut self, io: &mut impl Io) -> Poll<Result<(), Error>> {
        if self.flusher == Flusher::Caller && self.conn.output_len() > 0 && io.yield_now() {
            self.flusher = Flusher::CallerIsLate;
            return Poll::Pending;
        }
        self.await_flusher();
        if let Poll::Ready(Err(error)) = self.poll_flush(io) {
            return Poll::Ready(Err(self.fail(error, io)));
        }
        if self.conn.state() != State::Open {
            // The closing handshake has a time-out, whether or not a connection that is open has any.
            io.start_clock();
        }
        match self.tick(io) {
            Ok(Some(deadline)) => io.poll_alarm(deadline).map(Ok),
            Ok(None) => Poll::Pending,
            Err(error) => Poll::Ready(Err(self.fail(error, io))),
        }
    }

    /// Gives the caller who was late another turn.
    fn await_flusher(&mut self) {
        if self.flusher == Flusher::CallerIsLate {
            self.flusher = Flusher::Caller;
        }
    }

    /// Tells the engine the time, where there is a clock, and returns when to do so again.
    #[inline]
    fn tick(&mut self, io: &mut impl Io) -> Result<Option<Duration>, Error> {
        io.now().map_or(Ok(None), |now| self.conn.tick(now))
    }

    /// Brings the stream to its end. Errors of the stream say no more than that it has ended.
    fn poll_end(&mut self, io: &mut impl Io) -> Poll<()> {
        loop {
            self.phase = match self.phase {
                Phase::Ended => return Poll::Ready(()),
                Phase::Open | Phase::Ending => {
                    if self.poll_flush(io).is_pending() {
                        ready!(self.ending.poll(io));
                        self.write_broken = true;
                    }
                    let is_clean = !self.write_broken && self.conn.error().is_none();
                    if self.is_client && is_clean { Phase::AwaitingEof } else { Phase::ShuttingDown }
                }
                Phase::AwaitingEof => {
                    if poll_discard(io).is_pending() {
                        ready!(self.ending.poll(io));
                    }
                    Phase::ShuttingDown
                }
                Phase::ShuttingDown => {
                    if io.poll_shutdown().is_pending() {
                        ready!(self.ending.poll(io));
                    }
                    Phase::Ended
                }
            }
        }
    }

    fn poll_write_all(&mut self, io: &mut impl Io) -> Poll<io::Result<()>> {
        loop {
            let output = self.conn.output();
            if output.is_empty() {
                return io.poll_flush();
            }
            let len = ready!(io.poll_write(output.io_slices()))?;
            if len == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            output.consume(len).map_err(io::Error::other)?;
            if self.lent.as_mut().is_some_and(|lent| lent.consumed(len)) {
                self.lent = None;
            }
        }
    }
}

/// Reads what still comes, and drops it, until the stream ends, or it is too much.
fn poll_discard(io: &mut impl Io) -> Poll<()> {
    let mut room = [0; 1024];
    for _ in 0..64 {
        if let Ok(0) | Err(_) = ready!(io.poll_read_slice(&mut room)) {
            break;
        }
    }
    Poll::Ready(())
}
