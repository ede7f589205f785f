// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tidewire"
	"tidewire/internal/vectors"
)

const vectorFolder = "../../tests/vectors"

// optionsOf gives the options that make a connection what the vector has it to be; false where there are none: what the
// options leave out (such as the queue's marks), memory that depends on the size of read buffers, and the engine's
// clock.
func optionsOf(v *vectors.Vector) (*tidewire.Options, bool) {
	options := &tidewire.Options{Trusted: v.Flags["trusted"], ManualPong: v.Flags["manual_pong"]}
	lengths := map[string]*int64{
		"max_message_len": &options.ReadLimit, "max_frame_len": &options.MaxFrameLen,
		"max_output_len": &options.MaxOutputLen,
	}
	for name, number := range v.Config {
		length, ok := lengths[name]
		switch {
		case number > math.MaxInt32:
			return nil, false
		case ok:
			*length = int64(number)
		case name == "max_fragments":
			options.MaxFragments = int(number)
		default:
			return nil, false
		}
	}
	for name := range v.Flags {
		if name != "trusted" && name != "manual_pong" {
			return nil, false
		}
	}
	if v.Deflate == nil {
		return options, true
	}
	n := v.Deflate
	options.Compression = &tidewire.Compression{
		Level: int(n["level"]), MemoryLevel: int(n["memory_level"]), SendWindowBits: int(n["send_window_bits"]),
		ReceiveWindowBits: int(n["receive_window_bits"]), MaxContextLen: int64(n["max_context_len"]),
		MinLen: int64(n["min_len"]), MaxRatio: int(n["max_ratio"]),
	}
	_, limitsCalls := n["max_call_len"]
	return options, !limitsCalls && (v.Handshake != nil || areDefaultTerms(v.Negotiated, options.Compression))
}

// areDefaultTerms tells whether these are the terms that NewConn takes for agreed on.
func areDefaultTerms(terms *vectors.Terms, compression *tidewire.Compression) bool {
	bits := func(configured int) uint8 {
		if configured == 0 {
			return 15
		}
		return uint8(configured)
	}
	return terms != nil && *terms == vectors.Terms{
		Enabled:           true,
		SendWindowBits:    bits(compression.SendWindowBits),
		ReceiveWindowBits: bits(compression.ReceiveWindowBits),
	}
}

// upgraderOf gives what answers the handshake as the vector has it; false where there is none.
func upgraderOf(h *vectors.Handshake, options *tidewire.Options) (*tidewire.Upgrader, bool) {
	// Header fields come in an order of their own, and the other limits have no name in Go.
	if len(h.Headers) > 0 || len(h.Numbers) > 0 {
		return nil, false
	}
	return &tidewire.Upgrader{
		Subprotocols: h.Subprotocols, Origins: h.Origins, AnyOrigin: h.AnyOrigin, Options: options,
	}, true
}

// vectorTest is a vector that a Conn can run.
type vectorTest struct {
	*vectors.Stream
	v    *vectors.Vector
	open func(net.Conn) (*tidewire.Conn, error)
}

func newVectorTest(v *vectors.Vector) (*vectorTest, bool) {
	test := &vectorTest{Stream: v.Stream(), v: v}
	options, ok := optionsOf(v)
	if !ok || test.Stream == nil || test.IsPrefix && test.endsByPeer() { // nobody knows when all output is there
		return nil, false
	}
	role := tidewire.RoleServer
	if v.IsClient {
		role = tidewire.RoleClient
	}
	test.open = func(stream net.Conn) (*tidewire.Conn, error) { return tidewire.NewConn(stream, role, options) }
	if v.Handshake == nil {
		return test, true
	}
	if v.IsClient {
		return nil, false // its request has a random key, which the response of the vector does not answer
	}
	upgrader, ok := upgraderOf(v.Handshake, options)
	test.open = func(stream net.Conn) (*tidewire.Conn, error) {
		conn, _, err := upgrader.Accept(context.Background(), stream)
		return conn, err
	}
	return test, ok
}

