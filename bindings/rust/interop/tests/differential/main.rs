// SPDX-License-Identifier: MIT
//! Random streams of frames, in random cuts, before this engine and two other libraries: what is in order means the
//! same to all of them, and what breaks a rule is refused here, also where one of the others lets it pass.
//!
//! `PROPTEST_CASES=100000 cargo test --test differential` runs more of them than the 256 that are the default.

mod ours;
mod peers;
mod wire;

use peers::Verdict;
use proptest::prelude::*;
use tidewire::Status;
use tidewire_interop::{Data, pattern, text};
use wire::{End, Fault, Reader, Writer};

/// A message or control frame, and where to cut its payload into fragments.
type Item = (Data, Vec<usize>);

/// Lengths around the borders of the header's forms, of vectors, and of buffers.
fn lengths() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 0..140_usize, 2 => 0..5000_usize, 1 => 65_530..65_540_usize]
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let cuts = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(any::<usize>(), 1..6)];
    let data = prop_oneof![
        3 => lengths().prop_map(|len| Data::Text(text(len))),
        3 => lengths().prop_map(|len| Data::Binary(pattern(len))),
        1 => (0..=125_usize).prop_map(|len| Data::Ping(pattern(len))),
        1 => (0..=125_usize).prop_map(|len| Data::Pong(pattern(len))),
    ];
    prop::collection::vec((data, cuts), 0..8)
}

fn close_codes() -> impl Strategy<Value = u16> {
    // 1014 is registered, but fastwebsockets does not know it.
    prop_oneof![1000..=1003_u16, 1007..=1013_u16, 3000..=4999_u16]
}

fn ends() -> impl Strategy<Value = End> {
    let close = prop::option::of((close_codes(), (0..=123_usize).prop_map(text)));
    prop_oneof![1 => Just(End::Eof), 2 => close.prop_map(End::Close)]
}

/// What comes before the end of a stream.
#[derive(Clone, Debug)]
struct Stream {
    reader: Reader,
    seed: u32,
    items: Vec<Item>,
}

impl Stream {
    /// The bytes with an end, and what a receiver hands out of them.
    fn with(&self, end: &End) -> (Vec<u8>, Vec<Data>) {
        let mut writer = Writer::new(self.reader, self.seed);
        let mut seen = Vec::new();
        for (data, cuts) in &self.items {
            seen.extend(writer.data(data, cuts));
        }
        match end {
            End::Eof => {}
            End::Close(frame) => seen.extend(writer.data(&Data::Close(frame.clone()), &[])),
            End::Fault(fault) => writer.fault(*fault),
        }
        (writer.out, seen)
    }
}

fn streams() -> impl Strategy<Value = Stream> {
    let readers = prop_oneof![Just(Reader::Server), Just(Reader::Client)];
    (readers, any::<u32>(), items()).prop_map(|(reader, seed, items)| Stream { reader, seed, items })
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(any::<usize>(), 0..20)
}

/// Cuts bytes at these places, each taken modulo the length.
fn cut<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|place| place % (bytes.len() + 1)).collect();
    places.sort_unstable();
    places.push(bytes.len());
    let mut start = 0;
    places.into_iter().map(|end| &bytes[std::mem::replace(&mut start, end)..end]).collect()
}

/// The status with which this engine refuses what breaks a rule.
fn status(reader: Reader, fault: Fault) -> Status {
    match fault {
        Fault::Rsv(_) => Status::RSV,
        Fault::Opcode(_) => Status::OPCODE,
        Fault::LongLength(_) => Status::LENGTH_NOT_MINIMAL,
        Fault::TopBit => Status::LENGTH_TOO_LARGE,
        Fault::Masking if reader == Reader::Server => Status::MASK_MISSING,
        Fault::Masking => Status::MASK_UNEXPECTED,
        Fault::FragmentedControl(_) => Status::CONTROL_FRAGMENTED,
        Fault::LongControl(_) => Status::CONTROL_TOO_LONG,
        Fault::StrayContinuation => Status::CONTINUATION,
        Fault::Interleaved | Fault::InterleavedFragment => Status::INTERLEAVED,
        Fault::Text | Fault::TextAcrossFragments | Fault::TextCut => Status::UTF8,
        Fault::CloseLength => Status::CLOSE_LENGTH,
        Fault::CloseCode(_) => Status::CLOSE_CODE,
        Fault::CloseReason => Status::CLOSE_REASON,
    }
}

