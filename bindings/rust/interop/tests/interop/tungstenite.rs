// SPDX-License-Identifier: MIT
//! tungstenite, with and without tokio.
#![expect(clippy::result_large_err, reason = "the library's callback returns such a thing")]

use std::error::Error as StdError;

use futures_util::future::LocalBoxFuture;
use futures_util::{FutureExt, SinkExt, StreamExt};
use tidewire_interop::Data;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{self, HeaderValue, StatusCode, Uri};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data as Kind, OpCode};
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, HandshakeError, Message, WebSocket, accept_hdr, client};
use tokio_tungstenite::{accept_hdr_async, client_async};

use crate::end::{BlockingEnd, End, Opened, Options};

const PROTOCOL: &str = "Sec-WebSocket-Protocol";

fn request(options: &Options) -> ClientRequestBuilder {
    let request = ClientRequestBuilder::new(Uri::from_static("ws://localhost/"));
    options.offered.iter().fold(request, |request, name| request.with_sub_protocol(*name))
}

fn decide(options: &Options, request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    if options.refuse {
        let mut refusal = ErrorResponse::new(None);
        *refusal.status_mut() = StatusCode::FORBIDDEN;
        return Err(refusal);
    }
    if let Some(name) = options.choose(request.headers().get(PROTOCOL).map(HeaderValue::as_bytes)) {
        response.headers_mut().insert(PROTOCOL, name.parse().expect("a header's value"));
    }
    Ok(response)
}

fn chosen<B>(response: &http::Response<B>) -> Option<String> {
    Some(response.headers().get(PROTOCOL)?.to_str().expect("a name").to_owned())
}

pub async fn connect(socket: TcpStream, options: &Options) -> Result<Opened, String> {
    let (stream, response) = client_async(request(options), socket).await.map_err(|error| told(&error))?;
    Ok((Box::new(stream), chosen(&response)))
}

pub async fn accept(socket: TcpStream, options: &Options) -> Result<Opened, String> {
    let callback = |request: &Request, response: Response| decide(options, request, response);
    let stream = accept_hdr_async(socket, callback).await.map_err(|error| told(&error))?;
    Ok((Box::new(stream), None))
}

type Blocking = WebSocket<std::net::TcpStream>;

pub fn connect_blocking(socket: std::net::TcpStream, options: &Options) -> Result<Opened<Blocking>, String> {
    let (stream, response) = client(request(options), socket).map_err(|error| failed(&error))?;
    Ok((stream, chosen(&response)))
}

pub fn accept_blocking(socket: std::net::TcpStream, options: &Options) -> Result<Opened<Blocking>, String> {
    let callback = |request: &Request, response: Response| decide(options, request, response);
    Ok((accept_hdr(socket, callback).map_err(|error| failed(&error))?, None))
}

impl End for WebSocketStream<TcpStream> {
    fn send(&mut self, data: Data) -> LocalBoxFuture<'_, Result<(), String>> {
        async { SinkExt::send(self, message(data)).await.map_err(|error| told(&error)) }.boxed_local()
    }

    fn send_fragments(&mut self, data: Data) -> LocalBoxFuture<'_, Result<(), String>> {
        async {
            for frame in fragments(data) {
                self.feed(frame).await.map_err(|error| told(&error))?;
            }
            self.flush().await.map_err(|error| told(&error))
        }
        .boxed_local()
    }

    fn receive(&mut self) -> LocalBoxFuture<'_, Result<Option<Data>, String>> {
        async { received(self.next().await.unwrap_or(Err(Error::ConnectionClosed))) }.boxed_local()
    }
}

impl BlockingEnd for Blocking {
    fn send(&mut self, data: Data) -> Result<(), String> {
        WebSocket::send(self, message(data)).map_err(|error| told(&error))
    }

    fn send_fragments(&mut self, data: Data) -> Result<(), String> {
        for frame in fragments(data) {
            self.write(frame).map_err(|error| told(&error))?;
        }
        self.flush().map_err(|error| told(&error))
    }

    fn receive(&mut self) -> Result<Option<Data>, String> {
        received(self.read())
    }
}

fn message(data: Data) -> Message {
    match data {
        Data::Text(text) => Message::Text(text.into()),
        Data::Binary(bytes) => Message::Binary(bytes.into()),
        Data::Ping(bytes) => Message::Ping(bytes.into()),
        Data::Pong(bytes) => Message::Pong(bytes.into()),
        Data::Close(frame) => {
            Message::Close(frame.map(|(code, reason)| CloseFrame { code: code.into(), reason: reason.into() }))
        }
    }
}

/// The frames of a message cut in three, also inside of code points.
fn fragments(data: Data) -> Vec<Message> {
    let (opcode, bytes) = match data {
        Data::Text(text) => (Kind::Text, text.into_bytes()),
        Data::Binary(bytes) => (Kind::Binary, bytes),
        other => unreachable!("{other:?} is not a message"),
    };
    let (first, rest) = bytes.split_at(bytes.len() / 3);
    let (second, third) = rest.split_at(rest.len() / 2);
    let frame = |bytes: &[u8], opcode, last| Message::Frame(Frame::message(bytes.to_vec(), OpCode::Data(opcode), last));
    vec![frame(first, opcode, false), frame(second, Kind::Continue, false), frame(third, Kind::Continue, true)]
}

fn received(message: Result<Message, Error>) -> Result<Option<Data>, String> {
    Ok(Some(match message {
        Ok(Message::Text(text)) => Data::Text(text.as_str().to_owned()),
        Ok(Message::Binary(bytes)) => Data::Binary(bytes.to_vec()),
        Ok(Message::Ping(bytes)) => Data::Ping(bytes.to_vec()),
        Ok(Message::Pong(bytes)) => Data::Pong(bytes.to_vec()),
        Ok(Message::Close(frame)) => {
            Data::Close(frame.map(|frame| (frame.code.into(), frame.reason.as_str().to_owned())))
        }
        Ok(Message::Frame(_)) => unreachable!("only messages are handed out"),
        Err(Error::ConnectionClosed) => return Ok(None),
        Err(error) => return Err(told(&error)),
    }))
}

/// An error, of a refusal its status alone.
fn told(error: &Error) -> String {
    match error {
        Error::Http(response) => format!("status {}", response.status().as_u16()),
        other => other.to_string(),
    }
}

fn failed<R>(error: &HandshakeError<R>) -> String
where
    R: tokio_tungstenite::tungstenite::handshake::HandshakeRole,
    HandshakeError<R>: StdError,
{
    match error {
        HandshakeError::Failure(error) => told(error),
        HandshakeError::Interrupted(_) => "interrupted".to_owned(),
    }
}
