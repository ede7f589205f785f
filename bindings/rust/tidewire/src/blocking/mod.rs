// SPDX-License-Identifier: MIT
//! WebSocket connections over blocking streams: anything that is `Read` and `Write`.
//!
//! [`connect`] opens a connection over TCP, [`client`] and [`accept`] take a stream that exists, such as one with TLS.
//!
//! ```
//! use std::net::TcpListener;
//! use std::thread;
//!
//! use tidewire::{Message, blocking};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = TcpListener::bind("127.0.0.1:0")?;
//! let url = format!("ws://{}/", listener.local_addr()?);
//! let server = thread::spawn(move || {
//!     let (stream, _) = listener.accept()?;
//!     let mut ws = blocking::accept(stream)?;
//!     while let Some(message) = ws.read()? {
//!         if message.is_data() {
//!             ws.feed(&message)?; // leaves with the others of the same read
//!         }
//!     }
//!     Ok::<_, tidewire::Error>(())
//! });
//!
//! let (mut ws, _response) = blocking::connect(url)?;
//! ws.send(&Message::text("sea"))?;
//! assert_eq!(ws.read()?, Some(Message::text("sea")));
//! ws.close(1000, "")?;
//! # drop(ws);
//! server.join().unwrap()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Time
//!
//! Calls take as long as the stream does: set its time-outs, such as `TcpStream::set_read_timeout`. When one passes, or
//! a non-blocking stream would block, the call returns the stream's error, of kind `WouldBlock` or `TimedOut`, and
//! nothing is lost: make the call again. Of the time-outs of the [`Config`](crate::Config) only that of the opening
//! handshake is looked at, and that between reads.

mod opening;
mod transport;
mod websocket;

pub use opening::{accept, accept_with, accept_with_config, client, connect};
pub use websocket::WebSocket;
