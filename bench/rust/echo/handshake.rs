// SPDX-License-Identifier: MIT
//! The opening handshake of the servers of other libraries.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

const HEAD_MAX: usize = 4096;

/// Answers a request. The client sends no frame before it has the response.
pub async fn accept(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = Vec::with_capacity(HEAD_MAX);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == HEAD_MAX || stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    let key = key_of(&head).ok_or(io::ErrorKind::InvalidData)?;
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        derive_accept_key(key.as_bytes())
    );
    stream.write_all(response.as_bytes()).await
}

fn key_of(head: &[u8]) -> Option<&str> {
    let is_key = |name: &str| name.eq_ignore_ascii_case("Sec-WebSocket-Key");
    let mut fields = str::from_utf8(head).ok()?.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(name, _)| is_key(name)).map(|(_, value)| value.trim())
}
