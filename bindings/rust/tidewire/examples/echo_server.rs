// SPDX-License-Identifier: MIT
//! Echoes messages over tokio, without copying them out of the connection.
//!
//! `cargo run --features tokio --example echo_server -- 127.0.0.1:9001`

use std::time::Duration;

use tidewire::tokio::accept_async_with_config;
use tidewire::{Config, DeflateConfig, Error, Event};
use tokio::net::{TcpListener, TcpStream};

async fn serve(stream: TcpStream, config: Config) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let mut ws = accept_async_with_config(stream, config).await?;
    // One round for each read: its answers leave together.
    while ws
        .handle(|event, answers| match event {
            Event::Text(text) => answers.send_text(text),
            Event::Binary(data) => answers.send_binary(data),
            _ => Ok(()), // pings and close frames are answered already
        })
        .await?
    {}
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into());
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let config = Config::server()
        .max_message_len(16 << 20)
        .idle_timeout(Duration::from_secs(120))
        .ping_interval(Duration::from_secs(20))
        .deflate(DeflateConfig::new());
    loop {
        let (stream, peer) = listener.accept().await?;
        let config = config.clone();
        tokio::spawn(async move {
            if let Err(error) = serve(stream, config).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}
