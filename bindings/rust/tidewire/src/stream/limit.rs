// SPDX-License-Identifier: MIT
//! A time-out that begins when it is first waited for.

use core::task::{Poll, ready};
use core::time::Duration;

use super::Io;

/// How long something may take; without a time, or where there is no clock, for ever.
pub(super) struct Limit {
    timeout: Option<Duration>,
    deadline: Option<Duration>,
}

impl Limit {
    pub(super) fn new(timeout: Option<Duration>) -> Self {
        Self { timeout, deadline: None }
    }

    /// Ready when it has taken too long.
    pub(super) fn poll(&mut self, io: &mut impl Io) -> Poll<()> {
        let Some(timeout) = self.timeout else { return Poll::Pending };
        io.start_clock();
        // An alarm may ring too early.
        while let Some(now) = io.now() {
            let deadline = *self.deadline.get_or_insert(now.saturating_add(timeout));
            if now >= deadline {
                return Poll::Ready(());
            }
            ready!(io.poll_alarm(deadline));
        }
        Poll::Pending
    }
}
