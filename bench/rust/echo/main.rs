// SPDX-License-Identifier: MIT
//! Echo servers, one for each row: what is named by the first argument listens on the port that is the second; port 0
//! lets the kernel choose. One line says where. A signal ends it.
//!
//! All have a runtime of one thread and one task for each connection. The opening handshake is not measured. Errors end
//! a connection: the load generator notices.

mod handshake;
mod ours;
mod peers;
mod raw;

use std::future::Future;
use std::io;
use std::process::ExitCode;

use tidewire::BufferPool;
use tokio::net::{TcpListener, TcpStream};

/// Why a connection ended.
type Failure = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "usage: tw_rust_echo ROW PORT";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [row, port] = &arguments[..] else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let Ok(port) = port.parse() else {
        eprintln!("tw_rust_echo: {port:?} is no port");
        return ExitCode::from(2);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(serve_row(row, port))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tw_rust_echo: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve_row(row: &str, port: u16) -> io::Result<()> {
    match row {
        "raw" => serve(port, raw::echo).await,
        "tw_connection" => {
            let pool = BufferPool::new()?;
            serve(port, move |stream| ours::connection(stream, pool.clone())).await
        }
        "tw_borrowed" => serve(port, ours::borrowed).await,
        "tw_feed" => serve(port, ours::feed).await,
        "tw_forward" => serve(port, ours::forward).await,
        "tungstenite" => serve(port, peers::tungstenite_send).await,
        "tungstenite:forward" => serve(port, peers::tungstenite_forward).await,
        "fastwebsockets" => serve(port, peers::fastwebsockets).await,
        "tokio-websockets" => serve(port, peers::tokio_websockets).await,
        _ => Err(io::Error::other(format!("there is no row {row:?}"))),
    }
}

async fn serve<F>(port: u16, echo: impl Fn(TcpStream) -> F) -> io::Result<()>
where
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(echo(stream));
    }
}
