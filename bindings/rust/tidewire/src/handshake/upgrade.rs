// SPDX-License-Identifier: MIT
//! The server's side of the opening handshake where another library speaks HTTP.

use alloc::string::String;
use alloc::vec::Vec;

use tidewire_sys as sys;

use super::{HeadReader, Request, build_response, check_request};
use crate::{Config, Connection, Deflate, Error};

/// Whether a request with these headers asks for a WebSocket connection: `Upgrade` names websocket.
///
/// What is wrong with such a request, [`Upgrade::new`] tells.
pub fn is_upgrade<'a>(headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> bool {
    headers.into_iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("upgrade")
            && value.split(|&byte| byte == b',').any(|part| part.trim_ascii().eq_ignore_ascii_case(b"websocket"))
    })
}

/// An accepted request whose HTTP another library does: answer with status 101 and [`headers`](Self::headers), and run
/// frames over the stream that the library then gives up.
///
/// ```
/// use tidewire::Config;
/// use tidewire::handshake::Upgrade;
///
/// # fn main() -> Result<(), tidewire::Error> {
/// let request: [(&str, &[u8]); 5] = [
///     ("Host", b"localhost"),
///     ("Connection", b"Upgrade"),
///     ("Upgrade", b"websocket"),
///     ("Sec-WebSocket-Version", b"13"),
///     ("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
/// ];
/// let upgrade = Upgrade::new(&Config::server(), "GET", "/chat", request)?;
/// assert!(upgrade.headers().any(|header| header == ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Upgrade {
    config: Config,
    negotiated: Deflate,
    subprotocol: Option<String>,
    headers: Vec<(String, String)>,
}

impl Upgrade {
    /// Checks a request of HTTP/1.1, and chooses a subprotocol and compression as `config`, a server's, allows.
    ///
    /// # Errors
    ///
    /// What is wrong with the request; [`Error::status`] and its
    /// [`http_status`](crate::Status::http_status) tell how to answer.
    pub fn new<'a>(
        config: &Config,
        method: &str,
        target: &str,
        headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<Self, Error> {
        let mut text = Vec::with_capacity(512);
        push_line(&mut text, &[method.as_bytes(), b" ", target.as_bytes(), b" HTTP/1.1"])?;
        for (name, value) in headers {
            push_line(&mut text, &[name.as_bytes(), b": ", value])?;
        }
        text.extend_from_slice(b"\r\n");
        let mut reader = HeadReader::new(config)?;
        let len = reader.push(&text)?.ok_or_else(syntax_error)?;
        let (head, _) = reader.finish(len);
        Self::from_request(config, &Request::new(head))
    }

    /// Like [`new`](Self::new), of a request that was read.
    pub(crate) fn from_request(config: &Config, request: &Request) -> Result<Self, Error> {
        let agreement = check_request(request, config)?;
        Ok(Self {
            config: config.clone(),
            negotiated: Deflate::from_raw(agreement.deflate),
            subprotocol: chosen(config, &agreement),
            headers: header_pairs(&build_response(config, &agreement)?),
        })
    }

    /// The headers of the response, whose status is 101.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The subprotocol that was chosen.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// The configuration that was used.
    #[cfg(feature = "std")]
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The compression that was agreed on.
    #[must_use]
    pub fn negotiated(&self) -> Deflate {
        self.negotiated
    }

    /// The connection, which starts with frames.
    ///
    /// # Errors
    ///
    /// Memory, or the source of random bytes, is missing.
    pub fn connection(&self) -> Result<Connection, Error> {
        Connection::upgraded(&self.config, self.negotiated)
    }
}

/// The subprotocol of an agreement with `config`.
pub(crate) fn chosen(config: &Config, agreement: &sys::tw_agreement) -> Option<String> {
    let index = usize::try_from(agreement.subprotocol).ok()?.checked_sub(1)?;
    config.subprotocol(index).map(String::from)
}

/// Adds a line of a head, of parts that must not end it.
fn push_line(text: &mut Vec<u8>, parts: &[&[u8]]) -> Result<(), Error> {
    for part in parts {
        if part.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
            return Err(syntax_error());
        }
        text.extend_from_slice(part);
    }
    text.extend_from_slice(b"\r\n");
    Ok(())
}

fn syntax_error() -> Error {
    Error::from_status(sys::TW_ERR_HTTP_SYNTAX, 0)
}

/// The headers of a response that the engine wrote: ASCII, one `name: value` on each line after the first.
fn header_pairs(response: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(response);
    text.split("\r\n")
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}
