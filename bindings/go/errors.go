// SPDX-License-Identifier: MIT

package tidewire

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"

	"tidewire/internal/engine"
)

// Error is why a connection failed, or why a call was refused. errors.Is finds its Status.
type Error struct {
	Status    Status // of the engine
	Offset    uint64 // in the received stream, of the offending byte or frame; 0 where the peer did nothing wrong
	CloseCode int    // that the peer was told; 1006 where none was, 0 in the handshake or where the connection goes on
	Section   string // the rule, "RFC 6455 5.2"; "" for none
	Limit     string // the limit, by its name in Options: "ReadLimit"; "" for none
	Op        string // what was being done: "read", "write", "dial", "upgrade"
	Err       error  // what else is known; nil for nothing
}

// Error says what failed, why and where, with the rule or the limit.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "tidewire: %s: %s", e.Op, e.Status.sentence())
	if e.Section != "" {
		fmt.Fprintf(&b, " (%s)", e.Section)
	}
	if e.Limit != "" {
		fmt.Fprintf(&b, " (%s)", e.Limit)
	}
	if e.Offset > 0 {
		fmt.Fprintf(&b, " at byte %d", e.Offset)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap gives the status, and Err where it is set.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Status}
	}
	return []error{e.Status, e.Err}
}

// Is tells that a stream that ended without a close frame is io.ErrUnexpectedEOF too.
func (e *Error) Is(target error) bool { return e.Status == ErrEOF && target == io.ErrUnexpectedEOF }

// As makes of a stream that ended without a close frame a CloseError with code 1006 (RFC 6455 7.1.5).
func (e *Error) As(target any) bool {
	closed, ok := target.(**CloseError)
	if ok && e.Status == ErrEOF {
		*closed = &CloseError{Code: CloseAbnormalClosure, Text: e.Status.sentence()}
		return true
	}
	return false
}

// Close codes (RFC 6455 7.4.1).
const (
	CloseNormalClosure           = 1000
	CloseGoingAway               = 1001
	CloseProtocolError           = 1002
	CloseUnsupportedData         = 1003
	CloseNoStatusReceived        = 1005 // stands for none; is never sent
	CloseAbnormalClosure         = 1006 // stands for no close frame; is never sent
	CloseInvalidFramePayloadData = 1007
	ClosePolicyViolation         = 1008
	CloseMessageTooBig           = 1009
	CloseMandatoryExtension      = 1010
	CloseInternalServerErr       = 1011
	CloseServiceRestart          = 1012
	CloseTryAgainLater           = 1013
)

// CloseError is what reading ends with when the peer sent a close frame. Code is 1005 where it carried none.
type CloseError struct {
	Code int    // RFC 6455 7.4
	Text string // the reason, UTF-8
}

// Error says the code and the reason.
func (e *CloseError) Error() string {
	if e.Text == "" {
		return fmt.Sprintf("tidewire: closed by the peer with code %d", e.Code)
	}
	return fmt.Sprintf("tidewire: closed by the peer with code %d: %q", e.Code, e.Text)
}

// IsCloseError tells whether err is a [CloseError] with one of the codes. A stream that ended without a close frame
// counts as 1006.
func IsCloseError(err error, codes ...int) bool {
	var closed *CloseError
	return errors.As(err, &closed) && slices.Contains(codes, closed.Code)
}

// IsUnexpectedCloseError tells whether err is a [CloseError] with none of the codes.
func IsUnexpectedCloseError(err error, expected ...int) bool {
	var closed *CloseError
	return errors.As(err, &closed) && !slices.Contains(expected, closed.Code)
}

var (
	errConcurrentRead = &Error{Status: ErrState, Op: "read", Err: errors.New("another goroutine is reading")}
	errStreamed       = &Error{Status: ErrState, Op: "read", Err: errors.New("Options.Stream wants NextReader")}
	errWriterClosed   = &Error{Status: ErrState, Op: "write", Err: errors.New("the writer of the message is closed")}
	errNoDataType     = &Error{Status: ErrArgument, Op: "write", Err: errors.New("the message type is not of data")}
)

// errShortBuffer is what ReadMessageInto returns of a message that stays to be read.
var errShortBuffer = fmt.Errorf("tidewire: read: %w: the message stays to be read", io.ErrShortBuffer)

// errGaveUp is what a writer that need not wait any more ends with.
var errGaveUp = errors.New("gave up")

// limitNames are the names that users know the limits of the engine by.
var limitNames = map[string]string{
	"max_frame_len":    "MaxFrameLen",
	"max_message_len":  "ReadLimit",
	"max_fragments":    "MaxFragments",
	"max_output_len":   "MaxOutputLen",
	"max_control_rate": "MaxControlRate",
	"max_memory_len":   "MaxMemoryLen",
	"max_ratio":        "MaxRatio",
	"max_head_len":     "MaxHeadLen",
	"max_line_len":     "MaxHeadLen",
}

// statusError is an error that the engine knows nothing more of.
func statusError(status engine.Status, op string) *Error {
	limit := status.Limit()
	if name, ok := limitNames[limit]; ok {
		limit = name
	}
	return &Error{Status: Status(status), Op: op, Section: status.Section(), Limit: limit}
}

// engineError is why a call was refused with status, or why the connection failed.
func engineError(ec *engine.Conn, status engine.Status, op string) *Error {
	e := statusError(status, op)
	if failure := ec.Error(); failure.Status == status {
		e.Offset, e.CloseCode = failure.Offset, int(failure.CloseCode)
	}
	return e
}

// systemError is what a system call on the socket ended with.
func systemError(nc net.Conn, op, call string, errno int32) error {
	return &net.OpError{Op: op, Net: nc.LocalAddr().Network(), Source: nc.LocalAddr(), Addr: nc.RemoteAddr(),
		Err: os.NewSyscallError(call, syscall.Errno(errno))}
}
