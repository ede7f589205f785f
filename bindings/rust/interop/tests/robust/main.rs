// SPDX-License-Identifier: MIT
//! What the streams on tokio do when the other side, or their own program, does not behave.

mod cancel;
mod ends;
mod slow;
mod tasks;

use std::time::Duration;

use tidewire::tokio::{WebSocketStream, accept_async_with_config, client_async};
use tidewire::{ClientRequest, Config};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::join;
use tokio::net::{TcpListener, TcpStream};

/// Runs a test to its end, or says that it hangs.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let guarded = async { tokio::time::timeout(Duration::from_secs(60), test).await };
    runtime.block_on(guarded).expect("the test does not hang");
}

/// Client and server over streams that are connected.
async fn open_over<C, S>(
    client: C,
    server: S,
    client_config: Config,
    server_config: Config,
) -> (WebSocketStream<C>, WebSocketStream<S>)
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let request = ClientRequest::with_config("ws://localhost/", client_config).expect("a URL");
    let (client, server) = join!(client_async(request, client), accept_async_with_config(server, server_config));
    (client.expect("the client's handshake").0, server.expect("the server's handshake"))
}

/// Two ends of a TCP connection.
async fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("the loopback interface is there");
    let address = listener.local_addr().expect("it is bound");
    let (client, server) = join!(TcpStream::connect(address), listener.accept());
    (client.expect("it listens"), server.expect("it connects").0)
}

/// Client and server over TCP.
async fn open() -> (WebSocketStream<TcpStream>, WebSocketStream<TcpStream>) {
    let (client, server) = sockets().await;
    open_over(client, server, Config::client("localhost"), Config::server()).await
}
