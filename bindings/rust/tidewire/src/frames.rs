// SPDX-License-Identifier: MIT
//! Frames (RFC 6455 5.2) as they are, without a connection: for proxies, captures and tests.
//!
//! The rules between frames, such as those of fragmentation, are a [`Connection`](crate::Connection)'s.

use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ops::BitOr;
use core::{ptr, slice};

use tidewire_sys as sys;

use crate::Error;
use crate::error::accepted;
use crate::kernels::MaskingKey;

/// What a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum FrameOpcode {
    /// A further fragment.
    Continuation = sys::TW_OPCODE_CONTINUATION,
    /// UTF-8.
    Text = sys::TW_OPCODE_TEXT,
    /// Any bytes.
    Binary = sys::TW_OPCODE_BINARY,
    /// The last frame of its sender.
    Close = sys::TW_OPCODE_CLOSE,
    /// To be answered.
    Ping = sys::TW_OPCODE_PING,
    /// The answer.
    Pong = sys::TW_OPCODE_PONG,
}

/// What is asked of frames. Without a rule about masking, both kinds are accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rules(u32);

impl Rules {
    /// What a server receives is masked, and whole texts are UTF-8.
    pub const SERVER: Self = Self(sys::TW_DECODE_REQUIRE_MASKED | sys::TW_DECODE_VALIDATE_TEXT);
    /// What a client receives is not masked, and whole texts are UTF-8.
    pub const CLIENT: Self = Self(sys::TW_DECODE_REQUIRE_UNMASKED | sys::TW_DECODE_VALIDATE_TEXT);
    /// Frames are masked.
    pub const REQUIRE_MASKED: Self = Self(sys::TW_DECODE_REQUIRE_MASKED);
    /// Frames are not masked.
    pub const REQUIRE_UNMASKED: Self = Self(sys::TW_DECODE_REQUIRE_UNMASKED);
    /// Text frames that are whole messages, and not compressed, are UTF-8.
    pub const VALIDATE_TEXT: Self = Self(sys::TW_DECODE_VALIDATE_TEXT);
    /// The bit RSV1 is allowed: messages may be compressed.
    pub const ALLOW_RSV1: Self = Self(sys::TW_DECODE_ALLOW_RSV1);
    /// The bit RSV2 is allowed.
    pub const ALLOW_RSV2: Self = Self(sys::TW_DECODE_ALLOW_RSV2);
    /// The bit RSV3 is allowed.
    pub const ALLOW_RSV3: Self = Self(sys::TW_DECODE_ALLOW_RSV3);
}

impl BitOr for Rules {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// One frame.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Frame<'a> {
    raw: sys::tw_frame,
    marker: PhantomData<&'a [u8]>,
}

// SAFETY: it is a slice of bytes, which may be shared, and numbers.
unsafe impl Send for Frame<'_> {}
// SAFETY: as above.
unsafe impl Sync for Frame<'_> {}

const EMPTY: sys::tw_frame = sys::tw_frame {
    payload: ptr::null_mut(),
    payload_len: 0,
    reserved: 0,
    opcode: 0,
    flags: 0,
    header_len: 0,
    masking_key: [0; 4],
    offset: 0,
};

impl<'a> Frame<'a> {
    /// A frame to send: a whole message, or a control frame, that is not masked.
    #[must_use]
    pub const fn new(opcode: FrameOpcode, payload: &'a [u8]) -> Self {
        // Encoding does not write to the payload.
        let raw = sys::tw_frame {
            payload: payload.as_ptr().cast_mut(),
            payload_len: payload.len() as u64,
            opcode: opcode as u8,
            flags: sys::TW_FRAME_FIN,
            ..EMPTY
        };
        Self { raw, marker: PhantomData }
    }

    /// The same, of which further fragments follow.
    #[must_use]
    pub const fn unfinished(mut self) -> Self {
        self.raw.flags &= !sys::TW_FRAME_FIN;
        self
    }

    /// The same, masked with this key: a fresh one for each frame that a client sends, see [`masking_keys`].
    #[must_use]
    pub const fn masked(mut self, key: MaskingKey) -> Self {
        self.raw.flags |= sys::TW_FRAME_MASKED;
        self.raw.masking_key = key;
        self
    }

