// SPDX-License-Identifier: MIT
//! Sends the lines of the standard input, and prints what comes: two tasks over one connection.
//!
//! `cargo run --features tokio --example chat_client -- ws://127.0.0.1:9001/`

use futures_util::{SinkExt as _, StreamExt as _};
use tidewire::tokio::connect_async;
use tidewire::{Error, Message};
use tokio::io::AsyncBufReadExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "ws://127.0.0.1:9001/".into());
    let (ws, _response) = connect_async(url).await?;
    let (mut sink, mut source) = ws.split();

    let receiving = tokio::spawn(async move {
        while let Some(message) = source.next().await {
            match message? {
                Message::Text(text) => println!("{text}"),
                Message::Close(Some(frame)) => eprintln!("closed: {frame}"),
                _ => {}
            }
        }
        Ok::<_, Error>(())
    });

    let mut lines = tokio::io::BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        if sink.send(Message::from(line)).await.is_err() {
            break; // the receiving task says why
        }
    }
    sink.close().await?;
    receiving.await.unwrap_or(Err(Error::Closed))
}
