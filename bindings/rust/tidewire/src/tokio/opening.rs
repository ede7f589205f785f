// SPDX-License-Identifier: MIT
//! Opening connections: as a client and as a server.

use core::future::poll_fn;
use core::task::Poll;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::stream::WebSocketStream;
use super::transport::Transport;
use crate::handshake::{Refusal, Request, Response};
use crate::stream::{ClientOpening, ClientRequest, IntoClientRequest, ServerOpening};
use crate::{Config, Error};

/// Connects to the server of a `ws` URL, over TCP without delay, and opens a WebSocket.
///
/// The response tells what the server said besides.
///
/// # Errors
///
/// [`Error::InvalidUrl`], also for `wss`: use [`client_async`] over a stream with TLS; [`Error::Io`];
/// [`Error::Refused`], with the server's response; what is wrong with the response otherwise.
pub async fn connect_async(request: impl IntoClientRequest) -> Result<(WebSocketStream<TcpStream>, Response), Error> {
    let request = request.into_client_request()?;
    request.check_plain()?;
    let stream = TcpStream::connect((request.host(), request.port())).await?;
    stream.set_nodelay(true)?;
    client_async(request, stream).await
}

/// Opens a WebSocket as a client over a stream that is connected, such as one with TLS.
///
/// # Errors
///
/// As [`connect_async`].
pub async fn client_async<S: AsyncRead + AsyncWrite + Unpin>(
    request: impl IntoClientRequest,
    mut stream: S,
) -> Result<(WebSocketStream<S>, Response), Error> {
    let config = ClientRequest::into_config(request.into_client_request()?);
    let mut opening = ClientOpening::new(config)?;
    let (opened, response) = drive(&mut stream, |io| opening.poll(io)).await?;
    Ok((WebSocketStream::new(stream, opened), response))
}

/// Accepts a WebSocket as a server, with the default configuration.
///
/// # Errors
///
/// What is wrong with the request, which was refused; [`Error::Io`].
pub async fn accept_async<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> Result<WebSocketStream<S>, Error> {
    accept_async_with_config(stream, Config::server()).await
}

/// Like [`accept_async`] with a configuration: limits, time-outs, compression, subprotocols, origins.
///
/// # Errors
///
/// As [`accept_async`].
pub async fn accept_async_with_config<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    config: Config,
) -> Result<WebSocketStream<S>, Error> {
    accept_with(stream, config, |_, config| Ok(config)).await.map(|(ws, _)| ws)
}

/// Like [`accept_async_with_config`], and lets `decide` look at the request: it refuses it, or returns the
/// configuration to go on with, perhaps changed. The handshake of RFC 6455 is checked after that.
///
/// ```
/// use tidewire::Config;
/// use tidewire::handshake::Refusal;
/// use tidewire::tokio::accept_with;
///
/// # async fn serve(stream: tokio::net::TcpStream) -> Result<(), tidewire::Error> {
/// let (ws, request) = accept_with(stream, Config::server(), |request, config| match request.target() {
///     "/chat" => Ok(config.subprotocols(["chat.v2"])),
///     _ => Err(Refusal::new(404).body("only /chat is here\n")),
/// })
/// .await?;
/// # let _ = (ws, request);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// As [`accept_async`], and [`Error::Declined`] where `decide` refused.
pub async fn accept_with<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    config: Config,
    decide: impl FnOnce(&Request, Config) -> Result<Config, Refusal>,
) -> Result<(WebSocketStream<S>, Request), Error> {
    let mut opening = ServerOpening::new(config, decide)?;
    let (opened, request) = drive(&mut stream, |io| opening.poll(io)).await?;
    Ok((WebSocketStream::new(stream, opened), request))
}

/// Runs a handshake, for which one task waits.
async fn drive<S, T>(
    stream: &mut S,
    mut poll: impl FnMut(&mut Transport<'_, '_, S>) -> Poll<Result<T, Error>>,
) -> Result<T, Error> {
    let mut clock = None;
    poll_fn(|cx| poll(&mut Transport { stream, clock: &mut clock, cx, other: None })).await
}
