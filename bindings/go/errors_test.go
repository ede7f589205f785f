// SPDX-License-Identifier: MIT

package tidewire

import (
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"tidewire/internal/engine"
)

func TestErrorSaysWhatWhereAndWhichRule(t *testing.T) {
	cause := errors.New("the cause")
	err := error(&Error{Status: ErrRSV, Offset: 7, Section: "RFC 6455 5.2", Limit: "ReadLimit", Op: "read", Err: cause})
	for _, want := range []string{"tidewire: read: ", "RFC 6455 5.2", "ReadLimit", "byte 7", "the cause"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %q", want, err)
		}
	}
	if !errors.Is(err, ErrRSV) || !errors.Is(err, cause) {
		t.Error("the status or the cause is not found")
	}
	if errors.Is(err, ErrUTF8) || errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("what it is not is found")
	}
	if !strings.HasPrefix(ErrRSV.Error(), "TW_ERR_RSV: ") || ErrRSV.CloseCode() != 1002 || ErrVersion.HTTPStatus() != 426 {
		t.Error(ErrRSV, ErrRSV.CloseCode(), ErrVersion.HTTPStatus())
	}
}

func TestStatusErrorNamesEveryLimitAsOptionsDo(t *testing.T) {
	for status := engine.Status(-200); status > -225; status-- {
		limit := status.Limit()
		if limit == "" || strings.Contains(limit, "timeout") || limit == "max_header_count" {
			continue
		}
		if name := statusError(status, "read").Limit; strings.Contains(name, "_") {
			t.Errorf("%s is %q", status, name)
		}
	}
}

func TestCloseErrorIsToldByItsCode(t *testing.T) {
	err := error(&CloseError{Code: CloseGoingAway, Text: "away"})
	for name, wrong := range map[string]bool{
		"is one of them":   !IsCloseError(err, CloseNormalClosure, CloseGoingAway),
		"is another":       IsCloseError(err, CloseNormalClosure),
		"no error":         IsCloseError(nil),
		"is expected":      IsUnexpectedCloseError(err, CloseGoingAway),
		"nothing expected": !IsUnexpectedCloseError(err),
		"another error":    IsUnexpectedCloseError(io.EOF),
	} {
		if wrong {
			t.Error(name)
		}
	}
	if got := err.Error(); got != `tidewire: closed by the peer with code 1001: "away"` {
		t.Error(got)
	}
}

func TestMaskMasksWithItsPhase(t *testing.T) {
	key := [4]byte{1, 2, 3, 4}
	for phase := range uint64(5) {
		data := []byte("some bytes")
		masked := make([]byte, len(data))
		if err := Mask(masked, data, key, phase); err != nil {
			t.Fatal(err)
		}
		for i := range masked {
			if masked[i] != data[i]^key[(phase+uint64(i))%4] {
				t.Fatal(phase, i)
			}
		}
		if err := Mask(masked, masked, key, phase); err != nil || string(masked) != string(data) {
			t.Error(err)
		}
	}
	if err := Mask(make([]byte, 1), nil, key, 0); !errors.Is(err, ErrArgument) {
		t.Error(err)
	}
	if err := Mask(nil, nil, key, 0); err != nil {
		t.Error(err)
	}
}

func TestValidUTF8(t *testing.T) {
	for _, text := range []string{"", "Grüße", "\xff", "\xe2\x82", "\xed\xa0\x80"} {
		if ValidUTF8([]byte(text)) != utf8.ValidString(text) {
			t.Errorf("%q", text)
		}
	}
}
