// SPDX-License-Identifier: MIT
//! The echo server that the Autobahn suite examines.
//!
//! `server PORT CONTEXT` listens on 127.0.0.1 (port 0: any), says on which port, and ends at SIGTERM. CONTEXT is how
//! many bytes of compression context a connection may keep.

use tidewire::Config;
use tidewire::tokio::accept_async_with_config;
use tidewire_autobahn::{echo, limits, number};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = number(arguments.next());
    let config = limits(Config::server(), number(arguments.next()));
    let mut stop = signal(SignalKind::terminate())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (socket, _) = tokio::select! {
            accepted = listener.accept() => accepted?,
            _ = stop.recv() => return Ok(()),
        };
        socket.set_nodelay(true)?;
        let config = config.clone();
        tokio::spawn(async move {
            match accept_async_with_config(socket, config).await {
                Ok(connection) => echo(connection).await,
                Err(error) => eprintln!("{error}"),
            }
        });
    }
}
