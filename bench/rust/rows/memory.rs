// SPDX-License-Identifier: MIT
//! Streams in memory, for libraries that poll and for those that block.

use std::cell::RefCell;
use std::future::Future;
use std::io::{self, IoSlice, Read, Write};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What was written, for who made the stream.
pub type Output = Rc<RefCell<Vec<u8>>>;

/// Reads `input`, over and over or once; appends what is written to `output`, where there is one.
pub struct MemoryStream {
    input: Rc<[u8]>,
    at: usize,
    repeats: bool,
    output: Option<Output>,
}

impl MemoryStream {
    /// No read goes beyond the end of `input`; the next one begins anew. What is written vanishes.
    pub fn repeating(input: &Rc<[u8]>) -> Self {
        Self { input: Rc::clone(input), at: 0, repeats: true, output: None }
    }

    /// After `input` nothing comes, and a read waits. What is written vanishes.
    pub fn ending(input: &Rc<[u8]>) -> Self {
        Self { repeats: false, ..Self::repeating(input) }
    }

    /// Nothing comes.
    pub fn writing(output: &Output) -> Self {
        Self { input: Rc::new([]), at: 0, repeats: false, output: Some(Rc::clone(output)) }
    }

    /// The next bytes for a reader with room for `room`; `None`: there are none.
    fn next(&mut self, room: usize) -> Option<&[u8]> {
        if self.at == self.input.len() {
            if !self.repeats {
                return None;
            }
            self.at = 0;
        }
        let start = self.at;
        self.at += room.min(self.input.len() - start);
        Some(&self.input[start..self.at])
    }

    /// Reads once. `None`: there is nothing to read.
    pub fn fill(&mut self, room: &mut ReadBuf<'_>) -> Option<()> {
        room.put_slice(self.next(room.remaining())?);
        Some(())
    }

    fn put(&self, bytes: &[u8]) -> usize {
        if let Some(output) = &self.output {
            output.borrow_mut().extend_from_slice(bytes);
        }
        bytes.len()
    }
}

impl Read for MemoryStream {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let bytes = self.next(room.len()).ok_or(io::ErrorKind::WouldBlock)?;
        room[..bytes.len()].copy_from_slice(bytes);
        Ok(bytes.len())
    }
}

impl Write for MemoryStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(self.put(bytes))
    }

    fn write_vectored(&mut self, views: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(views.iter().map(|view| self.put(view)).sum())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for MemoryStream {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.fill(room) {
            Some(()) => Poll::Ready(Ok(())),
            None => Poll::Pending,
        }
    }
}

impl AsyncWrite for MemoryStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.put(bytes)))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        views: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write_vectored(views))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Polls once: a runtime would be the larger part of what is measured.
pub fn poll<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// The result of what never waits, as nothing does that reads `MemoryStream::repeating` or writes.
///
/// # Panics
///
/// Where it waits.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    match poll(future) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("memory makes nobody wait"),
    }
}
