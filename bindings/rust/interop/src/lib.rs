// SPDX-License-Identifier: MIT
//! What the tests of this crate share: samples of messages, and guards against hanging.

/// `len` bytes with a period that no masking key or vector width divides.
#[must_use]
pub fn pattern(len: usize) -> Vec<u8> {
    (0..=250_u8).cycle().take(len).collect()
}
