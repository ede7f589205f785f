// SPDX-License-Identifier: MIT

package serve

import "io"

// ReadAll is io.ReadAll into room, which it returns, longer where it had to grow.
func ReadAll(reader io.Reader, room []byte) ([]byte, error) {
	room = room[:0]
	for {
		if len(room) == cap(room) {
			room = append(room, 0)[:len(room)]
		}
		n, err := reader.Read(room[len(room):cap(room)])
		room = room[:len(room)+n]
		if err == io.EOF {
			return room, nil
		}
		if err != nil {
			return room, err
		}
	}
}
