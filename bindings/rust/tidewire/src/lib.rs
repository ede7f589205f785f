// SPDX-License-Identifier: MIT
//! A WebSocket engine (RFC 6455, RFC 7692): fast, strict, and without I/O unless you ask for it.
#![no_std]
#![deny(missing_docs)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod batch;
#[cfg(feature = "std")]
pub mod blocking;
mod config;
mod config_handshake;
mod connection;
mod deflate;
mod error;
mod event;
mod events;
pub mod frames;
pub mod handshake;
mod info;
pub mod kernels;
mod lease;
#[cfg(feature = "std")]
mod message;
mod output;
mod pool;
mod pool_buffer;
mod prepared;
mod raw;
mod read_buffer;
mod receive;
mod send;
mod status;
#[cfg(feature = "std")]
mod stream;
#[cfg(feature = "tokio")]
pub mod tokio;

pub use config::{Config, Role};
pub use connection::Connection;
pub use deflate::{Deflate, DeflateConfig};
pub use error::{Error, Failure};
pub use event::{Event, Opcode};
pub use events::Events;
pub use info::{CloseCause, CloseInfo, State, Stats, Wants};
pub use lease::Lease;
#[cfg(feature = "std")]
pub use message::{CloseFrame, Message, Utf8Bytes};
pub use output::{Output, View};
pub use pool::{BufferPool, PoolClass, PoolConfig, PoolStats};
pub use pool_buffer::PoolBuffer;
pub use prepared::Prepared;
pub use read_buffer::ReadBuffer;
pub use send::{Outgoing, SendFlags, Sender};
pub use status::Status;
#[cfg(feature = "std")]
pub use stream::{ClientRequest, IntoClientRequest};
