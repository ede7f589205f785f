// SPDX-License-Identifier: MIT
//! Runs a vector in one way, and tells what was seen in one number (tests/vectors/README.md, Digest).

use std::collections::VecDeque;
use std::ffi::c_void;
use std::time::Duration;

use tidewire::{CloseCause, Config, Connection, Error, State, Status};
use tidewire_sys as sys;

use crate::file::{Action, Event, Output, Step, Vector};
use crate::frames::FrameInflater;
use crate::seen::{Digest, collect, joined, told};

/// How input is fed.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Through the connection's own read buffer.
    pub by_read_buffer: bool,
    /// Room for so many events in a call of the engine.
    pub event_cap: usize,
    pub cut: Cut,
}

#[derive(Clone, Copy, Debug)]
pub enum Cut {
    Whole,
    EachByte,
    /// The input of one step in two.
    At {
        step: usize,
        len: usize,
    },
}

impl Cut {
    fn pieces(self, index: usize, data: &[u8]) -> Vec<Vec<u8>> {
        match self {
            Self::EachByte => data.iter().map(|byte| vec![*byte]).collect(),
            Self::At { step, len } if step == index => vec![data[..len].to_vec(), data[len..].to_vec()],
            _ => vec![data.to_vec()],
        }
    }
}

/// A random source that yields the same bytes again and again.
struct Random {
    bytes: VecDeque<u8>,
}

impl Random {
    unsafe extern "C" fn fill(context: *mut c_void, out: *mut u8, len: usize) -> i32 {
        // SAFETY: the context is a Random that outlives the connection and is used by nothing else meanwhile.
        let random = unsafe { &mut *context.cast::<Self>() };
        if random.bytes.is_empty() {
            return 1;
        }
        for index in 0..len {
            // SAFETY: out has room for `len` bytes.
            unsafe { out.add(index).write(random.bytes[0]) };
            random.bytes.rotate_left(1);
        }
        0
    }
}

fn name_of(result: &Result<(), Error>) -> &'static str {
    match result {
        Ok(()) => "TW_OK",
        Err(error) => error.status().expect("an error of the engine").name(),
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).expect("so many nanoseconds")
}

/// What a step brought, apart from its output.
struct Outcome {
    result: Result<(), Error>,
    events: Vec<Event>,
}

/// Runs a vector, and returns its digest.
pub fn run(vector: &Vector, way: Way) -> u32 {
    let bytes = vector.random.clone().unwrap_or_else(|| (0..=255).collect());
    let mut random = Random { bytes: bytes.into() };
    let c_random = sys::tw_random { fill: Some(Random::fill), context: (&raw mut random).cast() };
    let mut config = vector.config.clone().read_len(256).max_read_len(1024);
    // SAFETY: the random source outlives the connection. The bytes of a trusted peer's text are not looked at as text.
    unsafe {
        let raw = config.raw_mut();
        raw.random = &raw const c_random;
        raw.flags |= if vector.is_trusted { sys::TW_CONN_TRUSTED } else { 0 };
    }
    let mut digest = Digest::default();
    match create(vector, &config) {
        Ok(conn) => Run { vector, way, conn, inflater: FrameInflater::default() }.run(&mut digest),
        Err(error) => {
            let result = Err(error);
            let [step] = &vector.steps[..] else { panic!("no step follows") };
            assert!(matches!(step.action, Action::Create));
            assert_eq!(name_of(&result), step.status);
            assert_eq!(vector.state, "closed");
            digest.line(format_args!("step {}", name_of(&result)));
            digest.line(format_args!("end closed"));
            digest.line(format_args!("error TW_OK 0 0"));
            digest.line(format_args!("close 0 0 0"));
        }
    }
    digest.finish()
}

fn create(vector: &Vector, config: &Config) -> Result<Connection, Error> {
    if vector.does_handshake { Connection::new(config) } else { Connection::upgraded(config, vector.negotiated) }
}

struct Run<'a> {
    vector: &'a Vector,
    way: Way,
    conn: Connection,
    inflater: FrameInflater,
}

