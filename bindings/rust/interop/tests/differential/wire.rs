// SPDX-License-Identifier: MIT
//! Streams of frames that the test makes by itself, and what a receiver must make of them.

use tidewire_interop::{Data, pattern};

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Which side reads the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    Server,
    Client,
}

/// How a stream ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Without a close frame.
    Eof,
    /// With a close frame, of this code and reason.
    Close(Option<(u16, String)>),
    /// With a frame, or some, that break a rule.
    Fault(Fault),
}

/// The rules of RFC 6455 that a stream of frames can break, one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 5.2: a reserved bit, without an extension.
    Rsv(u8),
    /// 5.2: a reserved opcode.
    Opcode(u8),
    /// 5.2: a length of at most 125 in two bytes, or in eight.
    LongLength(u8),
    /// 5.2: the most significant bit of a length.
    TopBit,
    /// 5.1: a client's frame without a mask, a server's with one.
    Masking,
    /// 5.5: a control frame without FIN.
    FragmentedControl(u8),
    /// 5.5: a control frame of 126 bytes.
    LongControl(u8),
    /// 5.4: a continuation of nothing.
    StrayContinuation,
    /// 5.4: a whole message within a fragmented one.
    Interleaved,
    /// 5.4: another fragmented message within a fragmented one.
    InterleavedFragment,
    /// 8.1: a text that is not UTF-8.
    Text,
    /// 8.1: a fragmented text, wrong where two of its fragments meet.
    TextAcrossFragments,
    /// 8.1: a fragmented text that ends inside a code point.
    TextCut,
    /// 5.5.1: a close frame of one byte.
    CloseLength,
    /// 7.4: a close code that must not be sent.
    CloseCode(u16),
    /// 5.5.1: a reason that is not UTF-8.
    CloseReason,
}

impl Fault {
    /// Every rule, and where a rule has several forms, each of them.
    pub const ALL: [Self; 33] = [
        Self::Rsv(0x40),
        Self::Rsv(0x20),
        Self::Rsv(0x10),
        Self::Opcode(3),
        Self::Opcode(7),
        Self::Opcode(11),
        Self::Opcode(15),
        Self::LongLength(126),
        Self::LongLength(127),
        Self::TopBit,
        Self::Masking,
        Self::FragmentedControl(CLOSE),
        Self::FragmentedControl(PING),
        Self::FragmentedControl(PONG),
        Self::LongControl(CLOSE),
        Self::LongControl(PING),
        Self::LongControl(PONG),
        Self::StrayContinuation,
        Self::Interleaved,
        Self::InterleavedFragment,
        Self::Text,
        Self::TextAcrossFragments,
        Self::TextCut,
        Self::CloseLength,
        Self::CloseCode(0),
        Self::CloseCode(999),
        Self::CloseCode(1004),
        Self::CloseCode(1005),
        Self::CloseCode(1006),
        Self::CloseCode(1015),
        Self::CloseCode(2999),
        Self::CloseCode(5000),
        Self::CloseReason,
    ];
}

/// Writes frames as the other side of a reader sends them.
pub struct Writer {
    pub out: Vec<u8>,
    masked: bool,
    key: u32,
}

impl Writer {
    /// `seed` is the first masking key.
    pub fn new(reader: Reader, seed: u32) -> Self {
        Self { out: Vec::new(), masked: reader == Reader::Server, key: seed }
    }

    /// A frame whose length is written in the shortest form.
    pub fn frame(&mut self, first: u8, payload: &[u8]) {
        let form = match payload.len() {
            0..=125 => 0,
            126..=0xffff => 126,
            _ => 127,
        };
        self.frame_of(first, payload, form, self.masked);
    }

    fn frame_of(&mut self, first: u8, payload: &[u8], form: u8, masked: bool) {
        let len = payload.len() as u64;
        let mask_bit = u8::from(masked) << 7;
        self.out.push(first);
        match form {
            126 => {
                self.out.push(0x7e | mask_bit);
                self.out.extend(&len.to_be_bytes()[6..]);
            }
            127 => {
                self.out.push(0x7f | mask_bit);
                self.out.extend(len.to_be_bytes());
            }
            _ => self.out.push(len.to_be_bytes()[7] | mask_bit),
        }
        let key = if masked { self.next_key() } else { [0; 4] };
        if masked {
            self.out.extend(key);
        }
        self.out.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    }

