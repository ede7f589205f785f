// SPDX-License-Identifier: MIT
//! Messages that own their bytes, as the blocking and the asynchronous stream hand them out and take them.

use core::fmt;
use core::ops::Deref;
use std::string::String;
use std::vec::Vec;

use bytes::Bytes;

use crate::Event;

/// The close code that stands for none (RFC 6455 7.1.5).
const NO_CODE: u16 = 1005;

/// Bytes that are known to be UTF-8: a `str` that is shared, not copied, when it is cloned.
///
/// ```
/// use tidewire::Utf8Bytes;
///
/// let text = Utf8Bytes::from("sea");
/// assert_eq!(text.len(), 3);
/// assert_eq!(text, "sea");
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Utf8Bytes(Bytes);

impl Utf8Bytes {
    /// Text that lives for the whole run of the program; nothing is copied.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }

    /// The text.
    #[inline]
    #[must_use]
    pub fn as_str(&self) -> &str {
        // SAFETY: every constructor takes a `str`, or bytes that were validated.
        unsafe { core::str::from_utf8_unchecked(&self.0) }
    }

    /// The bytes, without a copy.
    #[inline]
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// Takes bytes for text.
    ///
    /// # Safety
    ///
    /// `bytes` is UTF-8.
    #[inline]
    pub(crate) unsafe fn from_bytes_unchecked(bytes: Bytes) -> Self {
        debug_assert!(core::str::from_utf8(&bytes).is_ok());
        Self(bytes)
    }
}

impl Deref for Utf8Bytes {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Utf8Bytes {
    fn as_ref(&self) -> &str {
        self
    }
}

impl AsRef<[u8]> for Utf8Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<Bytes> for Utf8Bytes {
    fn as_ref(&self) -> &Bytes {
        &self.0
    }
}

impl From<&str> for Utf8Bytes {
    #[inline]
    fn from(text: &str) -> Self {
        Self(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl From<String> for Utf8Bytes {
    #[inline]
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&String> for Utf8Bytes {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<Utf8Bytes> for Bytes {
    fn from(text: Utf8Bytes) -> Self {
        text.0
    }
}

impl TryFrom<Bytes> for Utf8Bytes {
    type Error = core::str::Utf8Error;

    fn try_from(bytes: Bytes) -> Result<Self, Self::Error> {
        core::str::from_utf8(&bytes)?;
        Ok(Self(bytes))
    }
}

impl TryFrom<Vec<u8>> for Utf8Bytes {
    type Error = core::str::Utf8Error;

    fn try_from(bytes: Vec<u8>) -> Result<Self, Self::Error> {
        Bytes::from(bytes).try_into()
    }
}

impl PartialEq<str> for Utf8Bytes {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Utf8Bytes {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Utf8Bytes {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl fmt::Debug for Utf8Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Utf8Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

/// What a close frame says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CloseFrame {
    /// The close code (RFC 6455 7.4): 1000 for a normal end, 4000 to 4999 for the application's own.
    pub code: u16,
    /// Why, for people; at most 123 bytes.
    pub reason: Utf8Bytes,
}

impl CloseFrame {
    /// A close frame with a reason, which may be empty.
    pub fn new(code: u16, reason: impl Into<Utf8Bytes>) -> Self {
        Self { code, reason: reason.into() }
    }
}

impl fmt::Display for CloseFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.reason.is_empty() { write!(f, "{}", self.code) } else { write!(f, "{} ({})", self.code, self.reason) }
    }
}

/// A message or a control frame that owns its bytes.
///
/// Small payloads are copied out of the connection; large ones are moved out of it. A clone shares them.
///
/// ```
/// use tidewire::Message;
///
/// let message = Message::from("sea");
/// assert_eq!(message, Message::text("sea"));
/// assert_eq!(message.into_data(), "sea");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message.
    Binary(Bytes),
    /// A ping, at most 125 bytes. The engine has queued the pong already.
    Ping(Bytes),
    /// A pong, at most 125 bytes.
    Pong(Bytes),
    /// A close frame; `None` where it has no code. The engine answers it.
    Close(Option<CloseFrame>),
}

impl Message {
    /// A text message.
    pub fn text(text: impl Into<Utf8Bytes>) -> Self {
        Self::Text(text.into())
    }

    /// A binary message.
    pub fn binary(data: impl Into<Bytes>) -> Self {
        Self::Binary(data.into())
    }

    /// A copy of what came; `None` for what is no message, such as a part of one.
    #[inline]
    pub(crate) fn from_event(event: Event<'_>) -> Option<Self> {
        Some(match event {
            Event::Text(text) => Self::Text(text.into()),
            Event::Binary(data) => Self::Binary(Bytes::copy_from_slice(data)),
            Event::Ping(data) => Self::Ping(Bytes::copy_from_slice(data)),
            Event::Pong(data) => Self::Pong(Bytes::copy_from_slice(data)),
            Event::Close { code: NO_CODE, .. } => Self::Close(None),
            Event::Close { code, reason } => Self::Close(Some(CloseFrame::new(code, reason))),
            Event::Open { .. } | Event::Chunk { .. } => return None,
        })
    }

    /// Whether this is a text message.
    #[must_use]
    pub const fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Whether this is a binary message.
    #[must_use]
    pub const fn is_binary(&self) -> bool {
        matches!(self, Self::Binary(_))
    }

    /// Whether this is a ping.
    #[must_use]
    pub const fn is_ping(&self) -> bool {
        matches!(self, Self::Ping(_))
    }

    /// Whether this is a pong.
    #[must_use]
    pub const fn is_pong(&self) -> bool {
        matches!(self, Self::Pong(_))
    }

    /// Whether this is a close frame.
    #[must_use]
    pub const fn is_close(&self) -> bool {
        matches!(self, Self::Close(_))
    }

    /// Whether this is text or binary: a message in the words of RFC 6455, not a control frame.
    #[must_use]
    pub const fn is_data(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Binary(_))
    }

    /// The payload; of a close frame its reason.
    #[must_use]
    pub fn as_data(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(data) | Self::Ping(data) | Self::Pong(data) => data,
            Self::Close(frame) => frame.as_ref().map_or(&[], |frame| frame.reason.as_bytes()),
        }
    }

    /// Bytes of the payload; of a close frame those of its reason.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_data().len()
    }

    /// Whether the payload is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_data().is_empty()
    }

