// SPDX-License-Identifier: MIT
//! What is received, and what has to be sent: written and read here byte by byte, by nobody's library.

/// Messages of a read, or of a batch that is sent.
pub const MESSAGES: usize = 32;

/// The payload of the message with that index.
pub fn payload(index: usize, len: usize) -> Vec<u8> {
    (0..len).map(|i| ((index + i) % 251) as u8).collect()
}

/// A binary message as a client sends it.
pub fn masked(payload: &[u8], index: usize) -> Vec<u8> {
    let key = (0x9e37_79b9_u32.wrapping_mul(index as u32 + 1)).to_be_bytes();
    let mut frame = vec![0x82];
    match payload.len() {
        len @ ..126 => frame.push(0x80 | len as u8),
        len @ 126..65536 => {
            frame.push(0xfe);
            frame.extend((len as u16).to_be_bytes());
        }
        len => {
            frame.push(0xff);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend(key);
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// `MESSAGES` of them.
pub fn read_of(len: usize) -> Vec<u8> {
    (0..MESSAGES).flat_map(|index| masked(&payload(index, len), index)).collect()
}

/// The payloads of binary messages in one frame each, and whether all are masked. `None`: something else is there.
pub fn decode(mut bytes: &[u8]) -> Option<(Vec<Vec<u8>>, bool)> {
    let mut payloads = Vec::new();
    let mut all_masked = true;
    while !bytes.is_empty() {
        if take(&mut bytes, 1)? != [0x82] {
            return None;
        }
        let second = take(&mut bytes, 1)?[0];
        let len = match second & 0x7f {
            126 => u64::from(u16::from_be_bytes(take(&mut bytes, 2)?.try_into().ok()?)),
            127 => u64::from_be_bytes(take(&mut bytes, 8)?.try_into().ok()?),
            short => u64::from(short),
        };
        let is_masked = second & 0x80 != 0;
        let key = if is_masked { take(&mut bytes, 4)? } else { &[0; 4] };
        let payload = take(&mut bytes, usize::try_from(len).ok()?)?;
        payloads.push(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect());
        all_masked &= is_masked;
    }
    Some((payloads, all_masked))
}

fn take<'a>(bytes: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(taken)
}
