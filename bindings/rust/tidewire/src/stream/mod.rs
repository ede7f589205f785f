// SPDX-License-Identifier: MIT
//! What the blocking and the asynchronous stream share: one state machine over "would block".
//!
//! [`Session`] moves bytes between a [`Connection`](crate::Connection) and an [`Io`], [`opening`] does the opening
//! handshake. Neither knows whether `Poll::Pending` means a waker or an error of kind `WouldBlock`.

mod io;
mod lent;
mod limit;
mod opening;
mod request;
mod session;
mod url;

/// Messages that are queued by one call of the engine.
pub(crate) const BATCH: usize = 16;

pub(crate) use io::Io;
pub(crate) use opening::{ClientOpening, Opened, ServerOpening};
pub use request::{ClientRequest, IntoClientRequest};
pub(crate) use session::Session;
