// SPDX-License-Identifier: MIT
//! The client that the Autobahn suite examines.
//!
//! `client PORT CONTEXT` runs every case that the suite's server on 127.0.0.1 offers, echoing each message. CONTEXT is
//! how many bytes of compression context it may keep. Status 0: every case was run to its end; what they showed is in
//! the suite's report.

use futures_util::StreamExt;
use tidewire::tokio::{WebSocketStream, connect_async};
use tidewire::{ClientRequest, Config, Error, Message};
use tidewire_autobahn::{echo, limits, number};
use tokio::net::TcpStream;

async fn open(port: u16, context: u64, target: &str) -> Result<WebSocketStream<TcpStream>, Error> {
    let config = limits(Config::client("127.0.0.1"), context);
    let request = ClientRequest::with_config(&format!("ws://127.0.0.1:{port}{target}"), config)?;
    connect_async(request).await.map(|(connection, _)| connection)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let (port, context) = (number(arguments.next()), number(arguments.next()));
    let mut connection = open(port, context, "/getCaseCount").await?;
    let Some(Message::Text(count)) = connection.next().await.transpose()? else { return Err(Error::Closed) };
    drop(connection);
    for case in 1..=number(Some(count.to_string())) {
        let case: u32 = case;
        echo(open(port, context, &format!("/runCase?case={case}&agent=tidewire")).await?).await;
    }
    let mut connection = open(port, context, "/updateReports?agent=tidewire").await?;
    while connection.next().await.transpose()?.is_some() {}
    Ok(())
}
