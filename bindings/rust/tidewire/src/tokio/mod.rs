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
//! The opening and the closing handshake have time-outs, of 10 seconds unless the [`Config`](crate::Config) says
//! otherwise. An open connection has one timer where the configuration sets its idle or message time-out or the
//! interval of pings, and otherwise none; with it comes the limit of control frames in a second. Time is looked at
//! while somebody reads. The runtime needs its timer (`enable_time`); outside of a runtime there are no time-outs.
//!
//! # TLS
//!
//! [`client_async`] and [`accept_async`] take any stream, one over TLS as well: for `wss`, connect one with
//! `tokio-rustls` or `tokio-native-tls`.
//!
//! ```
//! use tidewire::tokio::{WebSocketStream, client_async};
//! use tidewire::{ClientRequest, Error};
//! use tokio::io::{AsyncRead, AsyncWrite};
//! use tokio::net::TcpStream;
//!
//! async fn connect_over_tls<S: AsyncRead + AsyncWrite + Unpin>(
//!     url: &str,
//!     handshake: impl AsyncFnOnce(&str, TcpStream) -> std::io::Result<S>, // of the TLS library, for this host
//! ) -> Result<WebSocketStream<S>, Error> {
//!     let request = ClientRequest::new(url)?;
//!     let stream = TcpStream::connect((request.host(), request.port())).await?;
//!     let stream = handshake(request.host(), stream).await?;
//!     Ok(client_async(request, stream).await?.0)
//! }
//! ```

mod clock;
mod opening;
mod stream;
mod transport;

pub use opening::{accept_async, accept_async_with_config, accept_with, client_async, connect_async};
pub use stream::WebSocketStream;

/// The README of the workspace, whose programs run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
