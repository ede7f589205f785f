// SPDX-License-Identifier: MIT
//! Rows in memory: what a message takes to receive and to send, with allocations, and what an idle connection holds.
//! Prints a list of JSON objects. Exits with 1 where a row does not do its work.

// Counts and lengths that fit: those of this program's own data.
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)]

mod frames;
mod heap;
mod idle;
mod memory;
mod receive;
mod send;
mod timing;

use std::process::ExitCode;
use std::time::Duration;

use regex_lite::Regex;
use timing::{Options, Rows};

const USAGE: &str = "usage: tw_rust_rows [--filter REGEX] [--repetitions N] [--min-time SECONDS]";

fn main() -> ExitCode {
    let Some((filter, options)) = read_options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match rows(filter) {
        Ok(rows) => println!("{}", timing::run(rows, &options)),
        Err(wrong) => {
            eprintln!("tw_rust_rows: {wrong}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Idle memory first, while the heap has no holes.
fn rows(filter: Regex) -> Result<Rows, String> {
    let mut rows = Rows::new(filter);
    idle::add_rows(&mut rows)?;
    receive::add_rows(&mut rows)?;
    send::add_rows(&mut rows)?;
    Ok(rows)
}

fn read_options(mut arguments: impl Iterator<Item = String>) -> Option<(Regex, Options)> {
    let mut filter = Regex::new("").ok()?;
    let mut options = Options { repetitions: 7, min_time: Duration::from_millis(50) };
    while let Some(name) = arguments.next() {
        let value = arguments.next()?;
        match name.as_str() {
            "--filter" => filter = Regex::new(&value).ok()?,
            "--repetitions" => options.repetitions = value.parse().ok()?,
            "--min-time" => options.min_time = Duration::try_from_secs_f64(value.parse().ok()?).ok()?,
            _ => return None,
        }
    }
    Some((filter, options))
}
