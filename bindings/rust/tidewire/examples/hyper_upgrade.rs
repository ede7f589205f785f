// SPDX-License-Identifier: MIT
//! A server of hyper that answers ordinary requests, and upgrades those that ask for a WebSocket.
//!
//! `cargo run --features tokio --example hyper_upgrade -- 127.0.0.1:9001`

use std::convert::Infallible;

use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tidewire::handshake::{Upgrade, is_upgrade};
use tidewire::tokio::WebSocketStream;
use tidewire::{Config, Error};
use tokio::net::TcpListener;

/// The headers of a request as tidewire reads them.
fn headers<T>(request: &Request<T>) -> impl Iterator<Item = (&str, &[u8])> {
    request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
}

/// Echoes messages once hyper has given the stream up.
async fn echo(upgraded: OnUpgrade, upgrade: Upgrade) -> Result<(), Error> {
    let stream = TokioIo::new(upgraded.await.map_err(std::io::Error::other)?);
    let mut ws = WebSocketStream::from_upgrade(stream, &upgrade, Bytes::new())?;
    while let Some(message) = ws.next().await {
        let message = message?;
        if message.is_data() {
            ws.feed(message).await?;
        }
    }
    Ok(())
}

/// Answers one request.
///
/// # Errors
///
/// Never.
pub async fn answer(mut request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::default());
    if !is_upgrade(headers(&request)) {
        *response.body_mut() = "This is a WebSocket: connect with ws://\n".into();
        return Ok(response);
    }
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    match Upgrade::new(&Config::server(), request.method().as_str(), target, headers(&request)) {
        Ok(upgrade) => {
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            for (name, value) in upgrade.headers() {
                if let (Ok(name), Ok(value)) = (name.parse::<hyper::header::HeaderName>(), value.parse()) {
                    response.headers_mut().append(name, value);
                }
            }
            let upgraded = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                if let Err(error) = echo(upgraded, upgrade).await {
                    eprintln!("{error}");
                }
            });
        }
        Err(error) => {
            let status = error.status().and_then(tidewire::Status::http_status).unwrap_or(500);
            *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
            *response.body_mut() = format!("{error}\n").into();
        }
    }
    Ok(response)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service_fn(answer))
                .with_upgrades();
            if let Err(error) = connection.await {
                eprintln!("{error}");
            }
        });
    }
}