impl Run<'_> {
    fn run(mut self, digest: &mut Digest) {
        self.conn.set_event_cap(self.way.event_cap);
        let mut last_output = Vec::new();
        for (index, step) in self.vector.steps.iter().enumerate() {
            if index == 0 && !matches!(step.action, Action::Create) {
                assert!(self.conn.output().is_empty(), "creating brought output");
            }
            let outcome = self.act(index, step);
            assert_eq!(name_of(&outcome.result), step.status, "step {index}");
            assert_eq!(outcome.events, step.events, "step {index}");
            digest.line(format_args!("step {}", name_of(&outcome.result)));
            outcome.events.iter().for_each(|event| digest.event(event));
            last_output = self.check_output(index, step, digest);
            self.check_wants(index, step);
            if let Some(max) = self.vector.max_memory_len {
                assert!(self.conn.stats().held_len <= max, "step {index}: {:?}", self.conn.stats());
            }
        }
        self.check_end(&last_output, digest);
    }

    fn act(&mut self, index: usize, step: &Step) -> Outcome {
        let mut events = Vec::new();
        let result = match &step.action {
            Action::Nothing | Action::Create | Action::Consume(_) => Ok(()),
            Action::Input(data) => {
                let mut pieces = self.way.cut.pieces(index, data).into_iter();
                pieces.try_for_each(|piece| self.feed(piece, &mut events))
            }
            Action::Eof => self.conn.receive_eof(),
            Action::Send(opcode, data, flags) => self.conn.send(*opcode, data, *flags),
            Action::Ping(data) => self.conn.ping(data),
            Action::Pong(data) => self.conn.pong(data),
            Action::Close(code, reason) => self.close(*code, reason),
            Action::Tick(now, deadline) => self.tick(*now, *deadline),
        };
        Outcome { result, events: joined(events) }
    }

    /// Feeds a piece, whose bytes are gone when its events were looked at.
    fn feed(&mut self, mut piece: Vec<u8>, out: &mut Vec<Event>) -> Result<(), Error> {
        if !self.way.by_read_buffer {
            return collect(self.conn.receive(&mut piece)?.0, out);
        }
        let mut rest = &piece[..];
        while !rest.is_empty() {
            let mut room = self.conn.read_buffer(0)?;
            let len = rest.len().min(room.capacity());
            room.initialized()[..len].copy_from_slice(&rest[..len]);
            rest = &rest[len..];
            room.commit(len)?;
            collect(self.conn.events().0, out)?;
        }
        Ok(())
    }

    /// A code of more than 16 bits, or a reason that is not UTF-8, is what only C can ask for.
    fn close(&mut self, code: u32, reason: &[u8]) -> Result<(), Error> {
        if let (Ok(code), Ok(reason)) = (u16::try_from(code), std::str::from_utf8(reason)) {
            return self.conn.close(Some(code).filter(|code| *code != 0), reason);
        }
        // SAFETY: the reason is valid during the call.
        let status = unsafe { sys::tw_conn_close(self.conn.as_ptr(), code, reason.as_ptr(), reason.len()) };
        Err(Error::Rejected(Status::from_raw(status)))
    }

    fn tick(&mut self, now: u64, deadline: u64) -> Result<(), Error> {
        match self.conn.tick(Duration::from_nanos(now)) {
            Ok(told) => {
                assert_eq!(told.map_or(sys::TW_NEVER, nanoseconds), deadline);
                Ok(())
            }
            Err(error) => {
                // A failure has no deadline in Rust; C tells it, and says the same again.
                let mut told = 0;
                // SAFETY: both pointers are valid.
                let status = unsafe { sys::tw_conn_tick(self.conn.as_ptr(), now, &raw mut told) };
                assert_eq!((error.status(), told), (Some(Status::from_raw(status)), deadline));
                Err(error)
            }
        }
    }

    /// Takes the output of a step, and compares it.
    fn check_output(&mut self, index: usize, step: &Step, digest: &mut Digest) -> Vec<u8> {
        if matches!(step.output, Output::Kept) {
            return Vec::new();
        }
        let most = if let Action::Consume(len) = step.action { len } else { usize::MAX };
        let mut output = Vec::new();
        loop {
            let look = self.conn.output();
            let mut bytes = look.to_vec();
            bytes.truncate(most - output.len());
            if bytes.is_empty() {
                break;
            }
            look.consume(bytes.len()).expect("no more than was shown");
            output.append(&mut bytes);
        }
        match &step.output {
            Output::Exact(expected) => {
                assert_eq!(&output, expected, "step {index}: output {:?}", String::from_utf8_lossy(&output));
                digest.line(format_args!("output {}", told(&output)));
            }
            Output::Prefix(expected) => assert!(output.starts_with(expected), "step {index}: output {output:02x?}"),
            Output::Frames(frames) => self.inflater.check(&mut output.clone(), frames, self.conn.deflate()),
            Output::Kept => {}
        }
        output
    }

    fn check_wants(&self, index: usize, step: &Step) {
        let Some(expected) = &step.wants else { return };
        let wants = self.conn.wants();
        let all =
            [("read", wants.read()), ("write", wants.write()), ("close", wants.close()), ("pause", wants.pause())];
        let mut actual: Vec<_> = all.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| *name).collect();
        let mut expected: Vec<_> = expected.iter().map(String::as_str).collect();
        actual.sort_unstable();
        expected.sort_unstable();
        assert_eq!(actual, expected, "step {index}");
    }

    fn check_end(&self, last_output: &[u8], digest: &mut Digest) {
        let (vector, conn) = (self.vector, &self.conn);
        let state = match conn.state() {
            State::Connecting => "connecting",
            State::Open => "open",
            State::Closing => "closing",
            State::Closed => "closed",
        };
        assert_eq!(state, vector.state);
        digest.line(format_args!("end {state}"));
        let (status, offset, close_code, limit) = match conn.error() {
            None => (None, 0, 0, None),
            Some(failure) => {
                (Some(failure.status()), failure.offset(), failure.close_code().unwrap_or(0), failure.limit())
            }
        };
        assert_eq!(status.map(Status::name), vector.error.status.as_deref());
        assert_eq!((offset, close_code), (vector.error.offset, vector.error.close_code));
        assert_eq!(limit, vector.error.limit.as_deref());
        let name = status.map_or("TW_OK", Status::name);
        digest.line(format_args!("error {name} {offset} {close_code}"));
        if let Some(http_status) = vector.error.http_status {
            assert_eq!(status.and_then(Status::http_status), Some(http_status));
            assert!(last_output.starts_with(format!("HTTP/1.1 {http_status} ").as_bytes()));
        }
        let close = conn.close_info();
        if let Some(expected) = vector.close_info {
            assert_eq!((close.local_code, close.remote_code, close.cause), expected);
        }
        let cause = match close.cause {
            CloseCause::Nobody => sys::TW_CLOSE_BY_NOBODY,
            CloseCause::Us => sys::TW_CLOSE_BY_US,
            CloseCause::Peer => sys::TW_CLOSE_BY_PEER,
            CloseCause::Error => sys::TW_CLOSE_BY_ERROR,
        };
        let (local, remote) = (close.local_code.unwrap_or(0), close.remote_code.unwrap_or(0));
        digest.line(format_args!("close {local} {remote} {cause}"));
        self.check_numbers();
    }

    fn check_numbers(&self) {
        let (vector, stats, agreed) = (self.vector, self.conn.stats(), self.conn.deflate());
        for (name, expected) in &vector.stats {
            let actual = match name.as_str() {
                "bytes_received" => stats.bytes_received,
                "bytes_sent" => stats.bytes_sent,
                "messages_received" => stats.messages_received,
                "messages_sent" => stats.messages_sent,
                "frames_received" => stats.frames_received,
                "frames_sent" => stats.frames_sent,
                "control_frames_received" => stats.control_frames_received,
                "control_frames_sent" => stats.control_frames_sent,
                "deflated_received_len" => stats.deflated_received_len,
                "inflated_received_len" => stats.inflated_received_len,
                "deflated_sent_len" => stats.deflated_sent_len,
                "inflated_sent_len" => stats.inflated_sent_len,
                "rtt_ns" => stats.rtt.map_or(0, nanoseconds),
                other => panic!("no number {other}"),
            };
            assert_eq!(expected.as_u64(), Some(actual), "{name}");
        }
        if let Some(expected) = vector.agreed {
            assert_eq!(format!("{agreed:?}"), format!("{expected:?}"));
        }
    }
}
