// SPDX-License-Identifier: MIT
//! Opening connections: as a client and as a server.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::transport::Transport;
use super::websocket::WebSocket;
use crate::handshake::{Refusal, Request, Response};
use crate::stream::{ClientOpening, ClientRequest, IntoClientRequest, ServerOpening};
use crate::{Config, Error};

/// Connects to the server of a `ws` URL, over TCP without delay, and opens a WebSocket.
///
/// The response tells what the server said besides.
///
/// # Errors
///
/// [`Error::InvalidUrl`], also for `wss`: use [`client`] over a stream with TLS; [`Error::Io`]; [`Error::Refused`],
/// with the server's response; what is wrong with the response otherwise.
pub fn connect(request: impl IntoClientRequest) -> Result<(WebSocket<TcpStream>, Response), Error> {
    let request = request.into_client_request()?;
    request.check_plain()?;
    let stream = TcpStream::connect((request.host(), request.port()))?;
    stream.set_nodelay(true)?;
    client(request, stream)
}

/// Opens a WebSocket as a client over a stream that is connected, such as one with TLS.
///
/// The opening handshake is one call: a stream that does not block is set so afterwards.
///
/// # Errors
///
/// As [`connect`].
pub fn client<S: Read + Write>(
    request: impl IntoClientRequest,
    mut stream: S,
) -> Result<(WebSocket<S>, Response), Error> {
    let mut opening = ClientOpening::new(ClientRequest::into_config(request.into_client_request()?))?;
    let mut transport = Transport::for_opening(&mut stream);
    let result = opening.poll(&mut transport);
    let (opened, response) = transport.finish(result)?;
    Ok((WebSocket::new(stream, opened), response))
}

/// Accepts a WebSocket as a server, with the default configuration.
///
/// The opening handshake is one call: a stream that does not block is set so afterwards.
///
/// # Errors
///
/// What is wrong with the request, which was refused; [`Error::Io`].
pub fn accept<S: Read + Write>(stream: S) -> Result<WebSocket<S>, Error> {
    accept_with_config(stream, Config::server())
}

/// Like [`accept`] with a configuration: limits, compression, subprotocols, origins.
///
/// # Errors
///
/// As [`accept`].
pub fn accept_with_config<S: Read + Write>(stream: S, config: Config) -> Result<WebSocket<S>, Error> {
    accept_with(stream, config, |_, config| Ok(config)).map(|(ws, _)| ws)
}

/// Like [`accept_with_config`], and lets `decide` look at the request: it refuses it, or returns the configuration to
/// go on with, perhaps changed. The handshake of RFC 6455 is checked after that.
///
/// # Errors
///
/// As [`accept`], and [`Error::Declined`] where `decide` refused.
pub fn accept_with<S: Read + Write>(
    mut stream: S,
    config: Config,
    decide: impl FnOnce(&Request, Config) -> Result<Config, Refusal>,
) -> Result<(WebSocket<S>, Request), Error> {
    let mut opening = ServerOpening::new(config, decide)?;
    let mut transport = Transport::for_opening(&mut stream);
    let result = opening.poll(&mut transport);
    let (opened, request) = transport.finish(result)?;
    Ok((WebSocket::new(stream, opened), request))
}