    /// The payload, without a copy; of a close frame its reason.
    #[must_use]
    pub fn into_data(self) -> Bytes {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Binary(data) | Self::Ping(data) | Self::Pong(data) => data,
            Self::Close(frame) => frame.map_or_else(Bytes::new, |frame| frame.reason.into_bytes()),
        }
    }

    /// The payload as text, without a copy.
    ///
    /// # Errors
    ///
    /// Where it is not UTF-8.
    pub fn into_text(self) -> Result<Utf8Bytes, core::str::Utf8Error> {
        match self {
            Self::Text(text) => Ok(text),
            other => other.into_data().try_into(),
        }
    }

    /// The payload as text.
    ///
    /// # Errors
    ///
    /// Where it is not UTF-8.
    pub fn to_text(&self) -> Result<&str, core::str::Utf8Error> {
        match self {
            Self::Text(text) => Ok(text),
            other => core::str::from_utf8(other.as_data()),
        }
    }
}

impl From<Utf8Bytes> for Message {
    fn from(text: Utf8Bytes) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Bytes> for Message {
    fn from(data: Bytes) -> Self {
        Self::Binary(data)
    }
}

impl From<&[u8]> for Message {
    fn from(data: &[u8]) -> Self {
        Self::Binary(Bytes::copy_from_slice(data))
    }
}

impl From<Vec<u8>> for Message {
    fn from(data: Vec<u8>) -> Self {
        Self::Binary(data.into())
    }
}

impl From<CloseFrame> for Message {
    fn from(frame: CloseFrame) -> Self {
        Self::Close(Some(frame))
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString as _;
    use std::vec;

    use super::*;

    #[test]
    fn utf8_bytes_refuse_what_is_not_utf8() {
        assert!(Utf8Bytes::try_from(vec![0x66, 0xff]).is_err());
        assert_eq!(Utf8Bytes::try_from("\u{e9}".as_bytes().to_vec()).unwrap(), "\u{e9}");
    }

    #[test]
    fn message_as_text_is_checked_whatever_its_kind() {
        assert_eq!(Message::binary(&b"sea"[..]).into_text().unwrap(), "sea");
        assert!(Message::binary(&b"\xff"[..]).into_text().is_err());
        assert!(Message::Ping(Bytes::from_static(b"\xff")).to_text().is_err());
        assert_eq!(Message::text("sea").to_text(), Ok("sea"));
    }

    #[test]
    fn message_tells_its_kind_and_payload() {
        let close = Message::from(CloseFrame::new(4000, "enough"));
        assert!(close.is_close() && !close.is_data());
        assert_eq!(close.len(), 6);
        assert_eq!(Message::Close(None).into_data(), "");
        assert!(Message::text("").is_empty() && Message::text("").is_data());
        assert_eq!(CloseFrame::new(4000, "enough").to_string(), "4000 (enough)");
        assert_eq!(CloseFrame::new(1000, "").to_string(), "1000");
    }
}
