// SPDX-License-Identifier: MIT
//! Why something did not work.

use core::fmt;

use tidewire_sys as sys;

use crate::Status;

/// Why something did not work.
///
/// ```
/// use tidewire::{Config, Connection, Deflate, Error, Status};
///
/// let mut conn = Connection::upgraded(&Config::server(), Deflate::default())?;
/// let mut data = [0x81, 0x01, b'a'];
/// let (mut events, _) = conn.receive(&mut data)?;
/// let Err(Error::Failed(failure)) = events.next() else { panic!("a client's frames are masked") };
/// assert_eq!(failure.status(), Status::MASK_MISSING);
/// assert_eq!(failure.section(), Some("RFC 6455 5.1"));
/// assert_eq!(failure.close_code(), Some(1002));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The connection has failed: the peer broke the protocol, a limit was reached, or a resource is missing. Write the
    /// output, which tells the peer, and close the stream.
    Failed(Failure),
    /// The call was refused, and changed nothing.
    Rejected(Status),
    /// The stream failed.
    #[cfg(feature = "std")]
    Io(std::io::Error),
    /// The connection is closed.
    #[cfg(feature = "std")]
    Closed,
    /// This is no URL of a WebSocket (RFC 6455 3), for the reason that is told.
    #[cfg(feature = "std")]
    InvalidUrl(&'static str),
    /// The server answered with another status than 101: to a redirect, for instance, or to authenticate.
    #[cfg(feature = "std")]
    Refused(alloc::boxed::Box<crate::handshake::Response>),
    /// This server's own decision refused the request, with this status of HTTP.
    #[cfg(feature = "std")]
    Declined(u16),
}

impl Error {
    /// What the engine said, where it is the engine that refused or failed.
    #[must_use]
    pub const fn status(&self) -> Option<Status> {
        match self {
            Self::Failed(failure) => Some(failure.status),
            Self::Rejected(status) => Some(*status),
            #[cfg(feature = "std")]
            _ => None,
        }
    }

    /// The error for a status of a function without a connection, which looked at what a peer sent. `offset` is that of
    /// the offending byte.
    pub(crate) const fn from_status(status: sys::tw_status, offset: u64) -> Self {
        let status = Status::from_raw(status);
        if status.is_protocol() || status.is_limit() {
            Self::Failed(Failure { status, close_code: 0, offset })
        } else {
            Self::Rejected(status)
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => failure.fmt(f),
            Self::Rejected(status) => status.fmt(f),
            #[cfg(feature = "std")]
            Self::Io(error) => error.fmt(f),
            #[cfg(feature = "std")]
            Self::Closed => f.write_str("the connection is closed"),
            #[cfg(feature = "std")]
            Self::InvalidUrl(reason) => write!(f, "not a URL of a WebSocket: {reason}"),
            #[cfg(feature = "std")]
            Self::Refused(response) => write!(f, "the server refused with status {}", response.status()),
            #[cfg(feature = "std")]
            Self::Declined(status) => write!(f, "the request was refused with status {status}"),
        }
    }
}

impl core::error::Error for Error {
    // What is printed has the text of what is inside, so that its source is that one's.
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            #[cfg(feature = "std")]
            Self::Io(error) => error.source(),
            _ => None,
        }
    }
}

#[cfg(feature = "std")]
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// An error as the traits of `std::io` want it: what the peer did wrong is `InvalidData`, what has passed `TimedOut`.
#[cfg(feature = "std")]
impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        use std::io::ErrorKind;
        let kind = match &error {
            Error::Io(_) => ErrorKind::Other,
            Error::Closed => ErrorKind::NotConnected,
            Error::Refused(_) | Error::Declined(_) => ErrorKind::ConnectionRefused,
            Error::Failed(failure) => match failure.status {
                Status::EOF => ErrorKind::UnexpectedEof,
                Status::NO_MEMORY => ErrorKind::OutOfMemory,
                status if matches!(status.raw(), -229..=-220) => ErrorKind::TimedOut,
                _ => ErrorKind::InvalidData,
            },
            Error::Rejected(Status::NO_MEMORY) => ErrorKind::OutOfMemory,
            Error::Rejected(_) | Error::InvalidUrl(_) => ErrorKind::InvalidInput,
        };
        match error {
            Error::Io(error) => error,
            other => Self::new(kind, other),
        }
    }
}

/// Why a connection has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    status: Status,
    close_code: u16,
    offset: u64,
}

impl Failure {
    /// What the connection says of itself; `None` where it has not failed.
    pub(crate) fn of(error: &sys::tw_error) -> Option<Self> {
        // Close codes have 16 bits on the wire.
        let close_code = u16::try_from(error.close_code).unwrap_or(0);
        let failure = Self { status: Status::from_raw(error.status), close_code, offset: error.offset };
        (error.status != sys::TW_OK).then_some(failure)
    }

    /// What is wrong.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Where: the position in the received stream, in bytes, of the offending byte or frame.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The close code that answered the failure; 1006 where none did, `None` in the opening handshake.
    #[must_use]
    pub const fn close_code(&self) -> Option<u16> {
        if self.close_code == 0 { None } else { Some(self.close_code) }
    }

    /// The rule that was broken, such as `"RFC 6455 5.2"`, where it is one of an RFC.
    #[must_use]
    pub fn section(&self) -> Option<&'static str> {
        self.status.section()
    }

    /// The limit that was reached, by its name in [`Config`](crate::Config): `"max_frame_len"`.
    #[must_use]
    pub fn limit(&self) -> Option<&'static str> {
        self.status.limit()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.status, self.offset)?;
        match self.section().or(self.limit()) {
            Some(rule) => write!(f, " ({rule})"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for Failure {}

/// Turns the status of a call that changes nothing when it is refused into a result.
#[inline]
pub(crate) const fn accepted(status: sys::tw_status) -> Result<(), Error> {
    if status == sys::TW_OK { Ok(()) } else { Err(Error::Rejected(Status::from_raw(status))) }
}
