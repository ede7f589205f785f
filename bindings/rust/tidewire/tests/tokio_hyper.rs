// SPDX-License-Identifier: MIT
//! The example with hyper: ordinary requests, upgrades, and those that are refused.
#![cfg(feature = "tokio")]

#[allow(dead_code, reason = "its main function serves for ever")]
#[path = "../examples/hyper_upgrade.rs"]
mod hyper_upgrade;

use futures_util::{SinkExt as _, StreamExt as _};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tidewire::tokio::client_async;
use tidewire::{ClientRequest, Error, Message};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

/// A stream to a server of one connection.
fn served() -> DuplexStream {
    let (client, stream) = duplex(1 << 16);
    tokio::spawn(async move {
        hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service_fn(hyper_upgrade::answer))
            .with_upgrades()
            .await
    });
    client
}

async fn response_to(request: &str) -> String {
    let mut stream = served();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

#[tokio::test]
async fn upgraded_request_becomes_a_websocket() {
    let request = ClientRequest::new("ws://localhost/chat?room=5").unwrap();
    let (mut ws, response) = client_async(request, served()).await.unwrap();
    assert_eq!(response.status(), 101);
    for n in 0..10_u8 {
        ws.feed(Message::binary(vec![n; 1000])).await.unwrap();
    }
    ws.flush().await.unwrap();
    for n in 0..10_u8 {
        assert_eq!(ws.next().await.unwrap().unwrap(), Message::binary(vec![n; 1000]));
    }
    ws.close(1000, "").await.unwrap();
}

#[tokio::test]
async fn ordinary_request_gets_an_ordinary_response() {
    let response = response_to("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.ends_with("connect with ws://\n"), "{response}");
}

#[tokio::test]
async fn upgrade_that_breaks_a_rule_is_refused() {
    let head = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n";
    let response = response_to(&format!("{head}Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: x\r\n\r\n")).await;
    assert!(response.starts_with("HTTP/1.1 4"), "{response}");
}

#[tokio::test]
async fn origin_of_another_site_is_refused() {
    let request = ClientRequest::new("ws://localhost/").unwrap().origin("https://evil.example");
    let Err(Error::Refused(response)) = client_async(request, served()).await else { panic!("not refused") };
    assert_eq!(response.status(), 403);
}
