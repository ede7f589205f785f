// SPDX-License-Identifier: MIT
//! Heads of requests and responses: read piece by piece, then looked into.

use alloc::vec::Vec;
use core::fmt;
use core::{ptr, str};

use tidewire_sys as sys;

use super::check;
use crate::{Config, Error, Role};

const NO_VIEW: sys::tw_view = sys::tw_view { data: ptr::null(), len: 0 };

/// A head that is being read.
pub(crate) struct HeadReader {
    raw: sys::tw_head,
    data: Vec<u8>,
}

impl HeadReader {
    /// Reads what comes to the side `config` stands for: requests to a server, responses to a client.
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let mut raw = sys::tw_head { state: [0; 8] };
        let role = match config.role() {
            Role::Server => sys::TW_ROLE_SERVER,
            Role::Client => sys::TW_ROLE_CLIENT,
        };
        // SAFETY: both pointers are valid during the call.
        check(config.with_handshake(|config| unsafe { sys::tw_head_init(&raw mut raw, role, config) }))?;
        Ok(Self { raw, data: Vec::new() })
    }

    /// Takes the next bytes of the stream. `Ok(Some)`: the length of the head, which is complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Option<usize>, Error> {
        self.data.extend_from_slice(bytes);
        let mut len = 0;
        // SAFETY: the bytes from the start of the head on, as long as `data` says.
        let status =
            unsafe { sys::tw_head_parse(&raw mut self.raw, self.data.as_ptr(), self.data.len(), &raw mut len) };
        match status {
            sys::TW_OK => Ok(Some(len)),
            sys::TW_NEED_INPUT => Ok(None),
            _ => Err(Error::from_status(status, len as u64)),
        }
    }

    /// The complete head of `len` bytes, and what was read behind it.
    pub(crate) fn finish(mut self, len: usize) -> (Head, Vec<u8>) {
        let rest = self.data.split_off(len);
        self.data.shrink_to_fit();
        (Head { raw: self.raw, data: self.data }, rest)
    }
}

/// A complete head, with its bytes.
#[derive(Clone)]
pub(crate) struct Head {
    raw: sys::tw_head,
    data: Vec<u8>,
}

impl Head {
    /// What the functions of the engine take.
    pub(super) fn raw(&self) -> (*const sys::tw_head, *const u8) {
        (&raw const self.raw, self.data.as_ptr())
    }

    /// A part of the first line. Empty where the head has no such part.
    pub(super) fn part(
        &self,
        get: unsafe extern "C" fn(*const sys::tw_head, *const u8, *mut sys::tw_view) -> sys::tw_status,
    ) -> &str {
        let mut view = NO_VIEW;
        let (raw, data) = self.raw();
        // SAFETY: `raw` has read `data` to its end; all arguments are valid during the call.
        if unsafe { get(raw, data, &raw mut view) } != sys::TW_OK {
            return "";
        }
        // The engine takes visible ASCII alone for these parts.
        str::from_utf8(self.bytes(view)).unwrap_or_default()
    }

    pub(super) fn headers(&self) -> Headers<'_> {
        Headers { head: self, cursor: 0 }
    }

    pub(super) fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// What a view of the engine shows, which lies in the bytes of the head.
    fn bytes(&self, view: sys::tw_view) -> &[u8] {
        let start = view.data.addr().wrapping_sub(self.data.as_ptr().addr());
        self.data.get(start..).and_then(|bytes| bytes.get(..view.len)).unwrap_or_default()
    }
}

/// The headers of a head in their order: name as it was sent, value without surrounding blanks.
#[derive(Clone)]
pub struct Headers<'a> {
    head: &'a Head,
    cursor: usize,
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (mut name, mut value) = (NO_VIEW, NO_VIEW);
        let (raw, data) = self.head.raw();
        // SAFETY: `raw` has read `data` to its end; all arguments are valid during the call.
        let status = unsafe { sys::tw_head_next(raw, data, &raw mut self.cursor, &raw mut name, &raw mut value) };
        if status != sys::TW_OK {
            return None;
        }
        // A name is a token of RFC 9110, which is ASCII.
        let name = str::from_utf8(self.head.bytes(name)).unwrap_or_default();
        Some((name, self.head.bytes(value)))
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.clone().map(|(name, value)| (name, value.escape_ascii()))).finish()
    }
}

/// A client's request to open a WebSocket connection.
#[derive(Clone)]
pub struct Request(Head);

impl Request {
    pub(crate) fn new(head: Head) -> Self {
        Self(head)
    }

    pub(crate) fn head(&self) -> &Head {
        &self.0
    }

    /// The method: `GET`, where the handshake is valid.
    #[must_use]
    pub fn method(&self) -> &str {
        self.0.part(sys::tw_head_method)
    }

    /// What is requested: path and query, such as `/chat?room=5`.
    #[must_use]
    pub fn target(&self) -> &str {
        self.0.part(sys::tw_head_target)
    }

    /// All headers.
    #[must_use]
    pub fn headers(&self) -> Headers<'_> {
        self.0.headers()
    }

    /// The value of the first header with this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.0.header(name)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method())
            .field("target", &self.target())
            .field("headers", &self.headers())
            .finish()
    }
}
