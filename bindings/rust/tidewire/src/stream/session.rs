// SPDX-License-Identifier: MIT
//! The life of a connection over a stream: reading, writing, and the two ways in which it ends.

use core::task::{Poll, ready};
use core::time::Duration;
use std::boxed::Box;
use std::io::{self, ErrorKind};

use bytes::Bytes;

use super::Io;
use super::lent::Lent;
use crate::{
    Config, Connection, Error, Event, Message, Opcode, Outgoing, Prepared, Role, SendFlags, Sender, State, Utf8Bytes,
};

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
    /// A client, all done: the server ends the stream first (RFC 6455 7.1.1).
    AwaitingEof,
    /// Our direction of the stream is being ended.
    ShuttingDown,
    /// Nothing more comes.
    Ended,
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
    /// How long a client waits for the server to end the stream, and once it does, until when.
    end_timeout: Option<Duration>,
    phase: Phase,
    /// The stream refused to take more output. What the peer sent before that is still read.
    write_broken: bool,
    is_client: bool,
    /// Somebody flushes after it has fed, and a reader leaves that to it for one turn.
    pub(crate) has_flusher: bool,
    /// That turn has come.
    has_yielded: bool,
}

impl Session {
    /// A session of an open connection, made with `config`. `rest` was read from the stream and not fed to `conn`.
    pub(crate) fn new(conn: Connection, rest: Bytes, config: &Config) -> Self {
        Self {
            conn,
            lent: None,
            rest: (!rest.is_empty()).then(|| Box::new(rest)),
            end_timeout: config.close_time(),
            phase: Phase::Open,
            write_broken: false,
            is_client: config.role() == Role::Client,
            has_flusher: false,
            has_yielded: false,
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
    pub(crate) fn take_message(&mut self) -> Result<Option<Message>, Error> {
        match self.conn.current() {
            Some(Event::Text(text)) if text.len() >= DETACH_LEN => {
                let data = Bytes::from_owner(self.conn.detach()?);
                // SAFETY: these are the bytes of a text event, which the engine validated.
                Ok(Some(Message::Text(unsafe { Utf8Bytes::from_bytes_unchecked(data) })))
            }
            Some(Event::Binary(data)) if data.len() >= DETACH_LEN => {
                Ok(Some(Message::Binary(Bytes::from_owner(self.conn.detach()?))))
            }
            event => Ok(event.and_then(Message::from_event)),
        }
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

    /// Ready when there is room for more output: `Pending` while the peer reads more slowly than we send.
    #[inline]
    pub(crate) fn poll_ready(&mut self, io: &mut impl Io) -> Poll<Result<(), Error>> {
        if self.conn.wants().pause() { self.poll_flush(io) } else { Poll::Ready(Ok(())) }
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

    /// Sends a message or a control frame, without writing it.
    pub(crate) fn send(&mut self, message: &Message) -> Result<(), Error> {
        self.check_open()?;
        match message {
            Message::Text(text) if self.lends(text.len()) => self.lend(Opcode::Text, text.as_ref()),
            Message::Text(text) => self.conn.send_text(text),
            Message::Binary(data) if self.lends(data.len()) => self.lend(Opcode::Binary, data),
            Message::Binary(data) => self.conn.send_binary(data),
            Message::Ping(data) => self.conn.ping(data),
            Message::Pong(data) => self.conn.pong(data),
            Message::Close(None) => self.conn.close(None, ""),
            Message::Close(Some(frame)) => self.conn.close(Some(frame.code), &frame.reason),
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

    /// Sends messages of somebody else's bytes, without writing them.
    pub(crate) fn send_batch(&mut self, messages: &[Outgoing<'_>]) -> Result<(), Error> {
        self.check_open()?;
        self.conn.send_batch(messages).1
    }

    /// Sends a prepared message, without writing it.
    pub(crate) fn send_prepared(&mut self, message: &Prepared) -> Result<(), Error> {
        self.check_open()?;
        self.conn.send_prepared(message)
    }

    /// Queues a close frame, unless it is too late for one.
    pub(crate) fn start_close(&mut self, code: Option<u16>, reason: &str) -> Result<(), Error> {
        if self.conn.state() == State::Open { self.conn.close(code, reason) } else { Ok(()) }
    }

    #[inline]
    fn check_open(&self) -> Result<(), Error> {
        if self.phase == Phase::Open && !self.write_broken { Ok(()) } else { Err(Error::Closed) }
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
            Poll::Ready(Ok(_)) => Poll::Ready(Ok(())),
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
        // `forward` keeps the last message that it read back until the stream is pending, and then flushes: to write
        // before would make two writes of each read's answers.
        if self.has_flusher && !self.has_yielded && self.conn.output_len() > 0 && io.yield_now() {
            self.has_yielded = true;
            return Poll::Pending;
        }
        self.has_yielded = false;
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

    /// Tells the engine the time, where there is a clock, and returns when to do so again.
    #[inline]
    fn tick(&mut self, io: &mut impl Io) -> Result<Option<Duration>, Error> {
        io.now().map_or(Ok(None), |now| self.conn.tick(now))
    }

    /// Brings the stream to its end. Errors of the stream say no more than that it has ended.
    fn poll_end(&mut self, io: &mut impl Io) -> Poll<()> {
        loop {
            match self.phase {
                Phase::Ended => return Poll::Ready(()),
                Phase::Ending => {
                    if self.poll_flush(io).is_pending() {
                        ready!(self.poll_close_timeout(io));
                        continue;
                    }
                    self.phase = self.after_output(io);
                }
                Phase::AwaitingEof => {
                    if poll_discard(io).is_pending() {
                        let Some(deadline) = self.end_timeout else { return Poll::Pending };
                        ready!(io.poll_alarm(deadline));
                    }
                    self.phase = Phase::ShuttingDown;
                }
                Phase::Open | Phase::ShuttingDown => {
                    let _ = ready!(io.poll_shutdown());
                    self.phase = Phase::Ended;
                }
            }
        }
    }

    /// What follows when the last output was written.
    fn after_output(&mut self, io: &mut impl Io) -> Phase {
        if !self.is_client || self.write_broken || self.conn.error().is_some() {
            return Phase::ShuttingDown;
        }
        io.start_clock();
        self.end_timeout = self.end_timeout.and_then(|timeout| Some(io.now()?.saturating_add(timeout)));
        Phase::AwaitingEof
    }

    /// While the last output cannot be written. Ready: the engine has dropped it, or its next deadline has come.
    fn poll_close_timeout(&mut self, io: &mut impl Io) -> Poll<()> {
        io.start_clock();
        match self.tick(io) {
            Ok(None) => Poll::Pending,
            Ok(Some(deadline)) => io.poll_alarm(deadline),
            Err(_) => {
                self.write_broken = true;
                Poll::Ready(())
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

/// Reads what still comes, and drops it, until the stream ends.
fn poll_discard(io: &mut impl Io) -> Poll<()> {
    let mut room = [0; 512];
    loop {
        match ready!(io.poll_read_slice(&mut room)) {
            Ok(0) | Err(_) => return Poll::Ready(()),
            Ok(_) => {}
        }
    }
}
