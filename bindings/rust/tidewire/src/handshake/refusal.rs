// SPDX-License-Identifier: MIT
//! The response of a server that does not want a connection.

use alloc::string::String;
use alloc::vec::Vec;

use tidewire_sys as sys;

use super::build;
use crate::Error;

/// Why a server refuses a request: a status of HTTP, headers, and a text for people.
///
/// ```
/// use tidewire::handshake::Refusal;
///
/// # fn main() -> Result<(), tidewire::Error> {
/// let refusal = Refusal::new(401).header("WWW-Authenticate", "Basic realm=\"harbour\"")?.body("Who are you?\n");
/// assert_eq!(refusal.status(), 401);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Refusal {
    /// A refusal with this status, such as 401, 403, 404 or 503. What is not a status of 300 to 599 becomes 500.
    #[must_use]
    pub fn new(status: u16) -> Self {
        let status = if matches!(status, 300..=599) { status } else { 500 };
        Self { status, headers: Vec::new(), body: String::new() }
    }

    /// Adds a header.
    ///
    /// # Errors
    ///
    /// The header is not one that HTTP allows (RFC 9110 5.5), or frames the message, which the refusal does itself:
    /// `Connection`, `Content-Length`, `Transfer-Encoding`.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Result<Self, Error> {
        let (name, value) = (name.into(), value.into());
        let frames = ["connection", "content-length", "transfer-encoding"];
        let allowed = !name.is_empty()
            && name.bytes().all(is_token)
            && !frames.iter().any(|other| name.eq_ignore_ascii_case(other))
            && !value.bytes().any(|byte| byte != b'\t' && byte.is_ascii_control());
        if !allowed {
            return Err(Error::from_status(sys::TW_ERR_HEADER_INJECTION, 0));
        }
        self.headers.push((name, value));
        Ok(self)
    }

    /// The body: plain text.
    #[must_use]
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The response. It closes the HTTP connection, so that nothing after the request can pass for a second one.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let Self { status, headers, body } = self;
        let mut fields = String::new();
        for part in headers.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]) {
            fields.push_str(part);
        }
        let len = body.len();
        alloc::format!(
            "HTTP/1.1 {status} \r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Length: {len}\r\n{fields}\r\n{body}"
        )
        .into_bytes()
    }
}

/// An error while a request is being decided about is the server's: 500.
impl From<Error> for Refusal {
    fn from(_: Error) -> Self {
        Self::new(500)
    }
}

/// The response that refuses a request because of `error`; `None` where HTTP has no answer to that.
pub(crate) fn build_refusal(error: &Error) -> Option<Vec<u8>> {
    let status = error.status()?.raw();
    // SAFETY: `out` has room for `cap` bytes.
    build(|out, cap, len| unsafe { sys::tw_refusal_build(status, out, cap, len) }).ok()
}

/// Whether a token of RFC 9110 5.6.2 may have this byte.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;

    #[test]
    fn refusal_refuses_headers_that_http_does_not_allow() {
        for (name, value) in [("X-Bad", "a\r\nX-Injected: 1"), ("two words", "x"), ("", "x"), ("content-length", "0")] {
            let error = Refusal::new(403).header(name, value).unwrap_err();
            assert_eq!(error.status(), Some(Status::HEADER_INJECTION), "{name}");
        }
    }

    #[test]
    fn refusal_is_a_response_with_headers_and_body() {
        let refusal = Refusal::new(403).header("X-Why", "closed").unwrap().body("no\n");
        let text = String::from_utf8(refusal.to_bytes()).unwrap();
        assert!(text.starts_with("HTTP/1.1 403 \r\n"));
        assert!(text.contains("\r\nX-Why: closed\r\n"));
        assert!(text.contains("\r\nContent-Length: 3\r\n") && text.ends_with("\r\n\r\nno\n"));
    }

    #[test]
    fn refusal_with_a_status_that_refuses_nothing_is_500() {
        for status in [0, 101, 200, 600] {
            assert_eq!(Refusal::new(status).status(), 500);
        }
        assert_eq!(Refusal::new(302).status(), 302);
    }
}
