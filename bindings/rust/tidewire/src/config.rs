// SPDX-License-Identifier: MIT
//! What a connection is created with.

use core::ptr;
use core::time::Duration;

use tidewire_sys as sys;

use crate::config_handshake::Handshake;
use crate::{BufferPool, DeflateConfig};

/// A side of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Role {
    /// Answers the opening handshake; its frames are not masked.
    Server,
    /// Begins the opening handshake; its frames are masked.
    Client,
}

/// The role, limits, times and memory of connections.
///
/// Everything has a default that is safe to meet the internet with. A limit of 0 stands for its default, `u64::MAX` for
/// none; a time of `None` never comes. Open streams run a clock only for what was set of `idle_timeout`,
/// `ping_interval` (with the default `pong_timeout`) and `message_timeout`; the handshakes have their times always.
///
/// ```
/// use core::time::Duration;
/// use tidewire::Config;
///
/// let config = Config::server()
///     .max_message_len(1 << 20)
///     .idle_timeout(Duration::from_secs(30))
///     .message_timeout(None)
///     .subprotocols(["chat.v2", "chat.v1"])
///     .allow_origin("https://example.com");
/// # let _ = config;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Config {
    /// The numbers, and what [`Config::raw_mut`] added. The pointers that other fields have a value for are NULL.
    raw: sys::tw_conn_config,
    pub(crate) handshake: Handshake,
    deflate: Option<DeflateConfig>,
    pool: Option<BufferPool>,
}

// SAFETY: the pointers in `raw` are NULL, but for those that `raw_mut` set, whose caller vouches for all threads.
unsafe impl Send for Config {}
// SAFETY: as above; nothing in it changes through a shared reference.
unsafe impl Sync for Config {}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        $($(#[$doc])* pub const fn $name(mut self, $name: $type) -> Self {
            self.raw.$name = $name;
            self
        })*
    };
}

macro_rules! times {
    ($($(#[$doc:meta])* $name:ident: $field:ident,)*) => {
        $($(#[$doc])* pub fn $name(mut self, time: impl Into<Option<Duration>>) -> Self {
            self.raw.$field = nanoseconds(time.into());
            self
        })*
    };
}

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident: $flag:ident,)*) => {
        $($(#[$doc])* pub const fn $name(mut self) -> Self {
            self.raw.flags |= sys::$flag;
            self
        })*
    };
}

impl Config {
    /// A server with the defaults.
    pub const fn server() -> Self {
        let handshake = Handshake::new();
        Self { raw: sys::TW_CONN_CONFIG_INIT, handshake, deflate: None, pool: None }
    }

    /// A client of the server `host`, such as `"example.com:8080"`: the value of the header Host.
    pub fn client(host: &str) -> Self {
        let mut config = Self::server();
        config.raw.role = sys::TW_ROLE_CLIENT;
        config.host(host)
    }

    numbers! {
        /// Payload bytes of a received frame; 0: 16 MiB.
        max_frame_len: u64,
        /// Payload bytes of a received message, inflated; 0: 16 MiB.
        max_message_len: u64,
        /// Bytes of output that are queued; 0: 64 MiB.
        max_output_len: u64,
        /// Bytes that are held for a connection; 0: 128 MiB.
        max_memory_len: u64,
        /// Queued bytes from which on [`Wants::pause`](crate::Wants::pause) is set; 0: 1 MiB.
        output_high_len: u64,
        /// Queued bytes down to which it stays set; 0: a quarter of `output_high_len`.
        output_low_len: u64,
        /// Frames of a received message; 0: 1024.
        max_fragments: u32,
        /// Control frames that are received in one second of [`Connection::tick`](crate::Connection::tick); 0: 1000.
        max_control_rate: u32,
        /// Bytes of a read buffer at first, the engine's own 32 included; 0: 8 KiB.
        read_len: u32,
        /// Bytes of a read buffer while reads fill it; 0: 256 KiB, or `read_len` where that is more.
        max_read_len: u32,
        /// Bytes of the first buffer of output; 0: 4 KiB.
        write_len: u32,
        /// Bytes from which on [`Sender::send_borrowed`](crate::Sender::send_borrowed) does not copy; 0: 8 KiB.
        min_borrow_len: u32,
    }

