// SPDX-License-Identifier: MIT
//! Copies of small messages, made for a batch of them at once.

use std::vec::Vec;

use bytes::Bytes;

use crate::{Connection, Event};

/// Copies of the messages that come next. They share one allocation, which a slice is cut from more cheaply than memory
/// is allocated.
#[derive(Default)]
pub(super) struct Copies(Bytes);

impl Copies {
    /// A longer message is not for this.
    pub(super) const MAX_LEN: usize = 1024;

    /// Bytes of an allocation at most, all of which live as long as one message does.
    const BATCH_LEN: usize = 4096;

    /// The payload of the current message, which has `len` bytes.
    #[inline]
    pub(super) fn next(&mut self, conn: &Connection, len: usize) -> Bytes {
        if self.0.len() < len {
            self.fill(conn);
        }
        self.0.split_to(len)
    }

    /// Forgets what was copied: the messages are handed out in another way.
    #[inline]
    pub(super) fn clear(&mut self) {
        if !self.0.is_empty() {
            self.0 = Bytes::new();
        }
    }

    /// Copies the current message and small ones that follow it.
    fn fill(&mut self, conn: &Connection) {
        let mut len = 0;
        let count = conn
            .upcoming()
            .map_while(|event| payload(&event).filter(|data| data.len() <= Self::MAX_LEN).map(<[u8]>::len))
            .take_while(|next| {
                len += next;
                len <= Self::BATCH_LEN
            })
            .count();
        let mut data = Vec::with_capacity(len.min(Self::BATCH_LEN));
        for event in conn.upcoming().take(count) {
            data.extend_from_slice(payload(&event).unwrap_or_default());
        }
        self.0 = data.into();
    }
}

/// The payload of a whole message.
#[inline]
fn payload<'a>(event: &Event<'a>) -> Option<&'a [u8]> {
    match event {
        Event::Text(text) => Some(text.as_bytes()),
        Event::Binary(data) => Some(data),
        _ => None,
    }
}
