// SPDX-License-Identifier: MIT
//! Two ends of a connection over memory, and futures that are dropped before their time.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tidewire::tokio::{WebSocketStream, accept_async_with_config, client_async};
use tidewire::{ClientRequest, Config, Error};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::join;

pub type Socket<S = DuplexStream> = WebSocketStream<S>;

/// Client and server over streams that are connected.
pub async fn shake<S: AsyncRead + AsyncWrite + Unpin>(
    (client, server): (S, S),
    client_config: Config,
    server_config: Config,
) -> (Result<Socket<S>, Error>, Result<Socket<S>, Error>) {
    let request = ClientRequest::with_config("ws://localhost/", client_config).expect("a URL");
    let opening = async { client_async(request, client).await.map(|(socket, _)| socket) };
    join!(opening, accept_async_with_config(server, server_config))
}

/// Client and server over a pipe of `len` bytes, with these configurations.
pub async fn open_with(len: usize, client: Config, server: Config) -> (Socket, Socket) {
    let (client, server) = shake(duplex(len), client, server).await;
    (client.expect("the client's handshake"), server.expect("the server's handshake"))
}

/// Client and server over a pipe that holds much.
pub async fn open() -> (Socket, Socket) {
    open_with(1 << 20, Config::client("localhost"), Config::server()).await
}

/// Polls a future until it has been pending so often, and drops it then. `None`: it was not ready before.
pub async fn cut<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    struct Cut<'a, F>(Pin<&'a mut F>, usize);

    impl<F: Future> Future for Cut<'_, F> {
        type Output = Option<F::Output>;

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
            match self.0.as_mut().poll(context) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending if self.1 == 0 => Poll::Ready(None),
                Poll::Pending => {
                    self.1 -= 1;
                    context.waker().wake_by_ref(); // so that it ends, whether or not anything comes
                    Poll::Pending
                }
            }
        }
    }

    Cut(pin!(future), polls).await
}
