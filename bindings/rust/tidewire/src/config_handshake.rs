// SPDX-License-Identifier: MIT
//! What a side wants of the opening handshake (RFC 6455 4).

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char};
use core::ptr;

use tidewire_sys as sys;

use crate::Config;

/// The strings of the opening handshake.
#[derive(Clone, Debug)]
pub(crate) struct Handshake {
    raw: sys::tw_handshake_config,
    host: Option<CString>,
    target: Option<CString>,
    origin: Option<CString>,
    subprotocols: Vec<CString>,
    origins: Vec<CString>,
    headers: Vec<(CString, CString)>,
}

/// A string for C. A zero byte, which C could not see, becomes a line feed: the engine refuses both for the same
/// reason, and it is the engine that tells when the connection is created.
fn c_string(text: &str) -> CString {
    let bytes: Vec<u8> = text.bytes().map(|byte| if byte == 0 { b'\n' } else { byte }).collect();
    CString::new(bytes).unwrap_or_default()
}

fn pointer(text: Option<&CString>) -> *const c_char {
    text.map_or(ptr::null(), |text| text.as_ptr())
}

impl Handshake {
    pub(crate) const fn new() -> Self {
        Self {
            raw: sys::TW_HANDSHAKE_CONFIG_INIT,
            host: None,
            target: None,
            origin: None,
            subprotocols: Vec::new(),
            origins: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// Calls `f` with the handshake as C has it, without compression.
    pub(crate) fn with_raw<R>(&self, f: impl FnOnce(&sys::tw_handshake_config) -> R) -> R {
        let subprotocols: Vec<_> = self.subprotocols.iter().map(|name| name.as_ptr()).collect();
        let origins: Vec<_> = self.origins.iter().map(|origin| origin.as_ptr()).collect();
        let header = |(name, value): &(CString, CString)| sys::tw_header { name: name.as_ptr(), value: value.as_ptr() };
        let headers: Vec<_> = self.headers.iter().map(header).collect();
        f(&sys::tw_handshake_config {
            host: pointer(self.host.as_ref()),
            target: pointer(self.target.as_ref()),
            origin: pointer(self.origin.as_ref()),
            subprotocols: subprotocols.as_ptr(),
            subprotocol_count: subprotocols.len(),
            origins: origins.as_ptr(),
            origin_count: origins.len(),
            headers: headers.as_ptr(),
            header_count: headers.len(),
            ..self.raw
        })
    }
}

/// The opening handshake. A string that a header could not carry is refused when the connection is created, with
/// [`Status::HEADER_INJECTION`](crate::Status::HEADER_INJECTION).
impl Config {
    /// Client: the value of the header Host, such as `"example.com:8080"`.
    pub fn host(mut self, host: &str) -> Self {
        self.handshake.host = Some(c_string(host));
        self
    }

    /// Client: what is requested, such as `"/chat?room=1"`. `"/"` by default.
    pub fn target(mut self, target: &str) -> Self {
        self.handshake.target = Some(c_string(target));
        self
    }

    /// Client: the value of the header Origin. By default none is sent.
    pub fn origin(mut self, origin: &str) -> Self {
        self.handshake.origin = Some(c_string(origin));
        self
    }

    /// Client: offered, server: supported subprotocols in order of preference, behind those that were added before.
    pub fn subprotocols<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.handshake.subprotocols.extend(names.into_iter().map(|name| c_string(name.as_ref())));
        self
    }

    /// Adds a header to the request, or to the response of status 101.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.handshake.headers.push((c_string(name), c_string(value)));
        self
    }

    /// Server: accepts this Origin too, such as `"https://example.com"`. Requests without one, which do not come from
    /// browsers, and those of the same origin are always accepted.
    pub fn allow_origin(mut self, origin: &str) -> Self {
        self.handshake.origins.push(c_string(origin));
        self
    }

    /// Server: accepts every Origin.
    pub const fn allow_any_origin(mut self) -> Self {
        self.handshake.raw.flags |= sys::TW_HANDSHAKE_ANY_ORIGIN;
        self
    }

    /// Bytes of a request or response head; 0: 16 KiB.
    pub const fn max_head_len(mut self, max_head_len: u32) -> Self {
        self.handshake.raw.max_head_len = max_head_len;
        self
    }

    /// Headers of a request or response; 0: 100.
    pub const fn max_header_count(mut self, max_header_count: u32) -> Self {
        self.handshake.raw.max_header_count = max_header_count;
        self
    }

    /// Bytes of a line of a request or response; 0: 8 KiB.
    pub const fn max_line_len(mut self, max_line_len: u32) -> Self {
        self.handshake.raw.max_line_len = max_line_len;
        self
    }

    /// The name of the subprotocol at this position of [`Config::subprotocols`], as
    /// [`Event::Open`](crate::Event::Open) tells it.
    #[must_use]
    pub fn subprotocol(&self, index: usize) -> Option<&str> {
        self.handshake.subprotocols.get(index).map(CString::as_c_str).and_then(|name| CStr::to_str(name).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c_sees_all_strings_and_that_one_is_not_good() {
        let config = Config::client("h").subprotocols(["a", "b\0"]).header("X", "y").allow_origin("https://o");
        config.clone().handshake.with_raw(|raw| {
            assert_eq!((raw.subprotocol_count, raw.header_count, raw.origin_count), (2, 1, 1));
            // SAFETY: the configuration outlives this.
            let text = |pointer| unsafe { CStr::from_ptr(pointer) };
            // SAFETY: there are so many.
            let names = unsafe { core::slice::from_raw_parts(raw.subprotocols, 2) };
            assert_eq!((text(names[0]), text(names[1])), (c"a", c"b\n"));
            // SAFETY: there is one.
            let header = unsafe { *raw.headers };
            assert_eq!((text(header.name), text(header.value)), (c"X", c"y"));
            assert_eq!(text(raw.host), c"h");
            assert!(raw.target.is_null() && raw.origin.is_null());
        });
        assert_eq!((config.subprotocol(0), config.subprotocol(2)), (Some("a"), None));
    }
}
