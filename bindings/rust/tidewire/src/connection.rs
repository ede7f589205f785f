// SPDX-License-Identifier: MIT
//! One side of a connection, without I/O.

use core::fmt;
use core::time::Duration;

use tidewire_sys as sys;

use crate::batch::Batch;
use crate::error::accepted;
use crate::raw::Raw;
use crate::{
    CloseInfo, Config, Deflate, Error, Failure, Opcode, Outgoing, Output, Prepared, SendFlags, Sender, State, Stats,
    Wants,
};

/// One side of a WebSocket connection, without I/O: feed what was read from the stream, look at the events, send, write
/// the output to the stream.
///
/// ```
/// use tidewire::{Config, Connection, Event};
///
/// let mut client = Connection::new(&Config::client("example.com").target("/chat"))?;
/// let mut server = Connection::new(&Config::server())?;
///
/// // What one side wants to write is what the other one reads.
/// fn pass(from: &mut Connection, to: &mut Connection) -> Result<Vec<String>, tidewire::Error> {
///     let mut bytes = from.output().to_vec();
///     from.output().consume(bytes.len())?;
///     let (mut events, mut sender) = to.receive(&mut bytes)?;
///     let mut seen = Vec::new();
///     while let Some(event) = events.next()? {
///         match event {
///             Event::Open { .. } => seen.push("open".to_string()),
///             Event::Text(text) => {
///                 seen.push(text.to_string());
///                 sender.send_text("how do you do")?;
///             }
///             _ => {}
///         }
///     }
///     Ok(seen)
/// }
///
/// assert_eq!(pass(&mut client, &mut server)?, ["open"]);
/// assert_eq!(pass(&mut server, &mut client)?, ["open"]);
/// client.send_text("hello")?;
/// assert_eq!(pass(&mut client, &mut server)?, ["hello"]);
/// assert_eq!(pass(&mut server, &mut client)?, ["how do you do"]);
/// # Ok::<(), tidewire::Error>(())
/// ```
///
/// # What borrows what
///
/// Bytes of events are not copied: they lie in the buffer that was fed, or in memory of the connection, until more
/// input is taken. So [`Connection::receive`] borrows both for as long as its [`Events`](crate::Events) live, and each
/// event borrows the events, so that the next one ends it. The [`Sender`] that comes with them can do all but take
/// input: it answers while the event is looked at. This does not compile:
///
/// ```compile_fail,E0499
/// # let config = tidewire::Config::server();
/// # let mut conn = tidewire::Connection::new(&config)?;
/// let mut data = [0; 64];
/// let (mut events, _) = conn.receive(&mut data)?;
/// let event = events.next()?;
/// conn.receive(&mut [0; 64])?; // would end what `event` shows
/// println!("{event:?}");
/// # Ok::<(), tidewire::Error>(())
/// ```
pub struct Connection {
    pub(crate) batch: Batch,
    pub(crate) raw: Raw,
}

impl Connection {
    /// A connection that begins with the opening handshake. A client's request is output at once.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`]: [`Status::HEADER_INJECTION`](crate::Status::HEADER_INJECTION) or
    /// [`Status::ARGUMENT`](crate::Status::ARGUMENT) for a string that the handshake cannot carry, or a number out of
    /// its range; [`Status::UNSUPPORTED`](crate::Status::UNSUPPORTED) where the library is older than this crate;
    /// resources.
    pub fn new(config: &Config) -> Result<Self, Error> {
        Ok(Self { batch: Batch::new(), raw: Raw::new(config, None)? })
    }

    /// A connection whose opening handshake was done elsewhere: the stream starts with frames. `deflate` is what the
    /// handshake agreed on, which the configuration must allow.
    ///
    /// # Errors
    ///
    /// As [`Connection::new`].
    pub fn upgraded(config: &Config, deflate: Deflate) -> Result<Self, Error> {
        Ok(Self { batch: Batch::new(), raw: Raw::new(config, Some(&deflate.raw()))? })
    }

    /// Says that the peer closed its direction of the stream.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] with [`Status::EOF`](crate::Status::EOF) where its close frame had not come, or with what the
    /// connection had failed with before.
    pub fn receive_eof(&mut self) -> Result<(), Error> {
        // SAFETY: the connection is valid.
        match unsafe { sys::tw_conn_receive_eof(self.raw.as_ptr()) } {
            sys::TW_OK => Ok(()),
            status => Err(self.raw.error(status)),
        }
    }

    /// Tells the time, since any moment, of a clock that does not go back: call it before the calls that take input,
    /// and at the deadline. Returns the deadline: when to call it again at the latest, on the same clock. Every call
    /// may bring that nearer. Without ticks there are no time-outs, pings and rates.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] when a time-out has passed, or the connection had failed before.
    #[inline]
    pub fn tick(&mut self, now: Duration) -> Result<Option<Duration>, Error> {
        // A clock that has run for more than 584 years stands still.
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let mut deadline = sys::TW_NEVER;
        // SAFETY: both are valid; views of output, which a tick may drop, have ended.
        match unsafe { sys::tw_conn_tick(self.raw.as_ptr(), now, &raw mut deadline) } {
            sys::TW_OK => Ok((deadline != sys::TW_NEVER).then(|| Duration::from_nanos(deadline))),
            status => Err(self.raw.error(status)),
        }
    }