    /// The same, with the bit RSV1: the payload is compressed.
    #[must_use]
    pub const fn compressed(mut self) -> Self {
        self.raw.flags |= sys::TW_FRAME_RSV1;
        self
    }

    /// What it is.
    #[must_use]
    pub const fn opcode(&self) -> FrameOpcode {
        match self.raw.opcode {
            sys::TW_OPCODE_TEXT => FrameOpcode::Text,
            sys::TW_OPCODE_BINARY => FrameOpcode::Binary,
            sys::TW_OPCODE_CLOSE => FrameOpcode::Close,
            sys::TW_OPCODE_PING => FrameOpcode::Ping,
            sys::TW_OPCODE_PONG => FrameOpcode::Pong,
            _ => FrameOpcode::Continuation,
        }
    }

    /// Its payload, unmasked. Empty in a frame of [`decode_header`].
    #[inline]
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        if self.raw.payload.is_null() {
            return &[];
        }
        #[allow(clippy::cast_possible_truncation)] // lengths in memory are no longer than a usize
        let len = self.raw.payload_len as usize;
        // SAFETY: it was made from a slice, or points into the data that was decoded, for 'a.
        unsafe { slice::from_raw_parts(self.raw.payload, len) }
    }

    /// Bytes of its payload.
    #[inline]
    #[must_use]
    pub const fn payload_len(&self) -> u64 {
        self.raw.payload_len
    }

    /// Bytes of its header, where it was decoded.
    #[inline]
    #[must_use]
    pub const fn header_len(&self) -> usize {
        self.raw.header_len as usize
    }

    /// The position of its first byte in the data that was decoded.
    #[inline]
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.raw.offset
    }

    /// Whether it is the last fragment, or the only one.
    #[inline]
    #[must_use]
    pub const fn is_final(&self) -> bool {
        self.raw.flags & sys::TW_FRAME_FIN != 0
    }

    /// The bits RSV1, RSV2 and RSV3.
    #[inline]
    #[must_use]
    pub fn rsv(&self) -> [bool; 3] {
        [sys::TW_FRAME_RSV1, sys::TW_FRAME_RSV2, sys::TW_FRAME_RSV3].map(|flag| self.raw.flags & flag != 0)
    }

    /// Its masking key, where it is masked.
    #[inline]
    #[must_use]
    pub const fn masking_key(&self) -> Option<MaskingKey> {
        if self.raw.flags & sys::TW_FRAME_MASKED == 0 { None } else { Some(self.raw.masking_key) }
    }
}

impl core::fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Frame")
            .field("opcode", &self.opcode())
            .field("is_final", &self.is_final())
            .field("rsv", &self.rsv())
            .field("masking_key", &self.masking_key())
            .field("payload_len", &self.payload_len())
            .finish_non_exhaustive()
    }
}

/// Reads one header. `Ok(None)`: data ends inside it.
///
/// # Errors
///
/// [`Error::Failed`] with the rule that the header breaks; [`Error::Rejected`] for rules that exclude each other.
pub fn decode_header(data: &[u8], rules: Rules) -> Result<Option<Frame<'static>>, Error> {
    let mut raw = EMPTY;
    // SAFETY: data is valid for its length.
    match unsafe { sys::tw_frame_decode(data.as_ptr(), data.len(), rules.0, &raw mut raw) } {
        sys::TW_OK => Ok(Some(Frame { raw, marker: PhantomData })),
        sys::TW_NEED_INPUT => Ok(None),
        status => Err(Error::from_status(status, 0)),
    }
}

/// How far a [`FrameBatch`] came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// All of the data was read.
    Done,
    /// The data ends inside a frame, which is untouched.
    NeedInput,
    /// The batch is full, and the data has more.
    NeedRoom,
}

/// What a [`FrameBatch`] read.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// The frames, in the order of the data.
    pub frames: &'a [Frame<'a>],
    /// The bytes of these frames.
    pub consumed: usize,
    /// How far it came, or the rule that the frame behind those breaks, which is untouched.
    pub outcome: Result<Progress, Error>,
}

