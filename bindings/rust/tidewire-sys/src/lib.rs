// SPDX-License-Identifier: MIT
//! The C interface of tidewire, a WebSocket engine (RFC 6455) that owns no socket, clock, file or thread.
//!
//! These are the declarations of `tidewire/tidewire.h` under the names that they have there, and nothing else; that
//! header is the contract. Programs want the safe crate `tidewire`.
//!
//! The build script links the installed library where pkg-config finds one of this version or a later one, and
//! builds the sources that this crate has with it otherwise. These choose:
//!
//! | what | effect |
//! |---|---|
//! | feature `source`, or `TIDEWIRE_NO_PKG_CONFIG=1` | the sources, whatever is installed |
//! | `TIDEWIRE_STATIC=1` | the installed library's archive, not the shared object |
//! | `CXX`, `CXX_<target>`, `CXXFLAGS`, `AR`, `AR_<target>` | the C++20 compiler, flags for it, and the archiver |
//!
//! Linking needs zlib, building also its header.
#![no_std]
// The names are those of the header, and so are the sentences.
#![allow(non_camel_case_types)]

mod conn_functions;
mod conn_types;
mod constants;
mod functions;
mod init;
mod types;

pub use conn_functions::*;
pub use conn_types::*;
pub use constants::*;
pub use functions::*;
pub use init::*;
pub use types::*;
