// SPDX-License-Identifier: MIT
//! A WebSocket engine (RFC 6455, RFC 7692): fast, strict, and without I/O unless you ask for it.
//!
//! | what you have | what you use | feature |
//! |---|---|---|
//! | Tokio | `tidewire::tokio`: `connect_async`, `accept_async`, `WebSocketStream` | `tokio` |
//! | a stream, `Read` and `Write` | `tidewire::blocking`: `connect`, `accept`, `WebSocket` | `std`, the default |
//! | bytes, and a loop of your own | [`Connection`]: no socket, clock, thread or standard library | none |
//! | frames to look at, or to make | [`frames`], [`kernels`] | none |
//!
//! All of them say [`Config`] for limits and times, [`Event`] or `Message` for what comes, and [`Error`] for what is
//! wrong: which rule of which RFC was broken, or which limit reached, and at which byte of the stream.
//!
//! ```
//! use tidewire::{Config, Connection, Event};
//!
//! let mut conn = Connection::new(&Config::server().max_message_len(1 << 20))?;
//! let mut data = *b"GET /tide HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
//!     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\
//!     \x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"; // read from a socket
//! let (mut events, mut sender) = conn.receive(&mut data)?;
//! while let Some(event) = events.next()? {
//!     match event {
//!         Event::Open { .. } => {} // the response is queued
//!         Event::Text(text) => sender.send_text(text)?,
//!         other => println!("{other:?}"),
//!     }
//! }
//! let output = sender.output(); // to be written to the socket
//! assert!(output.to_vec().ends_with(b"\r\n\r\n\x81\x05Hello"));
//! # let len = output.to_vec().len();
//! output.consume(len)?;
//! # Ok::<(), tidewire::Error>(())
//! ```
//!
//! # The engine
//!
//! The work is done by a library without a run time of its own, which other languages use too, so that all behave the
//! same to the byte. Its sources are compiled with this crate, unless pkg-config finds it installed: see
//! `tidewire-sys`. Rust 1.85 or later is needed, and to compile the engine a compiler of C++20 and the header of zlib.
//!
//! # What is unsafe
//!
//! Nothing that takes no `unsafe` block can break memory, whatever a peer sends. Views of received bytes and of output
//! are borrows, see [`Connection`]. Where `unsafe` is offered, its documentation says what to keep to:
//! [`Sender::send_borrowed`] spares a copy, [`ReadBuffer::assume_initialized`] spares zeros, [`Config::raw_mut`]
//! reaches what has no safe form.
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
