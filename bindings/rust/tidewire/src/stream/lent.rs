// SPDX-License-Identifier: MIT
//! Messages that the output of a connection refers to instead of copying them.

use std::collections::VecDeque;

use bytes::Bytes;

/// Keeps messages until they are written. Output is a queue: what ends at a position now, counted in bytes from the
/// creation of this on, ends there for ever.
#[derive(Default)]
pub(super) struct Lent {
    messages: VecDeque<(Bytes, u64)>,
    written_len: u64,
}

impl Lent {
    /// Keeps `message`, which was just queued; `output_len` bytes of output are, with it.
    pub(super) fn push(&mut self, message: Bytes, output_len: usize) {
        self.messages.push_back((message, self.written_len + output_len as u64));
    }

    /// Gives back what ends in the next `len` bytes, which were written. Returns whether nothing is left.
    pub(super) fn consumed(&mut self, len: usize) -> bool {
        self.written_len += len as u64;
        while self.messages.front().is_some_and(|(_, end)| *end <= self.written_len) {
            self.messages.pop_front();
        }
        self.messages.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_is_given_back_with_its_last_byte() {
        let messages = [Bytes::from(std::vec![1; 10]), Bytes::from(std::vec![2; 10])];
        let mut lent = Lent::default();
        lent.push(messages[0].clone(), 15);
        assert!(!lent.consumed(5));
        lent.push(messages[1].clone(), 22);
        assert!(!lent.consumed(9));
        assert!(!messages[0].is_unique());
        assert!(!lent.consumed(1));
        assert!(messages[0].is_unique() && !messages[1].is_unique());
        assert!(!lent.consumed(11));
        assert!(lent.consumed(1));
        assert!(messages[1].is_unique());
    }
}
