// SPDX-License-Identifier: MIT

package engine

// #include <stdlib.h>
// #include "session.h"
import "C"

import "unsafe"

// arena is memory of C for the time of one call: what is passed to it may not point to memory of Go that does.
type arena []unsafe.Pointer

func (a *arena) alloc(size C.size_t) unsafe.Pointer {
	p := C.calloc(1, size)
	*a = append(*a, p)
	return p
}

func (a *arena) string(s string) *C.char {
	if s == "" {
		return nil
	}
	p := C.CString(s)
	*a = append(*a, unsafe.Pointer(p))
	return p
}

func (a *arena) strings(list []string) **C.char {
	if len(list) == 0 {
		return nil
	}
	out := (**C.char)(a.alloc(C.size_t(len(list)) * C.size_t(unsafe.Sizeof((*C.char)(nil)))))
	for i, s := range unsafe.Slice(out, len(list)) {
		_ = s
		p := C.CString(list[i])
		*a = append(*a, unsafe.Pointer(p))
		unsafe.Slice(out, len(list))[i] = p
	}
	return out
}

func (a *arena) free() {
	for _, p := range *a {
		C.free(p)
	}
}

func (config *Config) toC(a *arena) *C.tw_conn_config {
	c := (*C.tw_conn_config)(a.alloc(C.sizeof_tw_conn_config))
	*c = C.tw_conn_config{
		struct_size:          C.sizeof_tw_conn_config,
		role:                 C.uint32_t(config.Role),
		flags:                C.uint32_t(config.Flags),
		max_frame_len:        C.uint64_t(config.MaxFrameLen),
		max_message_len:      C.uint64_t(config.MaxMessageLen),
		max_output_len:       C.uint64_t(config.MaxOutputLen),
		max_memory_len:       C.uint64_t(config.MaxMemoryLen),
		output_high_len:      C.uint64_t(config.OutputHighLen),
		output_low_len:       C.uint64_t(config.OutputLowLen),
		max_fragments:        C.uint32_t(config.MaxFragments),
		max_control_rate:     C.uint32_t(config.MaxControlRate),
		handshake_timeout_ns: C.uint64_t(config.HandshakeTimeout),
		idle_timeout_ns:      C.uint64_t(config.IdleTimeout),
		ping_interval_ns:     C.uint64_t(config.PingInterval),
		pong_timeout_ns:      C.uint64_t(config.PongTimeout),
		message_timeout_ns:   C.uint64_t(config.MessageTimeout),
		close_timeout_ns:     C.uint64_t(config.CloseTimeout),
		read_len:             C.uint32_t(config.ReadLen),
		max_read_len:         C.uint32_t(config.MaxReadLen),
		write_len:            C.uint32_t(config.WriteLen),
		min_borrow_len:       C.uint32_t(config.MinBorrowLen),
		pool:                 config.Pool.handle(),
		handshake:            config.Handshake.toC(a),
		deflate:              config.Deflate.toC(a),
		negotiated:           config.Negotiated.toC(a),
	}
	return c
}

func (h *HandshakeConfig) toC(a *arena) *C.tw_handshake_config {
	if h == nil {
		return nil
	}
	c := (*C.tw_handshake_config)(a.alloc(C.sizeof_tw_handshake_config))
	*c = C.tw_handshake_config{
		struct_size:       C.sizeof_tw_handshake_config,
		flags:             C.uint32_t(h.Flags),
		max_head_len:      C.uint32_t(h.MaxHeadLen),
		max_header_count:  C.uint32_t(h.MaxHeaderCount),
		max_line_len:      C.uint32_t(h.MaxLineLen),
		host:              a.string(h.Host),
		target:            a.string(h.Target),
		origin:            a.string(h.Origin),
		subprotocols:      a.strings(h.Subprotocols),
		subprotocol_count: C.size_t(len(h.Subprotocols)),
		origins:           a.strings(h.Origins),
		origin_count:      C.size_t(len(h.Origins)),
		header_count:      C.size_t(len(h.Headers)),
	}
	if len(h.Headers) > 0 {
		c.headers = (*C.tw_header)(a.alloc(C.size_t(len(h.Headers)) * C.sizeof_tw_header))
		headers := unsafe.Slice(c.headers, len(h.Headers))
		for i, header := range h.Headers {
			pair := unsafe.Slice(a.strings(header[:]), 2)
			headers[i] = C.tw_header{name: pair[0], value: pair[1]}
		}
	}
	return c
}

func (d *DeflateConfig) toC(a *arena) *C.tw_deflate_config {
	if d == nil {
		return nil
	}
	c := (*C.tw_deflate_config)(a.alloc(C.sizeof_tw_deflate_config))
	*c = C.tw_deflate_config{
		struct_size:         C.sizeof_tw_deflate_config,
		level:               C.uint32_t(d.Level),
		memory_level:        C.uint32_t(d.MemoryLevel),
		send_window_bits:    C.uint32_t(d.SendWindowBits),
		receive_window_bits: C.uint32_t(d.ReceiveWindowBits),
		max_context_len:     C.uint64_t(d.MaxContextLen),
		min_len:             C.uint64_t(d.MinLen),
		max_call_len:        C.uint64_t(d.MaxCallLen),
		max_ratio:           C.uint32_t(d.MaxRatio),
	}
	return c
}

func (d *Deflate) toC(a *arena) *C.tw_deflate {
	if d == nil {
		return nil
	}
	c := (*C.tw_deflate)(a.alloc(C.sizeof_tw_deflate))
	c.send_window_bits, c.receive_window_bits = C.uint8_t(d.SendWindowBits), C.uint8_t(d.ReceiveWindowBits)
	if d.Enabled {
		c.enabled = 1
	}
	if d.SendTakeover {
		c.flags |= C.TW_DEFLATE_SEND_TAKEOVER
	}
	if d.ReceiveTakeover {
		c.flags |= C.TW_DEFLATE_RECEIVE_TAKEOVER
	}
	return c
}
