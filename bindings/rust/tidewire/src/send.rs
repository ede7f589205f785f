// SPDX-License-Identifier: MIT
//! The output of a connection: from messages to bytes.

use core::marker::PhantomData;
use core::ops::{BitOr, BitOrAssign};

use tidewire_sys as sys;

use crate::error::accepted;
use crate::raw::Raw;
use crate::{Error, Opcode, Output, Prepared, State, Wants};

/// How a message is sent. The default: whole, validated, and compressed from
/// [`DeflateConfig::min_len`](crate::DeflateConfig::min_len) on where that was negotiated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SendFlags(u32);

impl SendFlags {
    /// The default.
    pub const NONE: Self = Self(0);
    /// More fragments of this message follow; they have [`Opcode::Continuation`].
    pub const MORE: Self = Self(sys::TW_SEND_MORE);
    /// The text is UTF-8, and need not be validated: in all fragments of a message, or in none.
    pub const VALID_UTF8: Self = Self(sys::TW_SEND_VALID_UTF8);
    /// Compress it whatever its length. First fragment only.
    pub const COMPRESS: Self = Self(sys::TW_SEND_COMPRESS);
    /// Do not compress it. First fragment only.
    pub const NO_COMPRESS: Self = Self(sys::TW_SEND_NO_COMPRESS);

    #[inline]
    pub(crate) const fn raw(self) -> u32 {
        self.0
    }
}

impl BitOr for SendFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for SendFlags {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// A message, or a fragment of one, for [`Sender::send_batch`].
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Outgoing<'a> {
    raw: sys::tw_message,
    marker: PhantomData<&'a [u8]>,
}

// SAFETY: it is a slice of bytes, which may be shared, and two numbers.
unsafe impl Send for Outgoing<'_> {}
// SAFETY: as above.
unsafe impl Sync for Outgoing<'_> {}

impl<'a> Outgoing<'a> {
    /// A message, or a fragment of one.
    #[inline]
    #[must_use]
    pub const fn new(opcode: Opcode, data: &'a [u8], flags: SendFlags) -> Self {
        let raw = sys::tw_message { data: data.as_ptr(), len: data.len(), opcode: opcode.raw(), flags: flags.raw() };
        Self { raw, marker: PhantomData }
    }

    /// A whole message of text.
    #[inline]
    #[must_use]
    pub const fn text(text: &'a str) -> Self {
        Self::new(Opcode::Text, text.as_bytes(), SendFlags::VALID_UTF8)
    }

    /// A whole message of bytes.
    #[inline]
    #[must_use]
    pub const fn binary(data: &'a [u8]) -> Self {
        Self::new(Opcode::Binary, data, SendFlags::NONE)
    }
}

/// The sending half of a connection, to be used while the events of the other half are looked at.
///
/// All of its calls are those of [`Connection`](crate::Connection) with the same names.
///
/// ```
/// use tidewire::{Config, Connection, Deflate, Event};
///
/// let mut conn = Connection::upgraded(&Config::server(), Deflate::default())?;
/// let mut data = [0x81, 0x82, 0, 0, 0, 0, b'h', b'i'];
/// let (mut events, mut sender) = conn.receive(&mut data)?;
/// while let Some(event) = events.next()? {
///     if let Event::Text(text) = event {
///         sender.send_text(text)?; // `text` still lies in `data`
///     }
/// }
/// assert_eq!(sender.output().to_vec(), b"\x81\x02hi");
/// # Ok::<(), tidewire::Error>(())
/// ```
pub struct Sender<'a> {
    raw: &'a Raw,
}

impl<'a> Sender<'a> {
    /// There is one sender of a connection at a time: it is what makes [`Output`] hold.
    #[inline]
    pub(crate) const fn new(raw: &'a Raw) -> Self {
        Self { raw }
    }

    /// Queues a message, or a fragment of one. The data is copied.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`]: [`Status::STATE`](crate::Status::STATE) where the connection is not open, or out of the
    /// order of fragments; [`Status::TEXT`](crate::Status::TEXT) where a text is not UTF-8;
    /// [`Status::ARGUMENT`](crate::Status::ARGUMENT) where flags do not go together; limits and resources. Nothing was
    /// queued then, and the connection goes on.
    #[inline]
    pub fn send(&mut self, opcode: Opcode, data: &[u8], flags: SendFlags) -> Result<(), Error> {
        // SAFETY: the data is valid during the call, which copies it.
        accepted(unsafe { sys::tw_conn_send(self.raw.as_ptr(), opcode.raw(), data.as_ptr(), data.len(), flags.raw()) })
    }

    /// Queues a message of text.
    ///
    /// # Errors
    ///
    /// As [`Sender::send`].
    #[inline]
    pub fn send_text(&mut self, text: &str) -> Result<(), Error> {
        self.send(Opcode::Text, text.as_bytes(), SendFlags::VALID_UTF8)
    }

