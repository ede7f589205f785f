// SPDX-License-Identifier: MIT
//! Times calls in turn, in this process, and prints them as Google Benchmark would.

use std::time::Duration;

use regex_lite::Regex;

use crate::heap;

/// What a row measures.
pub enum Work {
    /// What one call takes, and the messages in it.
    Calls(Box<dyn FnMut()>, usize),
    /// Bytes of the heap for each connection, counted already: memory does not vary as times do.
    Heap(f64),
}

struct Row {
    name: String,
    work: Work,
}

/// The rows whose names are wanted.
pub struct Rows {
    wanted: Regex,
    rows: Vec<Row>,
}

impl Rows {
    pub fn new(wanted: Regex) -> Self {
        Self { wanted, rows: Vec::new() }
    }

    /// Adds the row of a name such as `BM_RustReceive/tungstenite/125`, if it is wanted. `make` also checks it, and
    /// returns `None` where the row would do other work than it says.
    pub fn add(&mut self, name: String, make: impl FnOnce() -> Option<Work>) -> Result<(), String> {
        if self.wanted.is_match(&name) {
            let work = make().ok_or_else(|| format!("{name} does other work than it should"))?;
            self.rows.push(Row { name, work });
        }
        Ok(())
    }
}

pub struct Options {
    pub repetitions: usize,
    pub min_time: Duration,
}

/// The results of all rows as JSON; of the timed ones repetition after repetition, so that what disturbs the machine
/// for a while disturbs all.
pub fn run(Rows { mut rows, .. }: Rows, options: &Options) -> String {
    let counts: Vec<u64> = rows.iter_mut().map(|row| calibrate(&mut row.work, options.min_time)).collect();
    let mut entries = Vec::new();
    for repetition in 0..options.repetitions {
        for (index, (row, &count)) in rows.iter_mut().zip(&counts).enumerate() {
            match &mut row.work {
                Work::Calls(call, messages) => entries.push(timed(&row.name, index, call, *messages, count)),
                Work::Heap(heap) if repetition == 0 => {
                    entries.push(entry(&row.name, index, &format!("\"heap\": {heap}")));
                }
                Work::Heap(_) => {}
            }
        }
    }
    format!("[{}]", entries.join(",\n"))
}

fn timed(name: &str, index: usize, call: &mut dyn FnMut(), messages: usize, count: u64) -> String {
    let before = heap::allocations();
    let seconds = time(call, count).as_secs_f64() / count as f64;
    let allocations = (heap::allocations() - before) as f64 / (count * messages as u64) as f64;
    let nanoseconds = seconds * 1e9;
    let per_message = seconds / messages as f64;
    let figures = format!(
        "\"cpu_time\": {nanoseconds}, \"time_unit\": \"ns\", \"per_message\": {per_message:e}, \
         \"allocations\": {allocations}"
    );
    entry(name, index, &figures)
}

fn entry(name: &str, index: usize, figures: &str) -> String {
    format!("{{\"name\": \"{name}\", \"family_index\": {index}, \"run_type\": \"iteration\", {figures}}}")
}

/// How many calls take that long.
fn calibrate(work: &mut Work, min_time: Duration) -> u64 {
    let Work::Calls(call, _) = work else { return 0 };
    let mut count = 1;
    loop {
        let taken = time(call, count);
        if taken >= min_time {
            return count;
        }
        let scale = min_time.as_secs_f64() / taken.as_secs_f64().max(1e-6);
        count = (2 * count).max((count as f64 * scale) as u64);
    }
}

/// Of the processor, for this thread: what else runs on the machine does not count.
fn time(call: &mut dyn FnMut(), count: u64) -> Duration {
    let begin = processor_time();
    for _ in 0..count {
        call();
    }
    processor_time().saturating_sub(begin)
}

fn processor_time() -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes the struct that it is given.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut now) };
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}
