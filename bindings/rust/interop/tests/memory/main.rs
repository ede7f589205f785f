// SPDX-License-Identifier: MIT
//! What connections hold while nothing comes, and that they leave nothing behind, however they end.
//!
//! Every allocation of the process is counted, so that nothing else may run beside a check: this is a program of its
//! own. `TIDEWIRE_LEAK_CONNECTIONS=100000 cargo test --test memory` opens so many connections; 3000 is the default.

mod ends;
mod heap;
mod idle;
mod pairs;

use std::time::Duration;

use heap::live;

/// Rounds of one scenario. Each round cuts it at another place, where it is one that can be cut.
const ROUNDS: usize = 30;

fn connections() -> usize {
    match std::env::var("TIDEWIRE_LEAK_CONNECTIONS") {
        Ok(count) => count.parse().expect("TIDEWIRE_LEAK_CONNECTIONS is a number"),
        Err(_) => 3000,
    }
}

/// Runs a future, or says that it hangs.
fn run<T>(runtime: &tokio::runtime::Runtime, what: &str, future: impl Future<Output = T>) -> T {
    let guarded = async { tokio::time::timeout(Duration::from_secs(60), future).await };
    runtime.block_on(guarded).unwrap_or_else(|_| panic!("{what} hangs"))
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("Linux").count()
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let times = connections().div_ceil(ends::SCENARIOS.len() * ROUNDS);
    for (name, scenario) in ends::SCENARIOS {
        let rounds = || {
            for round in 0..ROUNDS {
                run(&runtime, name, scenario(round));
            }
        };
        rounds(); // what is made once and kept: the shared pool and its buffers
        rounds();
        let (memory, open) = (live(), descriptors());
        for _ in 0..times {
            rounds();
        }
        assert_eq!(live(), memory, "{name}: memory is left after {} connections", times * ROUNDS);
        assert_eq!(descriptors(), open, "{name}: descriptors are left");
        println!("test {name} ... ok");
    }
    let bytes = run(&runtime, "idle", idle::bytes_per_connection());
    assert!(bytes < idle::MAX_BYTES, "an idle connection holds {bytes} bytes");
    println!("test an_idle_connection_holds_little ... ok ({bytes} bytes)");
    println!("{} passed, 0 failed", ends::SCENARIOS.len() + 1);
}
