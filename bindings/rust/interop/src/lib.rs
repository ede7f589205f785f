// SPDX-License-Identifier: MIT
//! What the tests of this crate share: messages that every library can tell in its own words, and bytes to fill them.

/// What one side sends and the other one receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A ping with its payload.
    Ping(Vec<u8>),
    /// A pong with its payload.
    Pong(Vec<u8>),
    /// A close frame with its code and reason, if it has any.
    Close(Option<(u16, String)>),
}

/// `len` bytes with a period that no masking key or vector width divides.
#[must_use]
pub fn pattern(len: usize) -> Vec<u8> {
    (0..=250_u8).cycle().take(len).collect()
}

/// `len` bytes of text with code points of each length, the longest ones where vectors meet.
#[must_use]
pub fn text(len: usize) -> String {
    let mut text: String = "tide \u{e9}\u{20ac}\u{1f30a} ".chars().cycle().take(len).collect();
    while text.len() > len {
        text.pop();
    }
    let missing = len - text.len();
    text.push_str(&"~~~"[..missing]);
    text
}