    times! {
        /// From the first tick to the end of the opening handshake. 10 s by default.
        handshake_timeout: handshake_timeout_ns,
        /// Without input. 120 s by default.
        idle_timeout: idle_timeout_ns,
        /// Between two pings of the engine. 20 s by default.
        ping_interval: ping_interval_ns,
        /// For the answer to such a ping. 20 s by default.
        pong_timeout: pong_timeout_ns,
        /// From the first byte of a message to its last. 60 s by default.
        message_timeout: message_timeout_ns,
        /// From the first close frame until all is read and written. 10 s by default.
        close_timeout: close_timeout_ns,
    }

    flags! {
        /// Messages are not assembled: their parts come as [`Event::Chunk`](crate::Event::Chunk).
        stream: TW_CONN_STREAM,
        /// Messages of several frames are not assembled: their parts come as [`Event::Chunk`](crate::Event::Chunk).
        stream_fragmented: TW_CONN_STREAM_FRAGMENTED,
        /// Pings are not answered: call [`Sender::pong`](crate::Sender::pong).
        manual_pong: TW_CONN_MANUAL_PONG,
        /// A close frame is not answered: call [`Sender::close`](crate::Sender::close).
        manual_close: TW_CONN_MANUAL_CLOSE,
    }

    /// Compresses messages where the peer agrees.
    pub const fn deflate(mut self, deflate: DeflateConfig) -> Self {
        self.deflate = Some(deflate);
        self
    }

    /// Takes buffers from this pool. Connections that share one hold 256 bytes while they are idle.
    pub fn pool(mut self, pool: BufferPool) -> Self {
        self.pool = Some(pool);
        self
    }

    /// The configuration as C has it, for what has no safe form: an allocator, a random source, a log, or
    /// `TW_CONN_TRUSTED`. The fields `struct_size`, `pool`, `handshake`, `deflate` and `negotiated` are overwritten.
    ///
    /// # Safety
    ///
    /// What the pointers point to stays valid, in all threads, as long as this configuration, its copies, and what is
    /// created with them. With `TW_CONN_TRUSTED`, peers send only text that is UTF-8.
    pub const unsafe fn raw_mut(&mut self) -> &mut sys::tw_conn_config {
        &mut self.raw
    }

    /// The side that this configuration is for.
    #[must_use]
    pub const fn role(&self) -> Role {
        if self.raw.role == sys::TW_ROLE_CLIENT { Role::Client } else { Role::Server }
    }

    /// What [`Config::handshake_timeout`] says.
    #[cfg(feature = "std")]
    pub(crate) fn handshake_time(&self) -> Option<Duration> {
        time(self.raw.handshake_timeout_ns)
    }

    /// What [`Config::close_timeout`] says.
    #[cfg(feature = "std")]
    pub(crate) fn close_time(&self) -> Option<Duration> {
        time(self.raw.close_timeout_ns)
    }

    /// Whether a stream needs a clock while it is open.
    #[cfg(feature = "tokio")]
    pub(crate) fn keeps_time(&self) -> bool {
        let raw = &self.raw;
        let times = [raw.idle_timeout_ns, raw.ping_interval_ns, raw.message_timeout_ns];
        times.into_iter().any(|time| !matches!(time, 0 | sys::TW_NEVER))
    }

    /// As a stream runs it: without the times for which an open connection would need a clock, unless they were set,
    /// and with the buffers of all streams, unless a pool was given.
    #[cfg(feature = "std")]
    pub(crate) fn for_stream(mut self) -> Self {
        static POOL: std::sync::OnceLock<Option<BufferPool>> = std::sync::OnceLock::new();
        let raw = &mut self.raw;
        for time in [&mut raw.idle_timeout_ns, &mut raw.ping_interval_ns, &mut raw.message_timeout_ns] {
            if *time == 0 {
                *time = sys::TW_NEVER;
            }
        }
        if self.pool.is_none() {
            // Without memory for a pool, each connection asks the allocator by itself.
            self.pool.clone_from(POOL.get_or_init(|| BufferPool::new().ok()));
        }
        self
    }

