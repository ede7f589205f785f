// SPDX-License-Identifier: MIT
//! The opening handshake (RFC 6455 4): heads of HTTP/1.1, read and written over memory, without I/O.
//!
//! A stream does all this by itself. What a program sees of it are [`Request`], to decide about, [`Response`], and
//! [`Refusal`]; a server that has its own HTTP uses [`Upgrade`].

#[cfg(feature = "std")]
mod client;
mod head;
#[cfg(feature = "std")]
mod refusal;
mod upgrade;

use alloc::string::String;
use alloc::vec::Vec;
use core::ptr;

use tidewire_sys as sys;

#[cfg(feature = "std")]
pub use client::Response;
#[cfg(feature = "std")]
pub(crate) use client::{build_request, check_response, generate_key};
#[cfg(feature = "std")]
pub(crate) use head::Head;
pub(crate) use head::HeadReader;
pub use head::{Headers, Request};
#[cfg(feature = "std")]
pub use refusal::Refusal;
#[cfg(feature = "std")]
pub(crate) use refusal::build_refusal;
#[cfg(feature = "std")]
pub(crate) use upgrade::chosen;
pub use upgrade::{Upgrade, is_upgrade};

use crate::{Config, Error};

/// A `Sec-WebSocket-Key` (RFC 6455 4.1): base64 of 16 random bytes.
pub(crate) type Key = [u8; sys::TW_KEY_LEN];

/// `Sec-WebSocket-Accept` for the `Sec-WebSocket-Key` of a request (RFC 6455 4.2.2, step 5.4).
///
/// ```
/// assert_eq!(tidewire::handshake::accept_key("dGhlIHNhbXBsZSBub25jZQ==")?, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// # Ok::<(), tidewire::Error>(())
/// ```
///
/// # Errors
///
/// The key is not base64 of 16 bytes.
pub fn accept_key(key: &str) -> Result<String, Error> {
    let key: &Key = key.as_bytes().try_into().map_err(|_| Error::from_status(sys::TW_ERR_KEY, 0))?;
    let mut accept = [0; sys::TW_ACCEPT_LEN];
    // SAFETY: both arrays have the lengths that the function asks for.
    check(unsafe { sys::tw_accept_key(key, &raw mut accept) })?;
    Ok(accept.into_iter().map(char::from).collect())
}

/// The response of status 101 to the request that led to `agreement` with this configuration.
pub(crate) fn build_response(config: &Config, agreement: &sys::tw_agreement) -> Result<Vec<u8>, Error> {
    config.with_handshake(|raw| {
        build(|out, cap, len| {
            // SAFETY: `raw` and the agreement are valid during the call, and `out` has room for `cap` bytes.
            unsafe { sys::tw_response_build(raw, agreement, out, cap, len) }
        })
    })
}

/// Checks a request (RFC 6455 4.2.1), and chooses a subprotocol and compression.
pub(crate) fn check_request(request: &Request, config: &Config) -> Result<sys::tw_agreement, Error> {
    let mut agreement = NO_AGREEMENT;
    let (raw, data) = request.head().raw();
    // SAFETY: `raw` has read `data` to its end; all arguments are valid during the call.
    check(config.with_handshake(|config| unsafe { sys::tw_request_check(raw, data, config, &raw mut agreement) }))?;
    Ok(agreement)
}

const NO_AGREEMENT: sys::tw_agreement = sys::tw_agreement {
    subprotocol: 0,
    deflate: sys::tw_deflate { enabled: 0, flags: 0, send_window_bits: 0, receive_window_bits: 0, reserved: [0; 4] },
    accept: [0; sys::TW_ACCEPT_LEN],
};

/// Calls a function that writes text twice: for its length, and for the text.
fn build(call: impl Fn(*mut u8, usize, *mut usize) -> sys::tw_status) -> Result<Vec<u8>, Error> {
    let mut len = 0;
    match call(ptr::null_mut(), 0, &raw mut len) {
        sys::TW_OK | sys::TW_NEED_ROOM => {}
        status => return Err(Error::from_status(status, 0)),
    }
    let mut out = alloc::vec![0; len];
    check(call(out.as_mut_ptr(), len, &raw mut len))?;
    Ok(out)
}

fn check(status: sys::tw_status) -> Result<(), Error> {
    if status == sys::TW_OK { Ok(()) } else { Err(Error::from_status(status, 0)) }
}
