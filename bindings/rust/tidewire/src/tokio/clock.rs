// SPDX-License-Identifier: MIT
//! The time of a connection that has time-outs.

use core::future::Future as _;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::boxed::Box;

use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep_until};

/// Counts from its creation on, and rings. Its timer is made when it is first needed.
#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Clock {
    /// A clock of the runtime; none outside of one.
    pub(super) fn start() -> Option<Box<Self>> {
        let clock = || Box::new(Self { start: Instant::now(), sleep: None });
        Handle::try_current().is_ok().then(clock)
    }

    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Ready at `deadline`, or before: a timer that was set for an earlier time is left to ring, since most deadlines
    /// move on with every read.
    pub(super) fn poll(&mut self, deadline: Duration, cx: &mut Context<'_>) -> Poll<()> {
        // A deadline beyond what the runtime can count never comes.
        let Some(at) = self.start.checked_add(deadline) else { return Poll::Pending };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if at < sleep.deadline() || sleep.is_elapsed() {
            sleep.as_mut().reset(at);
        }
        sleep.as_mut().poll(cx)
    }
}
