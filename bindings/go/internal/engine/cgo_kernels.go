// SPDX-License-Identifier: MIT

package engine

// #cgo noescape tw_mask
// #cgo nocallback tw_mask
// #cgo noescape tw_utf8_validate
// #cgo nocallback tw_utf8_validate
// #include "session.h"
import "C"

// Mask is tw_mask; dst and src have the same length.
func Mask(dst, src []byte, key [4]byte, phase uint64) Status {
	return Status(C.tw_mask(bytes(dst), bytes(src), C.size_t(len(src)), bytes(key[:]), C.uint64_t(phase)))
}

// ValidUTF8 tells whether data is UTF-8.
func ValidUTF8(data []byte) bool {
	return C.tw_utf8_validate(bytes(data), C.size_t(len(data)), nil) == C.TW_OK
}

// Prepared is a message that is encoded once.
type Prepared struct {
	p    *C.tw_prepared
	pool *Pool
}

// NewPrepared copies and checks a whole message.
func NewPrepared(opcode uint8, data []byte, flags uint32, pool *Pool) (*Prepared, Status) {
	if !pool.TryRef() {
		return nil, ErrState
	}
	p := &Prepared{pool: pool}
	status := Status(C.tw_prepared_create(C.uint32_t(opcode), bytes(data), C.size_t(len(data)), C.uint32_t(flags),
		pool.handle(), &p.p))
	if status != OK {
		pool.Unref()
	}
	return p, status
}

// Destroy gives the message up.
func (p *Prepared) Destroy() {
	C.tw_prepared_destroy(p.p)
	p.pool.Unref()
}
