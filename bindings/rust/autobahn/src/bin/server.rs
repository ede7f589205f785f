// SPDX-License-Identifier: MIT
//! The server of the Autobahn suite.

fn main() {}