    /// Sets [`Config::max_message_len`] for what comes from now on.
    ///
    /// # Errors
    ///
    /// [`Status::NO_MEMORY`](crate::Status::NO_MEMORY); nothing has changed.
    pub fn set_max_message_len(&mut self, max_message_len: u64) -> Result<(), Error> {
        // SAFETY: the connection is valid.
        accepted(unsafe { sys::tw_conn_set_max_message_len(self.raw.as_ptr(), max_message_len) })
    }

    /// Lets a call of the engine write at most so many events: for tests of what follows a full array.
    #[doc(hidden)]
    pub fn set_event_cap(&mut self, cap: usize) {
        self.batch.set_cap(cap);
    }

    /// The sending half.
    #[inline]
    pub fn sender(&mut self) -> Sender<'_> {
        Sender::new(&self.raw)
    }

    /// Why the connection has failed.
    #[must_use]
    pub fn error(&self) -> Option<Failure> {
        self.raw.failure()
    }

    /// The close codes of both directions, and what began the closing.
    #[must_use]
    pub fn close_info(&self) -> CloseInfo {
        self.raw.close_info()
    }

    /// What compression was negotiated.
    #[must_use]
    pub fn deflate(&self) -> Deflate {
        self.raw.deflate()
    }

    /// What the connection did and holds.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.raw.stats()
    }

    /// The connection as C has it, for functions of `tidewire-sys`. It stays this one's. A call that takes input ends
    /// the events, one that consumes output ends an [`Output`], whatever Rust thinks of their borrows.
    #[inline]
    #[must_use]
    pub const fn as_ptr(&self) -> *mut sys::tw_conn {
        self.raw.as_ptr()
    }
}

/// Sending: the calls of [`Sender`].
impl Connection {
    /// Queues a message, or a fragment of one: [`Sender::send`].
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub fn send(&mut self, opcode: Opcode, data: &[u8], flags: SendFlags) -> Result<(), Error> {
        self.sender().send(opcode, data, flags)
    }

    /// Queues a message of text: [`Sender::send_text`].
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub fn send_text(&mut self, text: &str) -> Result<(), Error> {
        self.sender().send_text(text)
    }

    /// Queues a message of bytes: [`Sender::send_binary`].
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub fn send_binary(&mut self, data: &[u8]) -> Result<(), Error> {
        self.sender().send_binary(data)
    }

    /// Queues messages until one is refused: [`Sender::send_batch`].
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub fn send_batch(&mut self, messages: &[Outgoing<'_>]) -> (usize, Result<(), Error>) {
        self.sender().send_batch(messages)
    }

    /// Queues a prepared message: [`Sender::send_prepared`].
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub fn send_prepared(&mut self, prepared: &Prepared) -> Result<(), Error> {
        self.sender().send_prepared(prepared)
    }

    /// Queues a ping: [`Sender::ping`].
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub fn ping(&mut self, data: &[u8]) -> Result<(), Error> {
        self.sender().ping(data)
    }

    /// Queues a pong: [`Sender::pong`].
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub fn pong(&mut self, data: &[u8]) -> Result<(), Error> {
        self.sender().pong(data)
    }

    /// Starts the closing handshake: [`Sender::close`].
    ///
    /// # Errors
    ///
    /// As there.
    #[inline]
    pub fn close(&mut self, code: Option<u16>, reason: &str) -> Result<(), Error> {
        self.sender().close(code, reason)
    }

    /// Queues a message without a copy: [`Sender::send_borrowed`].
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// As there.
    #[inline]
    pub unsafe fn send_borrowed(&mut self, opcode: Opcode, data: &[u8], flags: SendFlags) -> Result<(), Error> {
        // SAFETY: the caller keeps the same promise.
        unsafe { self.sender().send_borrowed(opcode, data, flags) }
    }

    /// The queued output.
    #[inline]
    pub fn output(&mut self) -> Output<'_> {
        Output::new(&self.raw)
    }

    /// Bytes of output that are queued, without a close frame that [`Connection::output`] will add.
    #[inline]
    #[must_use]
    pub fn output_len(&self) -> usize {
        self.raw.output_len()
    }

    /// How far the connection is.
    #[inline]
    #[must_use]
    pub fn state(&self) -> State {
        self.raw.state()
    }

    /// What the connection waits for.
    #[inline]
    #[must_use]
    pub fn wants(&self) -> Wants {
        self.raw.wants()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("state", &self.state()).finish_non_exhaustive()
    }
}
