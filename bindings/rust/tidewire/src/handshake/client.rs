// SPDX-License-Identifier: MIT
//! A client's side of the opening handshake.

use alloc::vec::Vec;
use core::{fmt, ptr};

use tidewire_sys as sys;

use super::{Head, Headers, Key, NO_AGREEMENT, build, check};
use crate::{Config, Error};

/// A fresh key for a client's request.
pub(crate) fn generate_key() -> Result<Key, Error> {
    let mut key = [0; sys::TW_KEY_LEN];
    // SAFETY: the key has TW_KEY_LEN bytes; NULL stands for the default source.
    check(unsafe { sys::tw_key_generate(ptr::null(), &raw mut key) })?;
    Ok(key)
}

/// The request of a client.
pub(crate) fn build_request(config: &Config, key: &Key) -> Result<Vec<u8>, Error> {
    config.with_handshake(|raw| {
        build(|out, cap, len| {
            // SAFETY: `raw` and the key are valid during the call, and `out` has room for `cap` bytes.
            unsafe { sys::tw_request_build(raw, key, out, cap, len) }
        })
    })
}

/// Checks the response to the request that `config` and `key` made (RFC 6455 4.1).
pub(crate) fn check_response(response: &Response, config: &Config, key: &Key) -> Result<sys::tw_agreement, Error> {
    let mut agreement = NO_AGREEMENT;
    let (raw, data) = response.head().raw();
    check(config.with_handshake(|config| {
        // SAFETY: `raw` has read `data` to its end; all arguments are valid during the call.
        unsafe { sys::tw_response_check(raw, data, config, key, &raw mut agreement) }
    }))?;
    Ok(agreement)
}

/// A server's response to a request.
#[derive(Clone)]
pub struct Response(Head);

impl Response {
    pub(crate) fn new(head: Head) -> Self {
        Self(head)
    }

    pub(crate) fn head(&self) -> &Head {
        &self.0
    }

    /// The status: 101, where the connection was opened.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.part(sys::tw_head_status).parse().unwrap_or_default()
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

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status()).field("headers", &self.headers()).finish()
    }
}
