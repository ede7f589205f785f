// SPDX-License-Identifier: MIT
//! Servers of other libraries, by their usual ways: each message sent as it comes, or `forward`, which flushes when
//! nothing more is there to read.

use fastwebsockets::{Frame, OpCode, Role as FastRole, WebSocket as FastWebSocket};
use futures_util::future::ready;
use futures_util::{SinkExt, StreamExt, TryStreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream as TungsteniteStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_websockets::ServerBuilder;

use crate::{Failure, handshake};

pub async fn tungstenite_send(stream: TcpStream) -> Result<(), Failure> {
    let mut socket = tungstenite(stream).await?;
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

pub async fn tungstenite_forward(stream: TcpStream) -> Result<(), Failure> {
    let (sink, stream) = tungstenite(stream).await?.split();
    stream.try_filter(|message| ready(message.is_text() || message.is_binary())).forward(sink).await?;
    Ok(())
}

pub async fn fastwebsockets(mut stream: TcpStream) -> Result<(), Failure> {
    handshake::accept(&mut stream).await?;
    let mut socket = FastWebSocket::after_handshake(stream, FastRole::Server);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            // The frame that was read still has its masking key.
            OpCode::Text | OpCode::Binary => {
                socket.write_frame(Frame::new(true, frame.opcode, None, frame.payload)).await?;
            }
            OpCode::Close => return Ok(()),
            _ => {}
        }
    }
}

/// Its stream flushes whenever it is polled: `forward` would write each message by itself, too.
pub async fn tokio_websockets(mut stream: TcpStream) -> Result<(), Failure> {
    handshake::accept(&mut stream).await?;
    let mut socket = ServerBuilder::new().serve(stream);
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

async fn tungstenite(mut stream: TcpStream) -> Result<TungsteniteStream<TcpStream>, Failure> {
    handshake::accept(&mut stream).await?;
    Ok(TungsteniteStream::from_raw_socket(stream, Role::Server, None).await)
}