    /// Queues a message of bytes.
    ///
    /// # Errors
    ///
    /// As [`Sender::send`].
    #[inline]
    pub fn send_binary(&mut self, data: &[u8]) -> Result<(), Error> {
        self.send(Opcode::Binary, data, SendFlags::NONE)
    }

    /// Like [`Sender::send`] without a copy from [`Config::min_borrow_len`](crate::Config::min_borrow_len) on, unless
    /// the data is masked or compressed.
    ///
    /// # Errors
    ///
    /// As [`Sender::send`].
    ///
    /// # Safety
    ///
    /// The data stays valid and as it is until all output up to its end was consumed, or the connection is dropped.
    #[inline]
    pub unsafe fn send_borrowed(&mut self, opcode: Opcode, data: &[u8], flags: SendFlags) -> Result<(), Error> {
        let flags = flags.raw() | sys::TW_SEND_BORROW;
        // SAFETY: the data stays as long as the engine may use it, as the caller says.
        accepted(unsafe { sys::tw_conn_send(self.raw.as_ptr(), opcode.raw(), data.as_ptr(), data.len(), flags) })
    }

    /// Queues messages until one is refused. Tells how many were queued, and why not more.
    ///
    /// # Errors
    ///
    /// As [`Sender::send`], of the first message that was not queued.
    #[inline]
    pub fn send_batch(&mut self, messages: &[Outgoing<'_>]) -> (usize, Result<(), Error>) {
        let mut count = 0;
        // SAFETY: an Outgoing is a tw_message, whose data is valid during the call, which copies it.
        let status = unsafe {
            let raw = messages.as_ptr().cast::<sys::tw_message>();
            sys::tw_conn_send_batch(self.raw.as_ptr(), raw, messages.len(), &raw mut count)
        };
        (count, accepted(status))
    }

    /// Queues a prepared message.
    ///
    /// # Errors
    ///
    /// As [`Sender::send`].
    #[inline]
    pub fn send_prepared(&mut self, prepared: &Prepared) -> Result<(), Error> {
        // SAFETY: both are valid; the engine keeps what it needs of the message.
        accepted(unsafe { sys::tw_conn_send_prepared(self.raw.as_ptr(), prepared.as_ptr()) })
    }

    /// Queues a ping.
    ///
    /// # Errors
    ///
    /// [`Status::CONTROL_LENGTH`](crate::Status::CONTROL_LENGTH) for more than 125 bytes; otherwise as
    /// [`Sender::send`].
    pub fn ping(&mut self, data: &[u8]) -> Result<(), Error> {
        // SAFETY: the data is valid during the call, which copies it.
        accepted(unsafe { sys::tw_conn_ping(self.raw.as_ptr(), data.as_ptr(), data.len()) })
    }

    /// Queues a pong: unsolicited, or the answer with [`Config::manual_pong`](crate::Config::manual_pong).
    ///
    /// # Errors
    ///
    /// As [`Sender::ping`].
    pub fn pong(&mut self, data: &[u8]) -> Result<(), Error> {
        // SAFETY: the data is valid during the call, which copies it.
        accepted(unsafe { sys::tw_conn_pong(self.raw.as_ptr(), data.as_ptr(), data.len()) })
    }

    /// Starts the closing handshake, or answers the peer's close frame in place of the engine. Without a code there is
    /// no reason either. Events go on until the peer answers.
    ///
    /// # Errors
    ///
    /// [`Status::SEND_CLOSE_CODE`](crate::Status::SEND_CLOSE_CODE) for a code that must not be sent,
    /// [`Status::CONTROL_LENGTH`](crate::Status::CONTROL_LENGTH) for a reason of more than 123 bytes,
    /// [`Status::ARGUMENT`](crate::Status::ARGUMENT) for one without a code,
    /// [`Status::STATE`](crate::Status::STATE) where a close frame was sent; otherwise as [`Sender::send`].
    pub fn close(&mut self, code: Option<u16>, reason: &str) -> Result<(), Error> {
        // 0 is C's word for none, and no code that may be sent.
        if code == Some(0) {
            return Err(Error::Rejected(crate::Status::SEND_CLOSE_CODE));
        }
        let code = u32::from(code.unwrap_or(0));
        // SAFETY: the reason is valid during the call, which copies it.
        accepted(unsafe { sys::tw_conn_close(self.raw.as_ptr(), code, reason.as_ptr(), reason.len()) })
    }

    /// The queued output.
    #[inline]
    pub fn output(&mut self) -> Output<'_> {
        Output::new(self.raw)
    }

    /// Bytes of output that are queued, without a close frame that [`Sender::output`] will add.
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
