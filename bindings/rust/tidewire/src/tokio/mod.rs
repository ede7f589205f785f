// SPDX-License-Identifier: MIT
//! WebSocket connections over asynchronous streams of [tokio](https://tokio.rs).
//!
//! [`connect_async`] and [`accept_async`] open a [`WebSocketStream`], a `Stream` and a `Sink` of
//! [`Message`](crate::Message)s. All messages of one read are handed out before the next, and what was fed meanwhile
//! leaves in one vectored write: an echo needs no batching of its own.
//!
//! ```
//! use futures_util::{SinkExt as _, StreamExt as _};
//! use tidewire::Message;
//! use tidewire::tokio::{accept_async, connect_async};
//! use tokio::net::TcpListener;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let url = format!("ws://{}/", listener.local_addr()?);
//! let server = tokio::spawn(async move {
//!     let (stream, _) = listener.accept().await?;
//!     let mut ws = accept_async(stream).await?;
//!     while let Some(message) = ws.next().await {
//!         let message = message?;
//!         if message.is_data() {
//!             ws.feed(message).await?; // leaves with the others of the same read
//!         }
//!     }
//!     Ok::<_, tidewire::Error>(())
//! });
//!
//! let (mut ws, _response) = connect_async(url).await?;
//! ws.send(Message::text("sea")).await?;
//! assert_eq!(ws.next().await.unwrap()?, Message::text("sea"));
//! ws.close(1000, "").await?;
//! server.await??;
//! # Ok(())
//! # }
//! ```
//!
//! # Time
//!
//! The time-outs and pings that the [`Config`](crate::Config) sets are kept, by one timer of tokio for each connection;
//! those that it leaves alone never come, and without any no timer is made. They are looked at while somebody reads.
//!
//! # TLS
//!
//! [`client_async`] and [`accept_async`] take any stream, one over TLS of `tokio-rustls` or `tokio-native-tls` as well.

mod clock;
mod opening;
mod stream;
mod transport;

pub use opening::{accept_async, accept_async_with_config, accept_with, client_async, connect_async};
pub use stream::WebSocketStream;
