// SPDX-License-Identifier: MIT

package tidewire

import (
	"context"
	"log/slog"

	"tidewire/internal/engine"
)

// logger hands the engine's lines to slog. They wait in the engine while a connection is locked: a handler may take as
// long as it likes, and call what it likes.
type logger struct{ to *slog.Logger }

type logLine struct {
	level slog.Level
	text  string
}

func newLogger(opts *Options) *logger {
	if opts == nil || opts.logLevel() == 0 {
		return nil
	}
	return &logger{opts.Logger}
}

// take collects the lines that wait.
func (l *logger) take(ec *engine.Conn) (lines []logLine) {
	if l == nil {
		return nil
	}
	ec.TakeLog(func(level uint32, text string) {
		line := logLine{slog.LevelError, text}
		switch level {
		case engine.LogInfo:
			line.level = slog.LevelInfo
		case engine.LogDebug:
			line.level = slog.LevelDebug
		}
		lines = append(lines, line)
	})
	return lines
}

func (l *logger) put(lines []logLine) {
	for _, line := range lines {
		l.to.Log(context.Background(), line.level, line.text)
	}
}
