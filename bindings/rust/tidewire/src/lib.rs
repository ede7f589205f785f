// SPDX-License-Identifier: MIT
//! A WebSocket engine (RFC 6455, RFC 7692): fast, strict, and without I/O unless you ask for it.
#![no_std]
#![deny(missing_docs)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod batch;
mod config;
mod config_handshake;
mod connection;
mod deflate;
mod error;
mod event;
mod events;
pub mod frames;
mod info;
pub mod kernels;
mod lease;
mod output;
mod pool;
mod pool_buffer;
mod prepared;
mod raw;
mod read_buffer;
mod receive;
mod send;
mod status;

pub use config::{Config, Role};
pub use connection::Connection;
pub use deflate::{Deflate, DeflateConfig};
pub use error::{Error, Failure};
pub use event::{Event, Opcode};
pub use events::Events;
pub use info::{CloseCause, CloseInfo, State, Stats, Wants};
pub use lease::Lease;
pub use output::{Output, View};
pub use pool::{BufferPool, PoolClass, PoolConfig, PoolStats};
pub use pool_buffer::PoolBuffer;
pub use prepared::Prepared;
pub use read_buffer::ReadBuffer;
pub use send::{Outgoing, SendFlags, Sender};
pub use status::Status;
