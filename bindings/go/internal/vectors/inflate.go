// SPDX-License-Identifier: MIT

package vectors

import "slices"

// The slow and obvious way to inflate (RFC 1951): a bit at a time, with a window that it never reaches beyond. The
// standard library's has one window, of 32 KiB, and so cannot tell that a sender used a larger one than was agreed on.

// deflateError is what readers panic with; [window.inflate] returns it.
type deflateError string

func (e deflateError) Error() string { return string(e) }

const (
	errDeflate deflateError = "the payload is not DEFLATE data"
	errCut     deflateError = "the payload ends inside a block"
	errFinal   deflateError = "a block is marked as the last one"
	errFar     deflateError = "a match begins before the window"
)

// bitReader gives the bits of data, the lowest of each byte first. Where there are no more, it panics with errCut.
type bitReader struct {
	data []byte
	at   int // in bits
}

func (r *bitReader) bit() int {
	if r.at >= 8*len(r.data) {
		panic(errCut)
	}
	bit := int(r.data[r.at/8]) >> (r.at % 8) & 1
	r.at++
	return bit
}

// number reads one of so many bits, the lowest first.
func (r *bitReader) number(count int) int {
	number := 0
	for i := range count {
		number |= r.bit() << i
	}
	return number
}

// align goes to the next whole byte.
func (r *bitReader) align() { r.at = (r.at + 7) / 8 * 8 }

// code is a Huffman code: the symbols of each length in the order of their codes.
type code [16][]int

func newCode(lengths []int) code {
	var c code
	for symbol, length := range lengths {
		if length > 0 {
			c[length] = append(c[length], symbol)
		}
	}
	return c
}

func (c *code) read(r *bitReader) int {
	value, first := 0, 0
	for length := 1; length < len(c); length++ {
		value = value<<1 | r.bit()
		first <<= 1
		if i := value - first; i < len(c[length]) {
			return c[length][i]
		}
		first += len(c[length])
	}
	panic(errDeflate)
}

var (
	fixedLiterals = newCode(slices.Concat(
		slices.Repeat([]int{8}, 144), slices.Repeat([]int{9}, 112), slices.Repeat([]int{7}, 24), slices.Repeat([]int{8}, 8)))
	fixedDistances = newCode(slices.Repeat([]int{5}, 30))
	lengthOrder    = []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
)

// window is what was inflated, of which matches reach back over `reach` bytes at most.
type window struct {
	data  []byte
	reach int
}

func (w *window) copyMatch(length, distance int) {
	if distance > min(w.reach, len(w.data)) {
		panic(errFar)
	}
	for range length {
		w.data = append(w.data, w.data[len(w.data)-distance])
	}
}

// inflate puts what data stands for behind the window. The error tells how data ends; nil is at a block's end.
func (w *window) inflate(data []byte) (err error) {
	r := &bitReader{data: data}
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case deflateError:
			err = cause
		default:
			panic(cause)
		}
	}()
	for r.at < 8*len(data) {
		if r.bit() == 1 {
			panic(errFinal)
		}
		switch r.number(2) {
		case 0:
			w.stored(r)
		case 1:
			w.compressed(r, &fixedLiterals, &fixedDistances)
		case 2:
			literals, distances := readCodes(r)
			w.compressed(r, &literals, &distances)
		default:
			panic(errDeflate)
		}
	}
	return nil
}

func (w *window) stored(r *bitReader) {
	r.align()
	length := r.number(16)
	if r.number(16) != length^0xFFFF {
		panic(errDeflate)
	}
	for range length {
		w.data = append(w.data, byte(r.number(8)))
	}
}

func (w *window) compressed(r *bitReader, literals, distances *code) {
	for {
		symbol := literals.read(r)
		switch {
		case symbol < 256:
			w.data = append(w.data, byte(symbol))
		case symbol == 256:
			return
		default:
			length := readLength(r, symbol-257)
			w.copyMatch(length, readDistance(r, distances.read(r)))
		}
	}
}

// readLength reads the rest of a match's length (RFC 1951 3.2.5).
func readLength(r *bitReader, symbol int) int {
	switch {
	case symbol < 8:
		return 3 + symbol
	case symbol < 28:
		extra := symbol/4 - 1
		return 3 + (4+symbol%4)<<extra + r.number(extra)
	case symbol == 28:
		return 258
	}
	panic(errDeflate)
}

// readDistance reads the rest of a match's distance.
func readDistance(r *bitReader, symbol int) int {
	if symbol < 4 {
		return 1 + symbol
	}
	extra := symbol/2 - 1
	return 1 + (2+symbol%2)<<extra + r.number(extra)
}

// readCodes reads the codes of a dynamic block (RFC 1951 3.2.7).
func readCodes(r *bitReader) (literals, distances code) {
	literalCount, distanceCount, lengthCount := 257+r.number(5), 1+r.number(5), 4+r.number(4)
	lengthLengths := make([]int, len(lengthOrder))
	for _, symbol := range lengthOrder[:lengthCount] {
		lengthLengths[symbol] = r.number(3)
	}
	lengthCode := newCode(lengthLengths)
	var lengths []int
	for len(lengths) < literalCount+distanceCount {
		switch symbol := lengthCode.read(r); {
		case symbol < 16:
			lengths = append(lengths, symbol)
		case symbol == 16 && len(lengths) == 0:
			panic(errDeflate)
		case symbol == 16:
			lengths = append(lengths, slices.Repeat(lengths[len(lengths)-1:], 3+r.number(2))...)
		case symbol == 17:
			lengths = append(lengths, make([]int, 3+r.number(3))...)
		default:
			lengths = append(lengths, make([]int, 11+r.number(7))...)
		}
	}
	if len(lengths) != literalCount+distanceCount {
		panic(errDeflate)
	}
	return newCode(lengths[:literalCount]), newCode(lengths[literalCount:])
}