// run has the peer send the input in pieces, and looks at what both sides see.
func (test *vectorTest) run(t *testing.T, network string, pieces ...[]byte) error {
	stream, peer := streams(t, network)
	defer peer.Close()
	defer stream.Close()
	if err := peer.SetDeadline(time.Now().Add(hang)); err != nil {
		return err
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		for _, piece := range pieces {
			if _, err := peer.Write(piece); err != nil {
				return // the connection ended before
			}
		}
	}()
	answered, further := make(chan error, 1), make(chan []byte, 1)
	go func() {
		output := make([]byte, len(test.Output))
		_, err := io.ReadFull(peer, output)
		if err == nil {
			err = test.checkOutput(output)
		}
		answered <- err
		if test.endsByPeer() {
			<-written
			peer.Close()
		}
		rest, _ := io.ReadAll(peer)
		peer.Close()
		further <- rest
	}()
	conn, err := test.open(stream)
	if err == nil {
		err = test.read(conn)
	}
	err = errors.Join(test.checkEnd(err), <-answered)
	if conn != nil {
		conn.Close()
	}
	if rest := <-further; len(rest) > 0 && !test.IsPrefix {
		return fmt.Errorf("there is more output: %x", rest)
	}
	return err
}

// endsByPeer tells whether the connection ends for no other reason.
func (test *vectorTest) endsByPeer() bool {
	isEOF := test.Failure.Status == "TW_OK" || test.Failure.Status == tidewire.ErrEOF.String()
	return test.Close == nil && isEOF
}

// read reads the messages, and returns why there are no more.
func (test *vectorTest) read(conn *tidewire.Conn) error {
	for _, want := range test.Messages {
		kind, data, err := conn.ReadMessage()
		if err != nil {
			return fmt.Errorf("in place of a message: %w", err)
		}
		if kind != tidewire.MessageType(want.Opcode) || !bytes.Equal(data, want.Data) {
			return fmt.Errorf("message %d %x, not %d %x", kind, data, want.Opcode, want.Data)
		}
	}
	_, data, err := conn.ReadMessage()
	if err == nil {
		err = fmt.Errorf("there is one more message: %x", data)
	}
	return err
}

func (test *vectorTest) checkEnd(err error) error {
	var closed *tidewire.CloseError
	var failure *tidewire.Error
	isFailure := errors.As(err, &failure)
	switch {
	case test.Close != nil:
		want := tidewire.CloseError{Code: int(test.Close.Code), Text: string(test.Close.Data)}
		if isFailure || !errors.As(err, &closed) || *closed != want {
			return fmt.Errorf("reading ended with %w, not %w", err, &want)
		}
	case !isFailure:
		return fmt.Errorf("reading ended with %w", err)
	case test.endsByPeer():
		return expectError(err, tidewire.ErrEOF)
	case failure.Status.String() != test.Failure.Status:
		return fmt.Errorf("reading ended with %s, not %s", failure.Status.String(), test.Failure.Status)
	case failure.Offset != test.Failure.Offset || failure.CloseCode != int(test.Failure.CloseCode):
		return fmt.Errorf("the failure is %+v, not %+v", *failure, test.Failure)
	}
	return nil
}

// checkOutput compares what the peer got, the handshake to the byte.
func (test *vectorTest) checkOutput(output []byte) error {
	if test.v.Handshake == nil {
		return test.CheckOutput(output)
	}
	if !bytes.Equal(output, test.Output) {
		return fmt.Errorf("output %q, not %q", output, test.Output)
	}
	return nil
}

// cuts gives the ways to cut an input in two; of long ones not all.
func cuts(length int) (at []int) {
	for i := 1; i < length; i += 1 + length/64 {
		at = append(at, i)
	}
	return at
}

func (test *vectorTest) runAll(t *testing.T) {
	check := func(how string, err error) {
		if err != nil {
			t.Errorf("%s, %s: %v", test.v.ID, how, err)
		}
	}
	check("over TCP", test.run(t, "tcp", test.Input))
	check("whole", test.run(t, "pipe", test.Input))
	if len(test.Input) <= 4096 {
		check("byte by byte", test.run(t, "pipe", slices.Collect(slices.Chunk(test.Input, 1))...))
	}
	for _, at := range cuts(len(test.Input)) {
		check(fmt.Sprintf("cut at %d", at), test.run(t, "pipe", test.Input[:at], test.Input[at:]))
	}
}

func TestVectorsAreReadByConnections(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(vectorFolder, "*.json"))
	if err != nil || len(paths) == 0 {
		t.Skip("the vectors are not part of the module: this runs in the sources of tidewire")
	}
	count := 0
	for _, path := range paths {
		found, err := vectors.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range found {
			if test, ok := newVectorTest(v); ok {
				count++
				test.runAll(t)
			}
		}
	}
	t.Logf("%d vectors", count)
	if count < 400 {
		t.Errorf("%d vectors were run", count)
	}
}
