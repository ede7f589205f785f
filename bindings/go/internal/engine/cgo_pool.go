// SPDX-License-Identifier: MIT

package engine

// #include "session.h"
// #cgo noescape tw_pool_acquire
// #cgo nocallback tw_pool_acquire
// #cgo noescape tw_pool_acquire_exact
// #cgo nocallback tw_pool_acquire_exact
// #cgo noescape tw_pool_release
// #cgo nocallback tw_pool_release
import "C"

import (
	"sync/atomic"
	"unsafe"
)

// Pool is tw_pool: it may be used by several goroutines at a time. It is freed with the last reference to it: its
// owner's, its connections' and, if the owner likes, one for each buffer.
type Pool struct {
	p    *C.tw_pool
	refs atomic.Int64
}

// PoolClass is tw_pool_class.
type PoolClass struct {
	Len     uint64 // bytes of a buffer
	MaxIdle uint64 // buffers kept for reuse; 0: as many as the pool's limit allows
}

// PoolStats is tw_pool_stats.
type PoolStats struct {
	Hits, Misses, Drops             uint64
	InUseLen, IdleLen, HighWaterLen uint64 // bytes
	Huge, ClassCount                uint64
}

// NewPool creates a pool; maxIdleLen 0 and no classes are the defaults.
func NewPool(maxIdleLen uint64, classes []PoolClass) (*Pool, Status) {
	var a arena
	defer a.free()
	config := (*C.tw_pool_config)(a.alloc(C.sizeof_tw_pool_config))
	config.struct_size = C.sizeof_tw_pool_config
	config.max_idle_len = C.uint64_t(maxIdleLen)
	if len(classes) > 0 {
		config.classes = (*C.tw_pool_class)(a.alloc(C.size_t(len(classes)) * C.sizeof_tw_pool_class))
		config.class_count = C.size_t(len(classes))
		copy(unsafe.Slice((*PoolClass)(unsafe.Pointer(config.classes)), len(classes)), classes)
	}
	pool := &Pool{}
	pool.refs.Store(1)
	status := Status(C.tw_pool_create(config, &pool.p))
	return pool, status
}

// TryRef adds a reference, unless the pool was freed. No pool has any number of them.
func (p *Pool) TryRef() bool {
	if p == nil {
		return true
	}
	for {
		n := p.refs.Load()
		if n == 0 {
			return false
		}
		if p.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Unref takes a reference away.
func (p *Pool) Unref() {
	if p != nil && p.refs.Add(-1) == 0 {
		C.tw_pool_destroy(p.p)
	}
}

// handle is what C takes; nil for no pool.
func (p *Pool) handle() *C.tw_pool {
	if p == nil {
		return nil
	}
	return p.p
}

// Acquire lends a buffer of at least n bytes; its capacity is its real size.
func (p *Pool) Acquire(n int) ([]byte, Status) {
	var data *C.uint8_t
	var size C.size_t
	status := Status(C.tw_pool_acquire(p.p, C.size_t(n), &data, &size))
	return unsafe.Slice((*byte)(data), int(size)), status
}

// AcquireExact lends a buffer of exactly n bytes.
func (p *Pool) AcquireExact(n int) ([]byte, Status) {
	var data *C.uint8_t
	status := Status(C.tw_pool_acquire_exact(p.p, C.size_t(n), &data))
	if status != OK {
		return nil, status
	}
	return unsafe.Slice((*byte)(data), n), status
}

// Release takes a buffer back.
func (p *Pool) Release(data []byte) Status { return Status(C.tw_pool_release(p.p, bytes(data))) }

// Trim frees idle buffers until at most keepLen bytes are idle.
func (p *Pool) Trim(keepLen uint64) Status { return Status(C.tw_pool_trim(p.p, C.uint64_t(keepLen))) }

// Stats are the pool's counters.
func (p *Pool) Stats() PoolStats {
	s := C.tw_pool_stats{struct_size: C.sizeof_tw_pool_stats}
	C.tw_pool_get_stats(p.p, &s)
	return *(*PoolStats)(unsafe.Pointer(&s.hits))
}
