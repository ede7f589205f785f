// SPDX-License-Identifier: MIT
//! Streams whose every step a test decides, and frames to feed them with.
#![allow(dead_code, reason = "each test file uses what it needs")]

use std::io::{self, ErrorKind, IoSlice, Read, Write};

/// A frame with FIN as a client sends it, with the masking key 1, 2, 3, 4.
pub fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(0x80 | opcode, payload.len(), 0x80);
    frame.extend_from_slice(&[1, 2, 3, 4]);
    frame.extend(payload.iter().zip([1, 2, 3, 4].iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// A frame with FIN as a server sends it.
pub fn plain(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(0x80 | opcode, payload.len(), 0);
    frame.extend_from_slice(payload);
    frame
}

/// The same frame without FIN.
pub fn unfinished(mut frame: Vec<u8>) -> Vec<u8> {
    frame[0] &= 0x7f;
    frame
}

/// The payload of a close frame.
pub fn close_payload(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes(), reason.as_bytes()].concat()
}

fn header(first: u8, len: usize, mask_bit: u8) -> Vec<u8> {
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(len @ 0..=125), _) => vec![first, mask_bit + len],
        (_, Ok(len)) => [&[first, mask_bit + 126][..], &len.to_be_bytes()].concat(),
        _ => [&[first, mask_bit + 127][..], &(len as u64).to_be_bytes()].concat(),
    }
}

/// A stream in memory: reads come from `input`, writes go to `output`.
#[derive(Default, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "independent switches of a test")]
pub struct Script {
    pub input: Vec<u8>,
    pub output: Vec<u8>,
    /// How often something was written.
    pub writes: usize,
    /// Bytes of one read or write at most; 0: as many as there are.
    pub step: usize,
    /// Every second operation is refused: the caller has to come again.
    pub stutters: bool,
    /// The stream takes no output.
    pub is_full: bool,
    /// Writing fails.
    pub is_broken: bool,
    /// After the input, the stream ends.
    pub ends: bool,
    /// Our side ended it.
    pub was_shut_down: bool,
    /// Bytes of the input that were read.
    pub read_len: usize,
    /// The last operation was refused.
    pub refused: bool,
}

impl Script {
    /// A stream with this input that then stays open.
    pub fn new(input: impl Into<Vec<u8>>) -> Self {
        Self { input: input.into(), ..Self::default() }
    }

    fn refuses(&mut self) -> bool {
        self.refused = self.stutters && !self.refused;
        self.refused
    }

    fn at_most(&self, len: usize) -> usize {
        if self.step == 0 { len } else { len.min(self.step) }
    }

    /// `None`: would block.
    fn take(&mut self, room: usize) -> Option<&[u8]> {
        let left = self.input.len() - self.read_len;
        if self.refuses() || (left == 0 && !self.ends) {
            return None;
        }
        let len = self.at_most(room.min(left));
        self.read_len += len;
        Some(&self.input[self.read_len - len..self.read_len])
    }

    /// `None`: would block.
    fn put(&mut self, slices: &[IoSlice<'_>]) -> Option<io::Result<usize>> {
        if self.is_broken {
            return Some(Err(ErrorKind::BrokenPipe.into()));
        }
        if self.refuses() || self.is_full {
            return None;
        }
        self.writes += 1;
        let len = self.at_most(slices.iter().map(|slice| slice.len()).sum());
        let bytes = slices.iter().flat_map(|slice| slice.iter().copied());
        self.output.extend(bytes.take(len));
        Some(Ok(len))
    }
}

impl Read for Script {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let Some(bytes) = self.take(room.len()) else {
            return Err(ErrorKind::WouldBlock.into());
        };
        room[..bytes.len()].copy_from_slice(bytes);
        Ok(bytes.len())
    }
}

impl Write for Script {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(data)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.put(slices).unwrap_or_else(|| Err(ErrorKind::WouldBlock.into()))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(feature = "tokio")]
mod asynchronous {
    use std::io::{IoSlice, Result};
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::Script;

    impl AsyncRead for Script {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
            let Some(bytes) = self.take(buf.remaining()) else {
                return Poll::Pending;
            };
            buf.put_slice(bytes);
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Script {
        fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<Result<usize>> {
            self.poll_write_vectored(cx, &[IoSlice::new(data)])
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            slices: &[IoSlice<'_>],
        ) -> Poll<Result<usize>> {
            self.put(slices).map_or(Poll::Pending, Poll::Ready)
        }

        fn is_write_vectored(&self) -> bool {
            true
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
            self.was_shut_down = true;
            Poll::Ready(Ok(()))
        }
    }
}