/// Room for the frames of one read.
///
/// ```
/// use tidewire::frames::{Frame, FrameBatch, FrameOpcode, Progress, Rules, encode};
///
/// let mut data = Vec::new();
/// encode(&[Frame::new(FrameOpcode::Text, b"tide"), Frame::new(FrameOpcode::Ping, b"")], &mut data)?;
/// let mut batch = FrameBatch::<32>::new();
/// let decoded = batch.decode(&mut data, Rules::CLIENT);
/// assert_eq!(decoded.outcome?, Progress::Done);
/// assert_eq!(decoded.frames[0].payload(), b"tide");
/// assert_eq!(decoded.frames[1].opcode(), FrameOpcode::Ping);
/// # Ok::<(), tidewire::Error>(())
/// ```
pub struct FrameBatch<const N: usize> {
    frames: [sys::tw_frame; N],
}

impl<const N: usize> FrameBatch<N> {
    /// Room for `N` frames.
    #[must_use]
    pub const fn new() -> Self {
        Self { frames: [EMPTY; N] }
    }

    /// Reads the whole frames of `data`, `N` at most, and unmasks their payloads where they lie.
    pub fn decode<'a>(&'a mut self, data: &'a mut [u8], rules: Rules) -> Decoded<'a> {
        let (mut count, mut consumed) = (0, 0);
        // SAFETY: data and frames are valid for their lengths.
        let status = unsafe {
            let frames = self.frames.as_mut_ptr();
            sys::tw_frames_decode(data.as_mut_ptr(), data.len(), rules.0, frames, N, &raw mut count, &raw mut consumed)
        };
        let outcome = match status {
            sys::TW_OK => Ok(Progress::Done),
            sys::TW_NEED_INPUT => Ok(Progress::NeedInput),
            sys::TW_NEED_ROOM => Ok(Progress::NeedRoom),
            status => Err(Error::from_status(status, consumed as u64)),
        };
        // SAFETY: a Frame is a tw_frame, and the payloads of the first `count` lie in `data`.
        let frames = unsafe { slice::from_raw_parts(self.frames.as_ptr().cast(), count) };
        Decoded { frames, consumed, outcome }
    }
}

impl<const N: usize> Default for FrameBatch<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// Adds whole frames to `out`, masked where they have a masking key.
///
/// # Errors
///
/// What no receiver may accept: [`Status::CONTROL_FRAGMENTED`](crate::Status::CONTROL_FRAGMENTED),
/// [`Status::CONTROL_LENGTH`](crate::Status::CONTROL_LENGTH). `out` is as it was then.
pub fn encode(frames: &[Frame<'_>], out: &mut Vec<u8>) -> Result<(), Error> {
    let (raw, mut len) = (frames.as_ptr().cast(), 0);
    // SAFETY: a Frame is a tw_frame, whose payload is valid for its length. No room: the engine tells the length.
    let status = unsafe { sys::tw_frames_encode(raw, frames.len(), ptr::null_mut(), 0, &raw mut len) };
    if status != sys::TW_NEED_ROOM {
        return accepted(status);
    }
    out.reserve(len);
    // SAFETY: as above, with room for so many bytes, of which all are written.
    unsafe {
        let room = out.spare_capacity_mut().as_mut_ptr().cast();
        accepted(sys::tw_frames_encode(raw, frames.len(), room, len, &raw mut len))?;
        out.set_len(out.len() + len);
    }
    Ok(())
}

/// Fills in fresh masking keys from the operating system's random source (RFC 6455 5.3, 10.3).
///
/// # Errors
///
/// [`Status::RANDOM`](crate::Status::RANDOM) where that fails.
pub fn masking_keys(keys: &mut [MaskingKey]) -> Result<(), Error> {
    // SAFETY: keys has room for so many keys; NULL stands for the default source.
    accepted(unsafe { sys::tw_masking_keys(ptr::null(), keys.as_mut_ptr().cast(), keys.len()) })
}

/// Whether a close frame may carry this code (RFC 6455 7.4, IANA): 1000-1003, 1007-1014, 3000-4999.
#[must_use]
pub fn is_close_code(code: u16) -> bool {
    sys::tw_close_code_valid(u32::from(code)) != 0
}
