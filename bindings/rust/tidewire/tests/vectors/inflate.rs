// SPDX-License-Identifier: MIT
//! A slow and obvious inflater (RFC 1951) that checks what a peer may rely on: the window, and where blocks end.

#[rustfmt::skip]
/// Lengths and their extra bits for the symbols 257 to 285.
const LENGTHS: [(usize, u32); 29] = [
    (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 1), (13, 1), (15, 1), (17, 1), (19, 2),
    (23, 2), (27, 2), (31, 2), (35, 3), (43, 3), (51, 3), (59, 3), (67, 4), (83, 4), (99, 4), (115, 4), (131, 5),
    (163, 5), (195, 5), (227, 5), (258, 0),
];
/// The order in which the lengths of the code for code lengths come.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// A prefix code: for each symbol its length in bits; 0: the symbol does not occur.
struct Code(Vec<u32>);

impl Code {
    fn fixed() -> (Self, Self) {
        let literals = (0..288).map(|symbol| match symbol {
            144..=255 => 9,
            256..=279 => 7,
            _ => 8,
        });
        (Self(literals.collect()), Self(vec![5; 30]))
    }

    /// Reads a symbol: the codes of a length follow those of the shorter ones, in the order of the symbols.
    fn read(&self, bits: &mut Bits<'_>) -> Option<usize> {
        let (mut code, mut first) = (0, 0);
        for len in 1..=15 {
            code = code << 1 | bits.take(1)?;
            let symbols = || self.0.iter().enumerate().filter(|(_, of)| **of == len);
            let count = symbols().count();
            if code < first + count {
                return symbols().nth(code.checked_sub(first)?).map(|(symbol, _)| symbol);
            }
            first = (first + count) << 1;
        }
        None
    }
}

struct Bits<'a> {
    data: &'a [u8],
    position: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Option<usize> {
        (0..count).try_fold(0, |value, index| {
            let byte = self.data.get(self.position / 8)?;
            let bit = usize::from(byte >> (self.position % 8) & 1);
            self.position += 1;
            Some(value | bit << index)
        })
    }

    fn align(&mut self) {
        self.position = self.position.next_multiple_of(8);
    }

    fn is_at_end(&self) -> bool {
        self.position.div_ceil(8) >= self.data.len()
    }
}

/// Inflates a message, which `data` holds with `00 00 ff ff` behind it, and adds it to `history`, the messages before
/// it that it may refer to, as far as `window` bytes back. Returns where it begins; `None` where the data is not right.
pub fn inflate(data: &[u8], window: usize, history: &mut Vec<u8>) -> Option<usize> {
    let start = history.len();
    let mut bits = Bits { data, position: 0 };
    loop {
        let is_final = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => stored(&mut bits, history)?,
            1 => {
                let (literals, distances) = Code::fixed();
                compressed(&mut bits, &literals, &distances, window, history)?;
            }
            2 => {
                let (literals, distances) = dynamic(&mut bits)?;
                compressed(&mut bits, &literals, &distances, window, history)?;
            }
            _ => return None,
        }
        // RFC 7692 7.2.3.4: behind a final block comes an empty one, of which the last bytes may be the ones added.
        if is_final {
            bits.align();
        }
        if bits.is_at_end() {
            return Some(start);
        }
    }
}

fn stored(bits: &mut Bits<'_>, out: &mut Vec<u8>) -> Option<()> {
    bits.align();
    let len = bits.take(16)?;
    if bits.take(16)? != len ^ 0xFFFF {
        return None;
    }
    for _ in 0..len {
        out.push(u8::try_from(bits.take(8)?).ok()?);
    }
    Some(())
}

fn dynamic(bits: &mut Bits<'_>) -> Option<(Code, Code)> {
    let (literals, distances, lengths) = (bits.take(5)? + 257, bits.take(5)? + 1, bits.take(4)? + 4);
    let mut code = Code(vec![0; 19]);
    for symbol in &ORDER[..lengths] {
        code.0[*symbol] = u32::try_from(bits.take(3)?).ok()?;
    }
    let mut all: Vec<u32> = Vec::new();
    while all.len() < literals + distances {
        let (len, count) = match code.read(bits)? {
            16 => (*all.last()?, 3 + bits.take(2)?),
            17 => (0, 3 + bits.take(3)?),
            18 => (0, 11 + bits.take(7)?),
            len => (u32::try_from(len).ok()?, 1),
        };
        all.extend(std::iter::repeat_n(len, count));
    }
    let distances = all.split_off(literals);
    Some((Code(all), Code(distances)))
}

fn compressed(bits: &mut Bits<'_>, literals: &Code, distances: &Code, window: usize, out: &mut Vec<u8>) -> Option<()> {
    loop {
        let symbol = literals.read(bits)?;
        if symbol == 256 {
            return Some(());
        }
        if let Ok(byte) = u8::try_from(symbol) {
            out.push(byte);
            continue;
        }
        let (len, extra) = *LENGTHS.get(symbol - 257)?;
        let len = len + bits.take(extra)?;
        // Two distances for each number of extra bits: 1, 2, 3, 4, 5-6, 7-8, 9-12 and so on.
        let symbol = distances.read(bits)?;
        let extra = u32::try_from((symbol / 2).saturating_sub(1)).ok()?;
        let base = if symbol < 4 { symbol + 1 } else { ((2 + symbol % 2) << extra) + 1 };
        let distance = base + bits.take(extra)?;
        if distance > window {
            return None;
        }
        for _ in 0..len {
            out.push(*out.get(out.len().checked_sub(distance)?)?);
        }
    }
}

#[test]
fn the_inflater_knows_all_kinds_of_blocks() {
    // RFC 7692 7.2.3: "Hello" in a fixed block, in a stored one, and again with a reference to the first.
    let tail = [0x00, 0x00, 0xff, 0xff];
    let mut history = Vec::new();
    let fixed = [&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..], &tail].concat();
    assert_eq!(inflate(&fixed, 256, &mut history), Some(0));
    let again = [&[0xf2, 0x00, 0x11, 0x00, 0x00][..], &tail].concat();
    assert_eq!(inflate(&again, 256, &mut history), Some(5));
    let stored = [&[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00][..], &tail].concat();
    assert_eq!(inflate(&stored, 256, &mut history), Some(10));
    assert_eq!(history, b"HelloHelloHello");
    assert_eq!(inflate(&again, 4, &mut history.clone()), None, "the distance is 5 bytes");
    assert_eq!(inflate(&again, 256, &mut Vec::new()), None, "there is nothing to refer to");
    assert_eq!(inflate(&fixed[..5], 256, &mut history), None, "the data is cut");
}
