// SPDX-License-Identifier: MIT
//! Output that a compressor made: frames, and what their payloads inflate to.

use tidewire::Deflate;
use tidewire::frames::{FrameBatch, Progress, Rules};

use crate::file::Frame;
use crate::inflate::inflate;

#[derive(Default)]
pub struct FrameInflater {
    /// The messages that the next one may refer to.
    history: Vec<u8>,
    /// The payloads of the compressed message under way, and how much of it was compared.
    message: Option<(Vec<u8>, usize)>,
}

impl FrameInflater {
    pub fn check(&mut self, output: &mut [u8], expected: &[Frame], terms: Deflate) {
        let mut batch = FrameBatch::<16>::new();
        let masking = if expected[0].key.is_some() { Rules::REQUIRE_MASKED } else { Rules::REQUIRE_UNMASKED };
        let decoded = batch.decode(output, masking | Rules::ALLOW_RSV1);
        assert_eq!(decoded.outcome.expect("frames"), Progress::Done);
        assert_eq!(decoded.frames.len(), expected.len());
        for (frame, expected) in decoded.frames.iter().zip(expected) {
            let is_compressed = frame.rsv()[0];
            let bits = u8::from(frame.is_final()) << 7 | u8::from(is_compressed) << 6;
            assert_eq!(bits | frame.opcode() as u8, expected.first);
            assert_eq!(frame.masking_key(), expected.key);
            if is_compressed {
                assert!(terms.is_enabled(), "no compression was agreed on");
                self.message = Some((Vec::new(), 0));
            }
            let is_control = expected.first & 0x08 != 0;
            let payload = match &mut self.message {
                Some(_) if !is_control => self.inflate(frame.payload(), frame.is_final(), terms),
                _ => frame.payload().to_vec(),
            };
            assert_eq!(payload, expected.data);
        }
    }

    /// What this payload adds to the message under way.
    fn inflate(&mut self, payload: &[u8], is_last: bool, terms: Deflate) -> Vec<u8> {
        let (mut message, compared) = self.message.take().expect("a compressed message");
        if !terms.send_takeover() {
            self.history.clear();
        }
        message.extend_from_slice(payload);
        if is_last {
            message.extend([0x00, 0x00, 0xff, 0xff]);
        }
        let start = self.history.len();
        let mut history = self.history.clone();
        let end = inflate(&message, 1 << terms.send_window_bits(), &mut history);
        let added = history[start + compared..].to_vec();
        if is_last {
            assert_eq!(end, Some(start), "the message is cut, or no DEFLATE data");
            self.history = history;
        } else {
            self.message = Some((message, compared + added.len()));
        }
        added
    }
}
