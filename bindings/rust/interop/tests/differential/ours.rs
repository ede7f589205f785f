// SPDX-License-Identifier: MIT
//! What this engine makes of a stream.

use tidewire::{Config, Connection, Deflate, Error, Event, Status};
use tidewire_interop::Data;

use crate::peers::Verdict;
use crate::wire::Reader;

/// What a connection handed out, and why it failed, if it did.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub seen: Vec<Data>,
    pub failure: Option<Status>,
}

impl Outcome {
    /// The end in the words that the other libraries allow.
    pub fn verdict(&self) -> Verdict {
        match self.failure {
            None => Verdict::Closed,
            Some(Status::EOF) => Verdict::Eof,
            Some(_) => Verdict::Refused,
        }
    }
}

/// Feeds the parts one by one, then the end of the stream.
pub fn tidewire(reader: Reader, parts: &[&[u8]]) -> Outcome {
    let config = if reader == Reader::Server { Config::server() } else { Config::client("localhost") };
    let mut connection = Connection::upgraded(&config, Deflate::default()).expect("there is memory");
    let mut seen = Vec::new();
    let mut feed = || -> Result<(), Error> {
        for part in parts {
            let mut part = part.to_vec();
            let (mut events, _) = connection.receive(&mut part)?;
            while let Some(event) = events.next()? {
                seen.push(told(&event));
            }
        }
        connection.receive_eof()
    };
    let failure = feed().err().map(|error| error.status().expect("the engine failed, not a stream"));
    Outcome { seen, failure }
}

fn told(event: &Event<'_>) -> Data {
    match *event {
        Event::Text(text) => Data::Text(text.to_owned()),
        Event::Binary(bytes) => Data::Binary(bytes.to_vec()),
        Event::Ping(bytes) => Data::Ping(bytes.to_vec()),
        Event::Pong(bytes) => Data::Pong(bytes.to_vec()),
        Event::Close { code: 1005, .. } => Data::Close(None),
        Event::Close { code, reason } => Data::Close(Some((code, reason.to_owned()))),
        ref other => unreachable!("no {other:?} without a handshake and without chunks"),
    }
}
