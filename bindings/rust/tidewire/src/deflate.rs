// SPDX-License-Identifier: MIT
//! Compression of messages: permessage-deflate (RFC 7692).

use tidewire_sys as sys;

/// What a side wants of compression. A client with such a configuration offers it, a server accepts it.
///
/// ```
/// use tidewire::{Config, DeflateConfig};
///
/// let config = Config::client("example.com").deflate(DeflateConfig::new().level(6).max_context_len(320 << 10));
/// # let _ = config;
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct DeflateConfig {
    pub(crate) raw: sys::tw_deflate_config,
}

impl DeflateConfig {
    /// The defaults: fast, and with no memory held between messages.
    pub const fn new() -> Self {
        Self { raw: sys::TW_DEFLATE_CONFIG_INIT }
    }

    /// 1 (fast) to 9 (small); 0: 1.
    pub const fn level(mut self, level: u32) -> Self {
        self.raw.level = level;
        self
    }

    /// Memory of the compressor, 1 to 9: 2<sup>level + 9</sup> bytes of it; 0: 8.
    pub const fn memory_level(mut self, level: u32) -> Self {
        self.raw.memory_level = level;
        self
    }

    /// The window that this side uses at most, 8 to 15 bits; 0: 15.
    pub const fn send_window_bits(mut self, bits: u32) -> Self {
        self.raw.send_window_bits = bits;
        self
    }

    /// The window that the peer may use at most, 8 to 15 bits; 0: 15.
    pub const fn receive_window_bits(mut self, bits: u32) -> Self {
        self.raw.receive_window_bits = bits;
        self
    }

    /// Bytes that may be kept between messages. A direction whose state fits takes its context over, first the
    /// receiving one (40 KiB at 15 bits), then the sending one (280 KiB); 0: none is kept.
    pub const fn max_context_len(mut self, len: u64) -> Self {
        self.raw.max_context_len = len;
        self
    }

    /// A message with fewer bytes is sent as it is; 0: 128.
    pub const fn min_len(mut self, len: u64) -> Self {
        self.raw.min_len = len;
        self
    }

    /// Inflated bytes at most of one call to the engine, so that others have their turn; 0: 1 MiB.
    pub const fn max_call_len(mut self, len: u64) -> Self {
        self.raw.max_call_len = len;
        self
    }

    /// Inflated bytes for each received one at most, in messages above 64 KiB; 0: 250.
    pub const fn max_ratio(mut self, ratio: u32) -> Self {
        self.raw.max_ratio = ratio;
        self
    }
}

impl Default for DeflateConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// What both sides agreed on. The default: no compression.
///
/// ```
/// use tidewire::Deflate;
///
/// let agreed = Deflate::new(15, 12).with_send_takeover();
/// assert!(agreed.is_enabled() && agreed.send_takeover() && !agreed.receive_takeover());
/// assert!(!Deflate::default().is_enabled());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Deflate {
    raw: sys::tw_deflate,
}

impl Deflate {
    /// Compression without context takeover, with windows of so many bits, 8 to 15.
    #[must_use]
    pub const fn new(send_window_bits: u8, receive_window_bits: u8) -> Self {
        Self { raw: sys::tw_deflate { enabled: 1, flags: 0, send_window_bits, receive_window_bits, reserved: [0; 4] } }
    }

    /// This side may refer to its earlier messages.
    #[must_use]
    pub const fn with_send_takeover(mut self) -> Self {
        self.raw.flags |= sys::TW_DEFLATE_SEND_TAKEOVER;
        self
    }

    /// The peer may refer to its earlier messages.
    #[must_use]
    pub const fn with_receive_takeover(mut self) -> Self {
        self.raw.flags |= sys::TW_DEFLATE_RECEIVE_TAKEOVER;
        self
    }

    pub(crate) const fn from_raw(raw: sys::tw_deflate) -> Self {
        Self { raw }
    }

    pub(crate) const fn raw(self) -> sys::tw_deflate {
        self.raw
    }

    /// Whether messages may be compressed.
    #[must_use]
    pub const fn is_enabled(self) -> bool {
        self.raw.enabled != 0
    }

    /// The window of this side, in bits.
    #[must_use]
    pub const fn send_window_bits(self) -> u8 {
        self.raw.send_window_bits
    }

    /// The window of the peer, in bits.
    #[must_use]
    pub const fn receive_window_bits(self) -> u8 {
        self.raw.receive_window_bits
    }

    /// Whether this side may refer to its earlier messages.
    #[must_use]
    pub const fn send_takeover(self) -> bool {
        self.raw.flags & sys::TW_DEFLATE_SEND_TAKEOVER != 0
    }

    /// Whether the peer may refer to its earlier messages.
    #[must_use]
    pub const fn receive_takeover(self) -> bool {
        self.raw.flags & sys::TW_DEFLATE_RECEIVE_TAKEOVER != 0
    }
}

impl Default for Deflate {
    fn default() -> Self {
        let raw =
            sys::tw_deflate { enabled: 0, flags: 0, send_window_bits: 0, receive_window_bits: 0, reserved: [0; 4] };
        Self { raw }
    }
}
