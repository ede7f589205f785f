// SPDX-License-Identifier: MIT

package tidewire

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"tidewire/internal/engine"
)

// BufferPool lends buffers of memory that is not Go's: the garbage collector neither moves nor frees nor counts it.
// Connections take theirs from one too ([Options].Pool). It may be used by any number of goroutines at a time. Each of
// the first 64 threads keeps a few idle buffers for itself; goroutines move between threads, so that a buffer may come
// back to another thread than it was lent by, which is fine.
type BufferPool struct {
	pool   *engine.Pool
	closed atomic.Bool
	ref    runtime.Cleanup
}

// PoolOptions is how a pool keeps buffers. The zero value are the defaults.
type PoolOptions struct {
	MaxIdleLen int64       // bytes kept for reuse; 0: 16 MiB
	Classes    []PoolClass // ascending lengths, at most 16; nil: 256 B, 1, 4, 8, 16 and 64 KiB
}

// PoolClass is a size that a pool keeps.
type PoolClass struct {
	Len     int64 // bytes of a buffer
	MaxIdle int64 // buffers kept for reuse; 0: as many as MaxIdleLen allows
}

// PoolStats are what a pool did and holds.
type PoolStats struct {
	Hits         uint64 // buffers that were lent again
	Misses       uint64 // buffers that were allocated
	Drops        uint64 // buffers that were freed because enough were idle
	Huge         uint64 // buffers too long to be kept
	InUseLen     int64  // bytes lent now
	IdleLen      int64  // bytes kept for reuse now
	HighWaterLen int64  // bytes lent at most
}

// defaultPool is that of all connections without one of their own. It is never closed.
var defaultPool = sync.OnceValue(func() *BufferPool {
	pool, err := NewBufferPool(nil)
	if err != nil {
		panic(err) // no memory for an empty pool
	}
	return pool
})

// NewBufferPool creates a pool; nil are the defaults. ErrArgument: a negative number, or classes that do not ascend.
func NewBufferPool(options *PoolOptions) (*BufferPool, error) {
	if options == nil {
		options = &PoolOptions{}
	}
	var classes []engine.PoolClass
	negative := options.MaxIdleLen < 0
	for _, class := range options.Classes {
		negative = negative || class.Len < 0 || class.MaxIdle < 0
		classes = append(classes, engine.PoolClass{Len: uint64(class.Len), MaxIdle: uint64(class.MaxIdle)})
	}
	if negative {
		return nil, &Error{Status: ErrArgument, Op: "pool", Err: errors.New("a length or count is negative")}
	}
	pool, status := engine.NewPool(uint64(options.MaxIdleLen), classes)
	if status != engine.OK {
		return nil, statusError(status, "pool")
	}
	p := &BufferPool{pool: pool}
	p.ref = runtime.AddCleanup(p, (*engine.Pool).Unref, pool)
	return p, nil
}

// Get lends a buffer of n bytes, whose contents are undefined and whose capacity is that of its class. nil: n is
// negative, there is no memory, or the pool is closed. Put gives it back.
func (p *BufferPool) Get(n int) []byte {
	data := p.lend(n, (*engine.Pool).Acquire)
	if data == nil {
		return nil
	}
	return data[:n]
}

// GetExact is like Get, of a buffer that is kept for reuse at this length, whatever the classes.
func (p *BufferPool) GetExact(n int) []byte { return p.lend(n, (*engine.Pool).AcquireExact) }

func (p *BufferPool) lend(n int, acquire func(*engine.Pool, int) ([]byte, engine.Status)) []byte {
	defer runtime.KeepAlive(p)
	if n < 0 || p.closed.Load() || !p.pool.TryRef() { // the pool outlives what it lends
		return nil
	}
	data, status := acquire(p.pool, n)
	if status != engine.OK {
		p.pool.Unref()
		return nil
	}
	return data
}

// Put takes a buffer back; it begins where Get's began, whatever its length, and is not to be touched any more. nil is
// ignored. Misuse is refused and changes nothing: ErrArgument where it is no buffer of this pool, ErrState where it was
// given back already (and nobody got it since).
func (p *BufferPool) Put(data []byte) error {
	defer runtime.KeepAlive(p)
	if data == nil {
		return nil
	}
	if !p.pool.TryRef() {
		return statusError(engine.ErrState, "pool")
	}
	defer p.pool.Unref()
	if status := p.pool.Release(data); status != engine.OK {
		return statusError(status, "pool")
	}
	p.pool.Unref()
	return nil
}

// Trim frees idle buffers until at most keepLen bytes are idle, but for those that other threads keep.
func (p *BufferPool) Trim(keepLen int64) error {
	defer runtime.KeepAlive(p)
	if keepLen < 0 {
		return statusError(engine.ErrArgument, "pool")
	}
	if !p.pool.TryRef() {
		return statusError(engine.ErrState, "pool")
	}
	defer p.pool.Unref()
	p.pool.Trim(uint64(keepLen))
	return nil
}

// Stats are the counters now; zero when the pool is closed and nothing uses it any more.
func (p *BufferPool) Stats() PoolStats {
	defer runtime.KeepAlive(p)
	if !p.pool.TryRef() {
		return PoolStats{}
	}
	defer p.pool.Unref()
	s := p.pool.Stats()
	return PoolStats{s.Hits, s.Misses, s.Drops, s.Huge, int64(s.InUseLen), int64(s.IdleLen), int64(s.HighWaterLen)}
}

// Close lends no more. The memory is freed when the last buffer is back and the last connection gone. A pool that
// nothing refers to is closed by itself.
func (p *BufferPool) Close() error {
	if p.closed.Swap(true) {
		return statusError(engine.ErrState, "pool")
	}
	p.ref.Stop()
	p.pool.Unref()
	return nil
}
