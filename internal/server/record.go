package server

import (
	"log/slog"
	"syscall"
	"time"

	"nettool/internal/exit"
	"nettool/internal/handoff"
)

// ending is how one connection ended: everything the closing line says.
type ending struct {
	id       uint64
	remote   string
	local    string
	pid      int // 0 in the in-process model
	duration time.Duration
	reason   handoff.Reason
	counted  bool // the four counts below are known
	bytesIn  int64
	bytesOut int64
	rtt      time.Duration
	retrans  uint32
	exit     int            // exit code of the process, or -1 when it lives on or was killed
	signal   syscall.Signal // that killed the process, or 0
	err      string
}

// attrs are the closing line's fields. Counts that are not known are null.
func (e *ending) attrs(handler string) []slog.Attr {
	return e.attrsWith(e.reason.String(), handler)
}

func (e *ending) attrsWith(reason, handler string) []slog.Attr {
	a := make([]slog.Attr, 0, 14)
	a = append(a,
		slog.Uint64("id", e.id),
		slog.String("remote", e.remote),
		slog.String("local", e.local),
		slog.String("handler", handler),
		slog.Int("pid", e.pid),
		slog.String("reason", reason))
	if e.counted {
		a = append(a, slog.Int64("bytes_in", e.bytesIn), slog.Int64("bytes_out", e.bytesOut))
	} else {
		a = append(a, slog.Any("bytes_in", nil), slog.Any("bytes_out", nil))
	}
	a = append(a, slog.Int64("duration_us", e.duration.Microseconds()))
	if e.rtt > 0 {
		a = append(a, slog.Int64("rtt_us", e.rtt.Microseconds()), slog.Int64("retrans", int64(e.retrans)))
	}
	if e.exit >= 0 {
		a = append(a, slog.Int("exit", e.exit))
	}
	if e.signal != 0 {
		a = append(a, slog.String("signal", signalName(e.signal)))
	}
	if e.err != "" {
		a = append(a, slog.String("error", e.err))
	}
	return a
}

// code is the exit code that --once gives this ending.
func (e *ending) code() exit.Code {
	switch {
	case e.signal != 0:
		return exit.Signal(e.signal)
	case e.exit >= 0:
		return exit.Code(e.exit)
	case e.reason.Timer():
		return exit.TimedOut
	case e.reason == handoff.Reset:
		return exit.Broken
	case e.reason == handoff.Error:
		return exit.Local
	}
	return exit.OK
}