    fn next_key(&mut self) -> [u8; 4] {
        self.key = self.key.wrapping_mul(0x0019_660d).wrapping_add(0x3c6e_f35f);
        self.key.to_be_bytes()
    }

    /// A whole message or control frame, in as many frames as `cuts` make of it, with a ping before each further one.
    pub fn data(&mut self, data: &Data, cuts: &[usize]) -> Vec<Data> {
        let (opcode, payload) = match data {
            Data::Text(text) => (TEXT, text.as_bytes()),
            Data::Binary(bytes) => (BINARY, &bytes[..]),
            Data::Ping(bytes) => (PING, &bytes[..]),
            Data::Pong(bytes) => (PONG, &bytes[..]),
            Data::Close(frame) => {
                self.frame(CLOSE | 0x80, &close_payload(frame.as_ref()));
                return vec![data.clone()];
            }
        };
        let cuts = if opcode < CLOSE { cuts } else { &[] };
        let mut seen = Vec::new();
        let mut start = 0;
        for (index, cut) in cuts.iter().map(|cut| cut % (payload.len() + 1)).enumerate() {
            let end = cut.max(start);
            self.frame(if index == 0 { opcode } else { CONTINUATION }, &payload[start..end]);
            let ping = pattern(index);
            self.frame(PING | 0x80, &ping);
            seen.push(Data::Ping(ping));
            start = end;
        }
        let last = if cuts.is_empty() { opcode } else { CONTINUATION };
        self.frame(last | 0x80, &payload[start..]);
        seen.push(data.clone());
        seen
    }

    /// Breaks a rule.
    pub fn fault(&mut self, fault: Fault) {
        let masked = self.masked;
        match fault {
            Fault::Rsv(bit) => self.frame(0x80 | bit | TEXT, b"bit"),
            Fault::Opcode(opcode) => self.frame(0x80 | opcode, b"opcode"),
            Fault::LongLength(form) => self.frame_of(0x80 | BINARY, b"long", form, masked),
            Fault::TopBit => {
                self.out.extend([0x80 | BINARY, 0x7f | u8::from(masked) << 7, 0x80, 0, 0, 0, 0, 0, 0, 1]);
                self.out.extend([0; 5]); // a masking key and a byte, or some bytes
            }
            Fault::Masking => self.frame_of(0x80 | BINARY, b"mask", 0, !masked),
            Fault::FragmentedControl(opcode) => self.frame(opcode, b""),
            Fault::LongControl(CLOSE) => {
                self.frame(0x80 | CLOSE, &[&1000_u16.to_be_bytes()[..], &[b'r'; 124]].concat());
            }
            Fault::LongControl(opcode) => self.frame(0x80 | opcode, &pattern(126)),
            Fault::StrayContinuation => self.frame(0x80 | CONTINUATION, b"stray"),
            Fault::Interleaved => self.frames(&[(TEXT, b"one"), (0x80 | TEXT, b"two")]),
            Fault::InterleavedFragment => {
                self.frames(&[(TEXT, b"one"), (TEXT, b"two"), (0x80 | CONTINUATION, b"three")]);
            }
            Fault::Text => self.frame(0x80 | TEXT, b"ab\xff"),
            Fault::TextAcrossFragments => self.frames(&[(TEXT, b"a\xe2\x82"), (0x80 | CONTINUATION, b"b")]),
            Fault::TextCut => self.frames(&[(TEXT, b"a"), (0x80 | CONTINUATION, b"\xe2\x82")]),
            Fault::CloseLength => self.frame(0x80 | CLOSE, b"\x03"),
            Fault::CloseCode(code) => self.frame(0x80 | CLOSE, &code.to_be_bytes()),
            Fault::CloseReason => self.frame(0x80 | CLOSE, b"\x03\xe8\xff"),
        }
    }

    fn frames(&mut self, frames: &[(u8, &[u8])]) {
        for (first, payload) in frames {
            self.frame(*first, payload);
        }
    }
}

fn close_payload(frame: Option<&(u16, String)>) -> Vec<u8> {
    frame.map_or_else(Vec::new, |(code, reason)| [&code.to_be_bytes()[..], reason.as_bytes()].concat())
}
