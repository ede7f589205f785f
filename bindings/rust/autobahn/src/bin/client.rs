// SPDX-License-Identifier: MIT
//! The client of the Autobahn suite.

fn main() {}
