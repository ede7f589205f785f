// SPDX-License-Identifier: MIT
//! This engine: the stream on tokio, and the blocking one.

use futures_util::future::LocalBoxFuture;
use futures_util::{FutureExt, SinkExt, StreamExt};
use tidewire::handshake::{Refusal, Request};
use tidewire::tokio::{WebSocketStream, accept_with, client_async};
use tidewire::{ClientRequest, CloseFrame, Config, DeflateConfig, Error, Message, blocking};
use tidewire_interop::Data;
use tokio::net::TcpStream;

use crate::end::{BlockingEnd, End, Opened, Options};

fn configure(config: Config, options: &Options) -> Config {
    let config = if options.compression { config.deflate(DeflateConfig::new()) } else { config };
    if options.max_message_len > 0 { config.max_message_len(options.max_message_len) } else { config }
}

fn request(options: &Options) -> ClientRequest {
    let config = configure(Config::client("localhost"), options);
    ClientRequest::with_config("ws://localhost/", config).expect("a URL").subprotocols(&options.offered)
}

fn server(options: &Options) -> Config {
    configure(Config::server(), options).subprotocols(&options.supported)
}

fn decide(options: &Options, config: Config) -> Result<Config, Refusal> {
    if options.refuse { Err(Refusal::new(403)) } else { Ok(config) }
}

pub async fn connect(socket: TcpStream, options: &Options) -> Result<Opened, String> {
    let (stream, _) = client_async(request(options), socket).await.map_err(|error| told(&error))?;
    let subprotocol = stream.subprotocol().map(str::to_owned);
    Ok((Box::new(stream), subprotocol))
}

pub async fn accept(socket: TcpStream, options: &Options) -> Result<Opened, String> {
    let decide = |_: &Request, config| decide(options, config);
    let (stream, _) = accept_with(socket, server(options), decide).await.map_err(|error| told(&error))?;
    let subprotocol = stream.subprotocol().map(str::to_owned);
    Ok((Box::new(stream), subprotocol))
}

type Blocking = blocking::WebSocket<std::net::TcpStream>;

pub fn connect_blocking(socket: std::net::TcpStream, options: &Options) -> Result<Opened<Blocking>, String> {
    let (stream, _) = blocking::client(request(options), socket).map_err(|error| told(&error))?;
    let subprotocol = stream.subprotocol().map(str::to_owned);
    Ok((stream, subprotocol))
}

pub fn accept_blocking(socket: std::net::TcpStream, options: &Options) -> Result<Opened<Blocking>, String> {
    let decide = |_: &Request, config| decide(options, config);
    let (stream, _) = blocking::accept_with(socket, server(options), decide).map_err(|error| told(&error))?;
    let subprotocol = stream.subprotocol().map(str::to_owned);
    Ok((stream, subprotocol))
}

impl End for WebSocketStream<TcpStream> {
    fn send(&mut self, data: Data) -> LocalBoxFuture<'_, Result<(), String>> {
        async { SinkExt::send(self, message(data)).await.map_err(|error| told(&error)) }.boxed_local()
    }

    fn receive(&mut self) -> LocalBoxFuture<'_, Result<Option<Data>, String>> {
        async { self.next().await.transpose().map(received).map_err(|error| told(&error)) }.boxed_local()
    }
}

impl BlockingEnd for Blocking {
    fn send(&mut self, data: Data) -> Result<(), String> {
        self.send(&message(data)).map_err(|error| told(&error))
    }

    fn receive(&mut self) -> Result<Option<Data>, String> {
        self.read().map(received).map_err(|error| told(&error))
    }
}

fn message(data: Data) -> Message {
    match data {
        Data::Text(text) => Message::text(text),
        Data::Binary(bytes) => Message::binary(bytes),
        Data::Ping(bytes) => Message::Ping(bytes.into()),
        Data::Pong(bytes) => Message::Pong(bytes.into()),
        Data::Close(frame) => Message::Close(frame.map(|(code, reason)| CloseFrame::new(code, reason))),
    }
}

fn received(message: Option<Message>) -> Option<Data> {
    Some(match message? {
        Message::Text(text) => Data::Text(text.as_str().to_owned()),
        Message::Binary(bytes) => Data::Binary(bytes.to_vec()),
        Message::Ping(bytes) => Data::Ping(bytes.to_vec()),
        Message::Pong(bytes) => Data::Pong(bytes.to_vec()),
        Message::Close(frame) => Data::Close(frame.map(|frame| (frame.code, frame.reason.as_str().to_owned()))),
    })
}

/// An error, of a refusal its status alone.
fn told(error: &Error) -> String {
    match error {
        Error::Refused(response) => format!("status {}", response.status()),
        other => other.to_string(),
    }
}
