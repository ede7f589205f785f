// SPDX-License-Identifier: MIT
//! fastwebsockets, whose handshakes are hyper's.

use std::convert::Infallible;
use std::pin::Pin;

use fastwebsockets::handshake::{client, generate_key};
use fastwebsockets::upgrade::upgrade;
use fastwebsockets::{FragmentCollector, Frame, OpCode, Payload, WebSocketError};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, HOST, HeaderValue, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tidewire_interop::Data;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::end::{End, Opened, Options};

struct Fast {
    socket: FragmentCollector<TokioIo<Upgraded>>,
    /// A close frame was received, and answered.
    closed: bool,
}

struct Executor;

impl hyper::rt::Executor<Pin<Box<dyn Future<Output = ()> + Send>>> for Executor {
    fn execute(&self, future: Pin<Box<dyn Future<Output = ()> + Send>>) {
        tokio::spawn(future);
    }
}

pub async fn connect(socket: TcpStream, options: &Options) -> Result<Opened, String> {
    let mut request = Request::get("/")
        .header(HOST, "localhost")
        .header(UPGRADE, "websocket")
        .header(CONNECTION, "Upgrade")
        .header("Sec-WebSocket-Key", generate_key())
        .header("Sec-WebSocket-Version", "13");
    if !options.offered.is_empty() {
        request = request.header(SEC_WEBSOCKET_PROTOCOL, options.offered.join(", "));
    }
    let request = request.body(Empty::<Bytes>::new()).expect("a request");
    let (socket, response) = client(&Executor, request, socket).await.map_err(|error| told(&error))?;
    let chosen = response.headers().get(SEC_WEBSOCKET_PROTOCOL);
    let chosen = chosen.map(|name| name.to_str().expect("a name").to_owned());
    Ok((Box::new(Fast { socket: FragmentCollector::new(socket), closed: false }), chosen))
}

pub async fn accept(socket: TcpStream, options: &Options) -> Result<Opened, String> {
    let (sender, mut accepted) = mpsc::unbounded_channel();
    let options = options.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        let answer = if options.refuse { None } else { upgrade(&mut request).ok() };
        let mut response = Response::new(Empty::<Bytes>::new());
        *response.status_mut() = StatusCode::FORBIDDEN;
        if let Some((switching, future)) = answer {
            response = switching;
            let offered = request.headers().get(SEC_WEBSOCKET_PROTOCOL).map(HeaderValue::as_bytes);
            if let Some(name) = options.choose(offered) {
                response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, name.parse().expect("a header's value"));
            }
            sender.send(future).expect("somebody waits for it");
        }
        async { Ok::<_, Infallible>(response) }
    });
    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service).with_upgrades());
    let upgraded = accepted.recv().await.ok_or("refused")?;
    let socket = upgraded.await.map_err(|error| told(&error))?;
    Ok((Box::new(Fast { socket: FragmentCollector::new(socket), closed: false }), None))
}

impl Fast {
    async fn write(&mut self, frame: Frame<'_>) -> Result<(), String> {
        // The collector's own lifetime is that of the frames that it writes: a copy outlives all.
        let payload = Payload::Owned(frame.payload.to_vec());
        let frame = Frame::new(frame.fin, frame.opcode, None, payload);
        self.socket.write_frame(frame).await.map_err(|error| told(&error))
    }
}

impl End for Fast {
    fn send(&mut self, data: Data) -> LocalBoxFuture<'_, Result<(), String>> {
        async move {
            let frame = match &data {
                Data::Text(text) => Frame::text(Payload::Borrowed(text.as_bytes())),
                Data::Binary(bytes) => Frame::binary(Payload::Borrowed(bytes)),
                Data::Ping(bytes) => Frame::new(true, OpCode::Ping, None, Payload::Borrowed(bytes)),
                Data::Pong(bytes) => Frame::pong(Payload::Borrowed(bytes)),
                Data::Close(Some((code, reason))) => Frame::close(*code, reason.as_bytes()),
                Data::Close(None) => Frame::close_raw(Payload::Borrowed(b"")),
            };
            self.write(frame).await
        }
        .boxed_local()
    }

    fn send_fragments(&mut self, data: Data) -> LocalBoxFuture<'_, Result<(), String>> {
        async move {
            let (opcode, bytes) = match &data {
                Data::Text(text) => (OpCode::Text, text.as_bytes()),
                Data::Binary(bytes) => (OpCode::Binary, &bytes[..]),
                other => unreachable!("{other:?} is not a message"),
            };
            let (first, rest) = bytes.split_at(bytes.len() / 3);
            self.write(Frame::new(false, opcode, None, Payload::Borrowed(first))).await?;
            self.write(Frame::new(true, OpCode::Ping, None, Payload::Borrowed(b"between"))).await?;
            self.write(Frame::new(true, OpCode::Continuation, None, Payload::Borrowed(rest))).await
        }
        .boxed_local()
    }

    fn receive(&mut self) -> LocalBoxFuture<'_, Result<Option<Data>, String>> {
        async {
            if self.closed {
                return Ok(None);
            }
            let frame = self.socket.read_frame().await.map_err(|error| told(&error))?;
            let bytes = frame.payload.to_vec();
            Ok(Some(match frame.opcode {
                OpCode::Text => Data::Text(String::from_utf8(bytes).expect("checked by the library")),
                OpCode::Binary => Data::Binary(bytes),
                OpCode::Ping => Data::Ping(bytes),
                OpCode::Pong => Data::Pong(bytes),
                OpCode::Close => {
                    self.closed = true;
                    let frame = bytes.split_first_chunk();
                    Data::Close(frame.map(|(code, reason)| {
                        (u16::from_be_bytes(*code), String::from_utf8_lossy(reason).into_owned())
                    }))
                }
                OpCode::Continuation => unreachable!("fragments are collected"),
            }))
        }
        .boxed_local()
    }
}

/// An error, of a refusal its status alone.
fn told(error: &WebSocketError) -> String {
    match error {
        WebSocketError::InvalidStatusCode(status) => format!("status {status}"),
        other => other.to_string(),
    }
}
