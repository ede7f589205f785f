// SPDX-License-Identifier: MIT
//! What a run brought, and one number for it.

use std::fmt::{self, Write as _};

use crc32fast::Hasher;
use tidewire::{Error, Events};
use tidewire_sys as sys;

use crate::file::Event;

/// Adds the events to `out`.
pub fn collect(mut events: Events<'_>, out: &mut Vec<Event>) -> Result<(), Error> {
    // A trusted peer's text need not be text: its bytes are looked at as C has them.
    while events.advance()? {
        let event = events.current_raw().expect("an event");
        let len = usize::try_from(event.len).expect("a length");
        let data = match len {
            0 => Vec::new(),
            // SAFETY: the data of the current event is valid.
            _ => unsafe { std::slice::from_raw_parts(event.data, len) }.to_vec(),
        };
        let (kind, opcode, flags) = (event.r#type, event.opcode, event.flags);
        out.push(Event { kind, opcode, flags, code: event.code, offset: event.offset, data });
    }
    Ok(())
}

/// The events with the chunks of each frame put together.
pub fn joined(events: Vec<Event>) -> Vec<Event> {
    let mut out: Vec<Event> = Vec::new();
    for event in events {
        let is_continued = event.kind == sys::TW_EVENT_CHUNK && event.opcode == sys::TW_OPCODE_CONTINUATION;
        match out.last_mut() {
            Some(last)
                if is_continued
                    && last.kind == sys::TW_EVENT_CHUNK
                    && last.flags & sys::TW_FRAME_FIN == 0
                    && last.offset == event.offset =>
            {
                last.data.extend(event.data);
                last.flags = event.flags;
            }
            _ => out.push(event),
        }
    }
    out
}

/// Bytes as a digest tells them.
pub fn told(bytes: &[u8]) -> String {
    format!("{} {:08x}", bytes.len(), crc32fast::hash(bytes))
}

#[derive(Default)]
pub struct Digest {
    hasher: Hasher,
}

impl Digest {
    pub fn line(&mut self, line: fmt::Arguments<'_>) {
        writeln!(self, "{line}").expect("a hash takes all");
    }

    pub fn event(&mut self, event: &Event) {
        let Event { kind, opcode, flags, code, offset, data } = event;
        self.line(format_args!("event {kind} {opcode} {flags} {code} {offset} {}", told(data)));
    }

    pub fn finish(self) -> u32 {
        self.hasher.finalize()
    }
}

impl fmt::Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.hasher.update(text.as_bytes());
        Ok(())
    }
}