/// What tungstenite does instead where it does not refuse what breaks a rule.
fn tungstenite_lets_pass(fault: Fault) -> Option<&'static str> {
    match fault {
        Fault::LongLength(_) => Some("it takes a length in any form"),
        Fault::CloseCode(_) => Some("it hands out a close frame of code 1002, as if the peer had sent that"),
        _ => None,
    }
}

/// The same of fastwebsockets.
fn fastwebsockets_lets_pass(fault: Fault) -> Option<&'static str> {
    match fault {
        Fault::LongLength(_) => Some("it takes a length in any form"),
        Fault::Masking => Some("it takes both kinds of frames, and as a client does not unmask them"),
        Fault::InterleavedFragment => Some("it forgets the message under way"),
        Fault::LongControl(8 | 10) => Some("of the control frames it measures pings alone"),
        Fault::TextCut => Some("it drops the piece of a code point at the end of a fragmented text"),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_in_order_means_the_same_to_all(stream in streams(), end in ends(), cuts in cuts()) {
        let (bytes, seen) = stream.with(&end);
        let parts = cut(&bytes, &cuts);
        let verdict = if end == End::Eof { Verdict::Eof } else { Verdict::Closed };
        let ours = ours::tidewire(stream.reader, &parts);
        prop_assert_eq!(ours.verdict(), verdict);
        prop_assert_eq!(&ours.seen, &seen);
        prop_assert_eq!(peers::tungstenite(stream.reader, &parts), (seen.clone(), verdict));
        prop_assert_eq!(peers::fastwebsockets(stream.reader, &parts), (seen, verdict));
    }

    #[test]
    fn what_breaks_a_rule_is_refused(
        stream in streams(), fault in prop::sample::select(&Fault::ALL[..]), cuts in cuts(),
    ) {
        let (bytes, seen) = stream.with(&End::Fault(fault));
        let parts = cut(&bytes, &cuts);
        let ours = ours::tidewire(stream.reader, &parts);
        prop_assert_eq!(ours.failure, Some(status(stream.reader, fault)));
        prop_assert_eq!(&ours.seen, &seen);
        let others = [
            (peers::tungstenite(stream.reader, &parts), tungstenite_lets_pass(fault)),
            (peers::fastwebsockets(stream.reader, &parts), fastwebsockets_lets_pass(fault)),
        ];
        for ((theirs, verdict), lets_pass) in others {
            prop_assert!(theirs.starts_with(&seen));
            prop_assert_eq!(verdict == Verdict::Refused, lets_pass.is_none(), "{:?}: {:?}", verdict, lets_pass);
        }
    }

    // Bits are flipped anywhere, so that nobody knows what is right: then cuts make no difference, and what this engine
    // takes the others take alike.
    #[test]
    fn nothing_passes_that_others_refuse(
        stream in streams(), end in ends(), cuts in cuts(),
        flips in prop::collection::vec((any::<usize>(), 0..8_u32), 1..4),
    ) {
        let (mut bytes, _) = stream.with(&end);
        prop_assume!(!bytes.is_empty());
        for (place, bit) in flips {
            let place = place % bytes.len();
            bytes[place] ^= 1 << bit;
        }
        let parts = cut(&bytes, &cuts);
        let ours = ours::tidewire(stream.reader, &parts);
        prop_assert_eq!(&ours, &ours::tidewire(stream.reader, &[&bytes]));
        prop_assume!(!matches!(ours.seen.last(), Some(Data::Close(Some((1014, _)))))); // they do not know it yet
        for (theirs, verdict) in [
            peers::tungstenite(stream.reader, &parts), peers::fastwebsockets(stream.reader, &parts),
        ] {
            prop_assert!(theirs.starts_with(&ours.seen));
            if ours.verdict() != Verdict::Refused {
                prop_assert_eq!((theirs, verdict), (ours.seen.clone(), ours.verdict()));
            }
        }
    }
}
