// SPDX-License-Identifier: MIT
//! Buffers in size classes, shared by connections.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ptr::{self, NonNull};

use tidewire_sys as sys;

use crate::error::accepted;
use crate::raw::check_version;
use crate::{Error, PoolBuffer, Status};

/// A size class of a pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PoolClass {
    /// Bytes of a buffer.
    pub len: u64,
    /// Buffers that are kept for reuse; 0: as many as [`PoolConfig::max_idle_len`] allows.
    pub max_idle: u64,
}

/// How a pool keeps buffers.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct PoolConfig {
    max_idle_len: u64,
    classes: Vec<PoolClass>,
}

impl PoolConfig {
    /// The defaults: classes of 256 B, 1, 4, 8, 16 and 64 KiB.
    pub const fn new() -> Self {
        Self { max_idle_len: 0, classes: Vec::new() }
    }

    /// Bytes that are kept for reuse, those that threads keep for themselves included; 0: 16 MiB.
    pub const fn max_idle_len(mut self, max_idle_len: u64) -> Self {
        self.max_idle_len = max_idle_len;
        self
    }

    /// The size classes, 16 at most, by ascending lengths; none: the default.
    pub fn classes(mut self, classes: impl IntoIterator<Item = PoolClass>) -> Self {
        self.classes = classes.into_iter().collect();
        self
    }
}

/// What a pool did and holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PoolStats {
    /// Acquisitions that were served from idle buffers.
    pub hits: u64,
    /// Acquisitions that asked the allocator.
    pub misses: u64,
    /// Releases that went back to the allocator, since enough was idle.
    pub drops: u64,
    /// Bytes of acquired buffers.
    pub in_use_len: u64,
    /// Bytes that are kept for reuse.
    pub idle_len: u64,
    /// The most bytes that were acquired at once.
    pub high_water_len: u64,
    /// Acquisitions that were too long to be kept.
    pub huge: u64,
    /// Size classes.
    pub class_count: u64,
}

/// Buffers in size classes. A clone is the same pool, in any thread; it lives as long as what uses it: clones, buffers,
/// connections and leases.
///
/// ```
/// use tidewire::{BufferPool, Config, Connection};
///
/// let pool = BufferPool::new()?;
/// let conn = Connection::new(&Config::server().pool(pool.clone()))?;
/// let mut buffer = pool.acquire(1000)?;
/// buffer.extend_from_slice(b"sea").unwrap();
/// drop((pool, conn));
/// assert_eq!((&buffer[..], buffer.capacity()), (&b"sea"[..], 1024));
/// # Ok::<(), tidewire::Error>(())
/// ```
#[derive(Clone)]
pub struct BufferPool {
    inner: Arc<Inner>,
}

struct Inner(NonNull<sys::tw_pool>);

// SAFETY: a pool may be used by several threads at a time.
unsafe impl Send for Inner {}
// SAFETY: as above.
unsafe impl Sync for Inner {}

impl Drop for Inner {
    fn drop(&mut self) {
        // SAFETY: it is ours, and all that uses it holds an Arc of it.
        unsafe { sys::tw_pool_destroy(self.0.as_ptr()) };
    }
}

impl BufferPool {
    /// A pool with the defaults.
    ///
    /// # Errors
    ///
    /// [`Status::NO_MEMORY`]; [`Status::UNSUPPORTED`] where the library is older than this crate.
    pub fn new() -> Result<Self, Error> {
        Self::with_config(&PoolConfig::new())
    }

    /// A pool.
    ///
    /// # Errors
    ///
    /// As [`BufferPool::new`]; [`Status::ARGUMENT`] for classes that do not ascend, or too many.
    pub fn with_config(config: &PoolConfig) -> Result<Self, Error> {
        check_version()?;
        let raw = |class: &PoolClass| sys::tw_pool_class { len: class.len, max_idle: class.max_idle };
        let classes: Vec<_> = config.classes.iter().map(raw).collect();
        let raw = sys::tw_pool_config {
            max_idle_len: config.max_idle_len,
            classes: if classes.is_empty() { ptr::null() } else { classes.as_ptr() },
            class_count: classes.len(),
            ..sys::TW_POOL_CONFIG_INIT
        };
        let mut pool = ptr::null_mut();
        // SAFETY: the classes are valid during the call, which copies them.
        accepted(unsafe { sys::tw_pool_create(&raw const raw, &raw mut pool) })?;
        let pool = NonNull::new(pool).ok_or(Error::Rejected(Status::NO_MEMORY))?;
        Ok(Self { inner: Arc::new(Inner(pool)) })
    }

    /// An empty buffer with room for at least `len` bytes.
    ///
    /// # Errors
    ///
    /// [`Status::NO_MEMORY`].
    #[inline]
    pub fn acquire(&self, len: usize) -> Result<PoolBuffer, Error> {
        let (mut data, mut cap) = (ptr::null_mut(), 0);
        // SAFETY: all pointers are valid.
        accepted(unsafe { sys::tw_pool_acquire(self.as_ptr(), len, &raw mut data, &raw mut cap) })?;
        self.buffer(data, cap)
    }

    /// An empty buffer with room for exactly `len` bytes, which is kept for reuse at that length.
    ///
    /// # Errors
    ///
    /// [`Status::NO_MEMORY`].
    #[inline]
    pub fn acquire_exact(&self, len: usize) -> Result<PoolBuffer, Error> {
        let mut data = ptr::null_mut();
        // SAFETY: both pointers are valid.
        accepted(unsafe { sys::tw_pool_acquire_exact(self.as_ptr(), len, &raw mut data) })?;
        self.buffer(data, len)
    }

    #[inline]
    fn buffer(&self, data: *mut u8, cap: usize) -> Result<PoolBuffer, Error> {
        let data = NonNull::new(data).ok_or(Error::Rejected(Status::NO_MEMORY))?;
        // SAFETY: the buffer was acquired from this pool just now, and has `cap` bytes.
        Ok(unsafe { PoolBuffer::new(self.clone(), data, cap) })
    }

    /// Frees idle buffers, those that the calling thread keeps first, until at most `keep_len` bytes are idle. What
    /// other threads keep stays: a thread that used the pool calls it with 0 before it ends.
    pub fn trim(&self, keep_len: u64) {
        // SAFETY: the pool is valid.
        unsafe { sys::tw_pool_trim(self.as_ptr(), keep_len) };
    }

    /// What the pool did and holds. While other threads use it, the numbers are not all of one moment.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        let mut raw = sys::TW_POOL_STATS_INIT;
        // SAFETY: both are valid, and the struct knows its size.
        unsafe { sys::tw_pool_get_stats(self.as_ptr(), &raw mut raw) };
        PoolStats {
            hits: raw.hits,
            misses: raw.misses,
            drops: raw.drops,
            in_use_len: raw.in_use_len,
            idle_len: raw.idle_len,
            high_water_len: raw.high_water_len,
            huge: raw.huge,
            class_count: raw.class_count,
        }
    }

    /// The pool as C has it. It stays this one's.
    #[inline]
    #[must_use]
    pub fn as_ptr(&self) -> *mut sys::tw_pool {
        self.inner.0.as_ptr()
    }
}

impl fmt::Debug for BufferPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stats().fmt(f)
    }
}
