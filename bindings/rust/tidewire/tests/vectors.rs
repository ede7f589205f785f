// SPDX-License-Identifier: MIT
//! All files of tests/vectors, in every way of running, with the digests that all languages have in common.

#[path = "vectors/data.rs"]
mod data;
#[path = "vectors/file.rs"]
mod file;
#[path = "vectors/frames.rs"]
mod frames;
#[path = "vectors/inflate.rs"]
mod inflate;
#[path = "vectors/run.rs"]
mod run;
#[path = "vectors/seen.rs"]
mod seen;

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use file::{Action, Vector};
use run::{Cut, Way, run};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../tests/vectors")
}

fn vectors() -> Vec<Vector> {
    let mut paths: Vec<_> =
        fs::read_dir(folder()).expect("tests/vectors").map(|entry| entry.expect("a file").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let load = |path: &PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        file::load(&name, &fs::read_to_string(path).expect("a vector file"))
    };
    paths.iter().flat_map(load).collect()
}

/// The digests by the names of the vectors.
fn digests() -> BTreeMap<String, u32> {
    let text = fs::read_to_string(folder().join("digests.txt")).expect("digests.txt");
    let digest = |line: &str| {
        let (name, digits) = line.split_once(' ').expect("a name and a number");
        (name.to_owned(), u32::from_str_radix(digits, 16).expect("hexadecimal digits"))
    };
    text.lines().map(digest).collect()
}

/// An input of this length is cut everywhere.
const EVERY_SPLIT_MAX: usize = 2048;

fn cuts(vector: &Vector) -> Vec<Cut> {
    let mut cuts = vec![Cut::Whole, Cut::EachByte];
    for (step, of) in vector.steps.iter().enumerate() {
        let Action::Input(data) = &of.action else { continue };
        let is_cut =
            |at: &usize| data.len() <= EVERY_SPLIT_MAX || *at <= 64 || *at % 251 == 0 || *at >= data.len() - 64;
        cuts.extend((1..data.len()).filter(is_cut).map(|len| Cut::At { step, len }));
    }
    cuts
}

/// Runs a vector in one way; panics tell which.
fn check(vector: &Vector, way: Way, expected: u32) {
    let digest = catch_unwind(AssertUnwindSafe(|| run(vector, way)))
        .unwrap_or_else(|_| panic!("{}, {way:?}: see above", vector.name));
    assert_eq!(digest, expected, "{}, {way:?}: another digest", vector.name);
}

/// Creates a connection that does its handshake, and knows already what that agreed on. Here one constructor does the
/// handshake, and the other one takes the terms, so that nobody can ask for both.
const CANNOT_BE_ASKED_FOR: &str = "deflate/terms_of_a_handshake_that_is_yet_to_come";

/// Every vector with `ways` for each cut of its input.
fn check_all(ways: impl Fn(Cut) -> Vec<Way>) {
    let (vectors, digests) = (vectors(), digests());
    for vector in vectors.iter().filter(|vector| vector.name != CANNOT_BE_ASKED_FOR) {
        let expected = *digests.get(&vector.name).unwrap_or_else(|| panic!("{}: no digest", vector.name));
        for way in cuts(vector).into_iter().flat_map(&ways) {
            check(vector, way, expected);
        }
    }
    assert_eq!(vectors.len(), digests.len(), "a digest without its vector");
}

#[test]
fn vectors_fed_from_a_buffer_of_the_caller_bring_what_they_tell() {
    check_all(|cut| {
        let way = Way { by_read_buffer: false, event_cap: usize::MAX, cut };
        match cut {
            Cut::Whole => vec![way, Way { event_cap: 1, ..way }],
            _ => vec![way],
        }
    });
}

#[test]
fn vectors_fed_through_the_read_buffer_bring_what_they_tell() {
    check_all(|cut| {
        let way = Way { by_read_buffer: true, event_cap: usize::MAX, cut };
        match cut {
            Cut::Whole => vec![way, Way { event_cap: 1, ..way }],
            // As in C and C++, long inputs are not cut in between.
            Cut::At { len, .. } if len > 64 && len % 251 == 0 => vec![],
            _ => vec![way],
        }
    });
}
