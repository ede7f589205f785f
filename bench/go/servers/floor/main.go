// SPDX-License-Identifier: MIT

// The least that an echo server on Go's netpoller can do with an engine in C: a read into C's memory, one call that
// answers all of it, one write.
package main

// #cgo CFLAGS: -O3
// #cgo noescape floor_echo
// #cgo nocallback floor_echo
// #include <stdlib.h>
// #include "floor.h"
import "C"

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"unsafe"

	"tidewire/bench/internal/serve"
)

const roomLen = 256 * 1024

// room returns memory of C, so that nothing has to be pinned.
func room() []byte {
	return unsafe.Slice((*byte)(C.malloc(roomLen)), roomLen)
}

func pointer(data []byte) *C.uint8_t {
	return (*C.uint8_t)(unsafe.SliceData(data))
}

func open(conn *net.TCPConn) error {
	request, err := http.ReadRequest(bufio.NewReader(conn)) // a client sends no frame before it has the response
	if err != nil {
		return err
	}
	accept := sha1.Sum([]byte(request.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	_, err = fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(accept[:]))
	return err
}

func echo(conn *net.TCPConn) error {
	if err := open(conn); err != nil {
		return err
	}
	input, output := room(), room()
	defer C.free(unsafe.Pointer(unsafe.SliceData(input)))
	defer C.free(unsafe.Pointer(unsafe.SliceData(output)))
	held := 0
	for {
		n, err := conn.Read(input[held:])
		if err != nil {
			return err
		}
		held += n
		var consumed C.size_t
		answered := C.floor_echo(pointer(input), C.size_t(held), pointer(output), &consumed)
		if answered > 0 {
			if _, err := conn.Write(output[:answered]); err != nil {
				return err
			}
		}
		held = copy(input, input[consumed:held])
		if held == roomLen {
			return errors.New("a frame is longer than the room for it")
		}
	}
}

func main() {
	serve.Accept(echo)
}
