// SPDX-License-Identifier: MIT
//! Loops over bytes, as fast as the processor goes: masking and UTF-8.

use core::{fmt, str};

use tidewire_sys as sys;

/// A masking key (RFC 6455 5.3).
pub type MaskingKey = [u8; 4];

/// Masks or unmasks bytes where they lie: `data[i] ^= key[(phase + i) % 4]` (RFC 6455 5.3). `phase` is the number of
/// payload bytes before `data`.
///
/// ```
/// let mut data = *b"tide";
/// tidewire::kernels::mask_in_place(&mut data, [1, 2, 3, 4], 0);
/// assert_eq!(data, [b't' ^ 1, b'i' ^ 2, b'd' ^ 3, b'e' ^ 4]);
/// ```
#[inline]
pub fn mask_in_place(data: &mut [u8], key: MaskingKey, phase: u64) {
    let bytes = data.as_mut_ptr();
    // SAFETY: data is valid for reads and writes, and exact overlap is allowed.
    let status = unsafe { sys::tw_mask(bytes, bytes, data.len(), &raw const key, phase) };
    debug_assert_eq!(status, sys::TW_OK);
}

/// Like [`mask_in_place`], from `src` to `dst`.
///
/// # Panics
///
/// Where their lengths differ.
#[inline]
pub fn mask(dst: &mut [u8], src: &[u8], key: MaskingKey, phase: u64) {
    assert_eq!(dst.len(), src.len(), "what is masked keeps its length");
    // SAFETY: both have the same length, and do not overlap.
    let status = unsafe { sys::tw_mask(dst.as_mut_ptr(), src.as_ptr(), src.len(), &raw const key, phase) };
    debug_assert_eq!(status, sys::TW_OK);
}

/// Bytes are not UTF-8 (RFC 3629).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Utf8Error {
    offset: usize,
}

impl Utf8Error {
    /// Where. For a whole text: the length of the longest prefix of whole code points. For a part of a text: the
    /// position in that part of the first byte that no text can have there.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for Utf8Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not UTF-8 from byte {} on", self.offset)
    }
}

impl core::error::Error for Utf8Error {}

/// Takes bytes for text.
///
/// ```
/// use tidewire::kernels::validate_utf8;
///
/// assert_eq!(validate_utf8("Grüße".as_bytes()), Ok("Grüße"));
/// assert_eq!(validate_utf8(b"sea\xff").unwrap_err().offset(), 3);
/// ```
///
/// # Errors
///
/// They are not UTF-8.
#[inline]
pub fn validate_utf8(data: &[u8]) -> Result<&str, Utf8Error> {
    let mut valid_len = 0;
    // SAFETY: data is valid for its length.
    match unsafe { sys::tw_utf8_validate(data.as_ptr(), data.len(), &raw mut valid_len) } {
        // SAFETY: that is what the engine says.
        sys::TW_OK => Ok(unsafe { str::from_utf8_unchecked(data) }),
        _ => Err(Utf8Error { offset: valid_len }),
    }
}

/// A validation of text that comes in parts, which may be cut anywhere.
///
/// ```
/// use tidewire::kernels::Utf8Validator;
///
/// let mut text = Utf8Validator::new();
/// text.step(b"Gr\xc3")?; // cut inside ü
/// text.step(b"\xbc\xc3\x9fe")?;
/// text.finish()?;
/// # Ok::<(), tidewire::kernels::Utf8Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Utf8Validator {
    raw: sys::tw_utf8,
}

impl Utf8Validator {
    /// Begins a text.
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        Self { raw: sys::tw_utf8 { state: 0 } }
    }

    /// Validates the next bytes.
    ///
    /// # Errors
    ///
    /// With the first byte that no text can have there. The next call begins a new text.
    #[inline]
    pub fn step(&mut self, data: &[u8]) -> Result<(), Utf8Error> {
        let mut offset = 0;
        // SAFETY: data is valid for its length.
        let status = unsafe { sys::tw_utf8_step(&raw mut self.raw, data.as_ptr(), data.len(), &raw mut offset) };
        self.result(status, offset)
    }

    /// [`mask_in_place`] and [`Utf8Validator::step`] of the result in one pass. All of `data` is unmasked even where it
    /// is not UTF-8.
    ///
    /// # Errors
    ///
    /// As [`Utf8Validator::step`].
    #[inline]
    pub fn unmask(&mut self, data: &mut [u8], key: MaskingKey, phase: u64) -> Result<(), Utf8Error> {
        let (bytes, mut offset) = (data.as_mut_ptr(), 0);
        // SAFETY: data is valid for reads and writes, and exact overlap is allowed.
        let status = unsafe {
            let (utf8, key) = (&raw mut self.raw, &raw const key);
            sys::tw_unmask_utf8(bytes, bytes, data.len(), key, phase, utf8, &raw mut offset)
        };
        self.result(status, offset)
    }

    /// Ends the text, and begins the next one.
    ///
    /// # Errors
    ///
    /// It ends inside a code point.
    #[inline]
    pub fn finish(&mut self) -> Result<(), Utf8Error> {
        // SAFETY: the state is valid.
        let status = unsafe { sys::tw_utf8_finish(&raw const self.raw) };
        self.raw.state = 0;
        self.result(status, 0)
    }

    #[inline]
    fn result(&mut self, status: sys::tw_status, offset: usize) -> Result<(), Utf8Error> {
        if status == sys::TW_OK {
            return Ok(());
        }
        self.raw.state = 0;
        Err(Utf8Error { offset })
    }
}

impl Default for Utf8Validator {
    fn default() -> Self {
        Self::new()
    }
}
