// SPDX-License-Identifier: MIT
//! The WebSocket connection over an asynchronous stream.

use core::fmt;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_sink::Sink;
use std::boxed::Box;
use tokio::io::{AsyncRead, AsyncWrite};

use super::clock::Clock;
use super::transport::Transport;
use crate::handshake::Upgrade;
use crate::stream::{BATCH, Opened, Session};
use crate::{Config, Connection, Deflate, Error, Event, Message, Outgoing, Prepared, Sender};

/// A WebSocket connection over an asynchronous stream: a [`Stream`] and a [`Sink`] of [`Message`]s.
///
/// **Receiving.** One read brings many messages; they are handed out one by one before the next read. Pings are
/// answered by themselves, and the peer's close frame is. An error comes once; after it, and after the closing
/// handshake, the stream ends. [`next_event`](Self::next_event) and [`handle`](Self::handle) lend what came instead of
/// copying it.
///
/// **Sending.** `feed` only queues a message, and waits while the peer reads more slowly than we send (see
/// [`Config::output_high_len`](crate::Config)). What is queued is written by `flush`, and by whoever reads before it
/// waits for the peer (in its next turn, where `Sink`'s `flush` is used): a program that answers each message with
/// `feed`, or by `forward`, writes once for each read.
///
/// **Cancelling.** Every future and every poll may be dropped: nothing that was received or queued is lost, and the
/// next call goes on where it stopped.
///
/// While nothing comes, no buffer is held.
pub struct WebSocketStream<S> {
    stream: S,
    session: Session,
    subprotocol: Option<Box<str>>,
    clock: Option<Box<Clock>>,
    waiting: Waiting,
}

/// Who waits for a connection. After a split these are two tasks.
#[derive(Default)]
struct Waiting {
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// For what a method waits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Reader,
    Writer,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocketStream<S> {
    pub(super) fn new(stream: S, opened: Opened) -> Self {
        Self {
            stream,
            session: opened.session,
            subprotocol: opened.subprotocol.map(Into::into),
            clock: if opened.keeps_time { Clock::start() } else { None },
            waiting: Waiting::default(),
        }
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

    /// Waits for what comes next, and lends it: nothing is copied, nothing allocated. `None` after the end.
    ///
    /// ```
    /// # use tidewire::{Error, Event, tokio::WebSocketStream};
    /// # async fn total(mut ws: WebSocketStream<tokio::net::TcpStream>) -> Result<usize, Error> {
    /// let mut total = 0;
    /// while let Some(event) = ws.next_event().await? {
    ///     match event {
    ///         Event::Text(text) => total += text.len(),
    ///         Event::Binary(data) => total += data.len(),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(total)
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The connection has failed, or the stream has. It is told once, then `None` follows.
    #[inline]
    pub async fn next_event(&mut self) -> Result<Option<Event<'_>>, Error> {
        // What is there already needs no future.
        let more = self.session.advance() || poll_fn(|cx| self.poll_read(cx)).await?;
        Ok(if more { self.session.current() } else { None })
    }

    /// Waits for the next read, and calls `f` for all that came with it, with a [`Sender`] for answers; nothing is
    /// copied or allocated in between. The answers leave when this is called again. `false` after the end.
    ///
    /// Before it reads it waits until the peer has taken enough of what was sent.
    ///
    /// An echo:
    ///
    /// ```
    /// # use tidewire::{Error, Event, tokio::WebSocketStream};
    /// # async fn echo(mut ws: WebSocketStream<tokio::net::TcpStream>) -> Result<(), Error> {
    /// while ws
    ///     .handle(|event, answers| match event {
    ///         Event::Text(text) => answers.send_text(text),
    ///         Event::Binary(data) => answers.send_binary(data),
    ///         _ => Ok(()),
    ///     })
    ///     .await?
    /// {}
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`next_event`](Self::next_event), and those of `f`, after which what `f` has not seen waits for the next
    /// call.
    pub async fn handle(
        &mut self,
        f: impl FnMut(Event<'_>, &mut Sender<'_>) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        poll_fn(|cx| self.poll_room(cx)).await?;
        if !poll_fn(|cx| self.poll_advance(cx)).await? {
            return Ok(false);
        }
        self.session.handle(f)?;
        Ok(true)
    }