    pub(crate) const fn buffer_pool(&self) -> Option<&BufferPool> {
        self.pool.as_ref()
    }

    /// Calls `f` with the handshake as C has it, compression included.
    pub(crate) fn with_handshake<R>(&self, f: impl FnOnce(&sys::tw_handshake_config) -> R) -> R {
        self.handshake.with_raw(|raw| {
            let deflate = self.deflate.as_ref().map_or(ptr::null(), |deflate| &raw const deflate.raw);
            f(&sys::tw_handshake_config { deflate, ..*raw })
        })
    }

    /// Calls `f` with the configuration as C has it. With `negotiated`, the opening handshake was done elsewhere.
    pub(crate) fn with_raw<R>(
        &self,
        negotiated: Option<&sys::tw_deflate>,
        f: impl FnOnce(&sys::tw_conn_config) -> R,
    ) -> R {
        let deflate = self.deflate.as_ref().map_or(ptr::null(), |deflate| &raw const deflate.raw);
        let pool = self.pool.as_ref().map_or(ptr::null_mut(), BufferPool::as_ptr);
        let raw = sys::tw_conn_config {
            struct_size: size_of::<sys::tw_conn_config>(),
            pool,
            deflate,
            handshake: ptr::null(),
            negotiated: ptr::null(),
            ..self.raw
        };
        match negotiated {
            None => self.handshake.with_raw(|handshake| f(&sys::tw_conn_config { handshake, ..raw })),
            Some(negotiated) => {
                let flags = raw.flags | sys::TW_CONN_UPGRADED;
                // Both or neither: the engine wants no terms of what it does not do.
                if negotiated.enabled == 0 {
                    f(&sys::tw_conn_config { flags, deflate: ptr::null(), ..raw })
                } else {
                    f(&sys::tw_conn_config { flags, negotiated, ..raw })
                }
            }
        }
    }
}

/// A time-out of a handshake, which is 10 s by default.
#[cfg(feature = "std")]
fn time(nanoseconds: u64) -> Option<Duration> {
    match nanoseconds {
        0 => Some(Duration::from_secs(10)),
        sys::TW_NEVER => None,
        set => Some(Duration::from_nanos(set)),
    }
}

/// A time as the engine takes it, to which 0 is the default.
fn nanoseconds(time: Option<Duration>) -> u64 {
    match time {
        None => sys::TW_NEVER,
        Some(time) => u64::try_from(time.as_nanos()).unwrap_or(sys::TW_NEVER).max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_reach_c_and_zero_is_no_default() {
        assert_eq!(nanoseconds(Some(Duration::from_millis(2))), 2_000_000);
        assert_eq!(nanoseconds(Some(Duration::ZERO)), 1);
        assert_eq!(nanoseconds(Some(Duration::MAX)), sys::TW_NEVER);
        assert_eq!(nanoseconds(None), sys::TW_NEVER);
    }

    #[test]
    fn terms_go_with_compression_alone() {
        let config = Config::server().deflate(DeflateConfig::new()).stream().manual_pong();
        let none = crate::Deflate::default().raw();
        config.with_raw(Some(&none), |raw| {
            assert!(raw.deflate.is_null() && raw.negotiated.is_null() && raw.handshake.is_null());
            assert_eq!(raw.flags, sys::TW_CONN_UPGRADED | sys::TW_CONN_STREAM | sys::TW_CONN_MANUAL_PONG);
        });
        let agreed = crate::Deflate::new(15, 15).raw();
        config.with_raw(Some(&agreed), |raw| assert!(!raw.deflate.is_null() && !raw.negotiated.is_null()));
        config.with_raw(None, |raw| {
            assert!(!raw.deflate.is_null() && raw.negotiated.is_null() && !raw.handshake.is_null());
        });
        assert_eq!(Config::client("h").role(), Role::Client);
    }
}
