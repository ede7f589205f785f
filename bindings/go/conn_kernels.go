// SPDX-License-Identifier: MIT

package tidewire

import "tidewire/internal/engine"

// Mask writes src masked with key to dst, which is as long and the same memory or apart (RFC 6455 5.3): dst[i] = src[i]
// ^ key[(phase+i)%4]. Masking and unmasking are the same. The call costs as much as masking a few hundred bytes in Go.
func Mask(dst, src []byte, key [4]byte, phase uint64) error {
	if len(dst) != len(src) {
		return statusError(engine.ErrArgument, "mask")
	}
	if status := engine.Mask(dst, src, key, phase); status != engine.OK {
		return statusError(status, "mask")
	}
	return nil
}

// ValidUTF8 is utf8.Valid, which is faster below a few hundred bytes, and far slower where much is not ASCII.
func ValidUTF8(data []byte) bool { return engine.ValidUTF8(data) }