    /// Writes all that is queued.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]: the stream takes nothing more.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.poll_written(cx)).await
    }

    /// Sends all of these messages, in one write where the stream takes it.
    ///
    /// ```
    /// # use tidewire::{Error, Outgoing, tokio::WebSocketStream};
    /// # async fn publish(mut ws: WebSocketStream<tokio::net::TcpStream>) -> Result<(), Error> {
    /// ws.send_batch(["ebb", "flow"].map(Outgoing::text)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As `send` of each: the messages before the refused one were sent. [`Error::Io`].
    pub async fn send_batch<'m>(&mut self, messages: impl IntoIterator<Item = Outgoing<'m>>) -> Result<(), Error> {
        let mut messages = messages.into_iter();
        loop {
            let mut chunk = [Outgoing::binary(&[]); BATCH];
            let len = chunk.iter_mut().zip(&mut messages).map(|(slot, message)| *slot = message).count();
            if len == 0 {
                break;
            }
            poll_fn(|cx| self.poll_room(cx)).await?;
            self.session.queue(|session| session.conn_mut().send_batch(&chunk[..len]).1)?;
        }
        self.flush().await
    }

    /// Sends a message that was encoded before.
    ///
    /// # Errors
    ///
    /// As `send`.
    pub async fn send_prepared(&mut self, message: &Prepared) -> Result<(), Error> {
        poll_fn(|cx| self.poll_room(cx)).await?;
        self.session.queue(|session| session.conn_mut().send_prepared(message))?;
        self.flush().await
    }

    /// Sends a ping of at most 125 bytes. The answer comes as a [`Message::Pong`].
    ///
    /// # Errors
    ///
    /// As `send`.
    pub async fn ping(&mut self, data: &[u8]) -> Result<(), Error> {
        self.session.queue(|session| session.conn_mut().ping(data))?;
        self.flush().await
    }

    /// Queues messages without waiting, whatever the peer has taken so far: bounded by `max_output_len` alone.
    #[must_use = "a sender does nothing by itself"]
    pub fn sender(&mut self) -> Sender<'_> {
        self.session.conn_mut().sender()
    }

    /// Does the closing handshake: sends a close frame, unless one was sent, drops what still comes before the peer's,
    /// and ends the stream. `reason` has at most 123 bytes.
    ///
    /// It waits for the peer as long as the configuration's `close_timeout` says, where that is set. To receive what
    /// still comes, send [`Message::Close`] and read on.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`]: the code must not be sent, or the reason is too long; nothing was sent then. Otherwise as
    /// [`next_event`](Self::next_event).
    pub async fn close(&mut self, code: u16, reason: &str) -> Result<(), Error> {
        self.session.start_close(Some(code), reason)?;
        while poll_fn(|cx| self.poll_advance(cx)).await? {}
        Ok(())
    }

    /// Moves on to the next event.
    #[inline]
    fn poll_advance(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        if self.session.advance() { Poll::Ready(Ok(true)) } else { self.poll_read(cx) }
    }

    /// Reads until there is a next event.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Error>> {
        let result = self.poll_session(Side::Reader, cx, |session, io| session.poll_advance(io));
        if !matches!(result, Poll::Pending | Poll::Ready(Ok(true))) {
            // Whoever waits to send waits in vain now.
            if let Some(writer) = self.waiting.writer.take() {
                writer.wake();
            }
        }
        result
    }

    /// Ready when more may be queued.
    #[inline]
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_session(Side::Writer, cx, |session, io| session.poll_ready(io))
    }

    /// Ready when all that was queued is written.
    #[inline]
    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_session(Side::Writer, cx, |session, io| session.poll_flush(io))
    }

    /// Polls the session with the stream, and remembers who waits.
    #[inline]
    fn poll_session<T>(
        &mut self,
        side: Side,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Session, &mut Transport<'_, '_, S>) -> Poll<T>,
    ) -> Poll<T> {
        let Self { stream, session, clock, waiting, .. } = self;
        let (mine, other) = match side {
            Side::Reader => (&mut waiting.reader, &waiting.writer),
            Side::Writer => (&mut waiting.writer, &waiting.reader),
        };
        let result = poll(session, &mut Transport { stream, clock, cx, other: other.as_ref() });
        if result.is_pending() {
            match mine {
                Some(waker) => waker.clone_from(cx.waker()),
                None => *mine = Some(cx.waker().clone()),
            }
        }
        result
    }
}

impl<S> WebSocketStream<S> {
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

    /// The time-out of the closing handshake begins: whoever reads has to look at the clock.
    fn wake_reader(&mut self) {
        if let Some(reader) = self.waiting.reader.take() {
            reader.wake();
        }
    }

    /// Gives the connection up, with what is queued and what was read, and returns the stream.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for WebSocketStream<S> {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        while ready!(this.poll_advance(cx))? {
            if let Some(message) = this.session.take_message() {
                return Poll::Ready(Some(Ok(message)));
            }
        }
        Poll::Ready(None)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> FusedStream for WebSocketStream<S> {
    fn is_terminated(&self) -> bool {
        self.session.is_ended()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Message> for WebSocketStream<S> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().poll_room(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        let this = self.get_mut();
        this.session.send(&message)?;
        if message.is_close() {
            this.wake_reader();
        }
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().poll_session(Side::Writer, cx, |session, io| session.poll_flush_by_caller(io))
    }

    /// Sends a close frame with code 1000, unless one was sent, and writes all that is queued. It does not wait for the
    /// peer: read until the stream ends, or use [`close`](WebSocketStream::close).
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let this = self.get_mut();
        if this.session.is_ended() {
            return Poll::Ready(Ok(()));
        }
        this.session.start_close(Some(1000), "")?;
        this.wake_reader();
        this.poll_written(cx)
    }
}

impl<S: fmt::Debug> fmt::Debug for WebSocketStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketStream")
            .field("stream", &self.stream)
            .field("state", &self.connection().state())
            .field("subprotocol", &self.subprotocol)
            .finish_non_exhaustive()
    }
}
