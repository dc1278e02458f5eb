package run

import (
	"cmp"
	"log/slog"
	"syscall"
	"time"

	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/server/loop"
)

// Ending is how one connection ended: all that the closing record says.
type Ending struct {
	ID       uint64
	Remote   string
	Local    string
	Via      string // who has forwarded it, or empty
	PID      int    // 0 in the in-process model
	User     *loop.User
	Named    handoff.Named // what was looked up about the client
	Duration time.Duration
	Reason   handoff.Reason
	Text     string // the reason in the runner's own word, or empty
	Counted  bool   // the four counts below are known
	BytesIn  int64
	BytesOut int64
	WireIn   int64 // bytes of TLS, or zero
	WireOut  int64
	RTT      time.Duration
	Retrans  uint32
	Exit     int            // exit code of the process, or -1 when it lives on or was killed
	Signal   syscall.Signal // that killed the process, or 0
	Err      string
	To       string // backend's address, of a forwarded connection

	Datagrams    bool // a conversation: the three counts below are known
	DatagramsIn  int64
	DatagramsOut int64
	Dropped      int64 // that have come, or were to be sent, and for which there was no room

	Side string // of it where the end began: client, backend, or empty

	Told bool  // the runner says what --once ends with:
	With error // nil is success
}

// Attrs are the closing record's fields.
func (e *Ending) Attrs(handler string) []slog.Attr {
	a := make([]slog.Attr, 0, 14)
	a = append(a,
		slog.Uint64("id", e.ID),
		slog.String("remote", e.Remote),
		slog.String("local", e.Local),
		slog.String("handler", handler),
		slog.Int("pid", e.PID),
		slog.String("reason", cmp.Or(e.Text, e.Reason.String())))
	a = append(a, counts(e.Counted, e.BytesIn, e.BytesOut)...)
	if e.WireIn > 0 || e.WireOut > 0 {
		a = append(a, slog.Int64("wire_in", e.WireIn), slog.Int64("wire_out", e.WireOut))
	}
	if e.Datagrams {
		a = append(a, slog.Int64("datagrams_in", e.DatagramsIn), slog.Int64("datagrams_out", e.DatagramsOut))
		if e.Dropped > 0 {
			a = append(a, slog.Int64("dropped", e.Dropped))
		}
	}
	a = append(a, NameAttrs(&e.Named)...)
	a = append(a, slog.Int64("duration_us", e.Duration.Microseconds()))
	if e.RTT > 0 {
		a = append(a, slog.Int64("rtt_us", e.RTT.Microseconds()), slog.Int64("retrans", int64(e.Retrans)))
	}
	if e.To != "" {
		a = append(a, slog.String("to", e.To))
	}
	if e.Side != "" {
		a = append(a, slog.String("side", e.Side))
	}
	if e.Exit >= 0 {
		a = append(a, slog.Int("exit", e.Exit))
	}
	if e.Signal != 0 {
		a = append(a, slog.String("signal", SignalName(e.Signal)))
	}
	if e.Err != "" {
		a = append(a, slog.String("error", e.Err))
	}
	if e.Told {
		a = append(a, slog.Int("code", int(exit.Of(e.With))))
	}
	a = append(a, ViaAttrs(e.Via)...)
	return append(a, UserAttrs(e.User)...)
}

// Result is what --once makes of this ending: an error that carries the exit
// code, or nil.
func (e *Ending) Result() error {
	if e.Told {
		return e.With
	}
	return exit.Status(e.code())
}

func (e *Ending) code() exit.Code {
	switch {
	case e.Signal != 0:
		return exit.Signal(e.Signal)
	case e.Exit >= 0:
		return exit.Code(e.Exit)
	case e.Reason.Timer():
		return exit.TimedOut
	case e.Reason == handoff.Reset:
		return exit.Broken
	case e.Reason == handoff.Unreached:
		return exit.Unreachable
	case e.Reason == handoff.Error:
		return exit.Local
	}
	return exit.OK
}

// Forwarded puts down where a forwarded connection has led, and at which side its end
// began, as a runner says.
func (e *Ending) Forwarded(c *Conn, reached handoff.Reached, side handoff.Side) {
	if len(c.Routes) > 0 {
		_, e.To, _ = reached.In(c.Routes)
		e.Side = side.String()
	}
}
