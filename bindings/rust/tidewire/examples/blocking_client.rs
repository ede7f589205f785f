// SPDX-License-Identifier: MIT
//! Sends its arguments as messages over a blocking stream, all in one write, and prints the answers.
//!
//! `cargo run --example blocking_client -- ws://127.0.0.1:9001/ ebb flow`

use tidewire::{Error, Outgoing, blocking};

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "ws://127.0.0.1:9001/".into());
    let texts: Vec<_> = arguments.collect();

    let (mut ws, _response) = blocking::connect(url)?;
    ws.send_batch(texts.iter().map(|text| Outgoing::text(text)))?;
    let mut answer = Vec::new();
    for _ in &texts {
        if ws.read_into(&mut answer)?.is_none() {
            break;
        }
        println!("{}", String::from_utf8_lossy(&answer));
    }
    ws.close(1000, "")
}
