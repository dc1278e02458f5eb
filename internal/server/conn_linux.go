package server

import (
	"log/slog"
	"time"

	"nettool/internal/admit"
	"nettool/internal/handoff"
)

// conn is one admitted connection, from accept to its closing line.
type conn struct {
	id       uint64
	fd       int // ours until the runner says otherwise; -1 once it is closed or gone
	remote   peer
	local    peer
	accepted int64 // CLOCK_MONOTONIC, nanoseconds
	ticket   admit.Ticket
	pid      int    // of the process that has it, or 0
	guard    *timer // kills a child that overstays, or nil

	forced handoff.Reason // why we are ending it, when we are: a timer or the drain
	force  bool
}

// end is the beginning of a connection's closing record.
func (c *conn) end(now int64) ending {
	return ending{
		id:       c.id,
		remote:   c.remote.text,
		local:    c.local.text,
		pid:      c.pid,
		duration: time.Duration(now - c.accepted),
		exit:     -1,
	}
}

// cause is why the connection ended, given what its process says: what we did
// to it counts more.
func (c *conn) cause(reason handoff.Reason) handoff.Reason {
	if c.force && (c.forced.Timer() || !reason.Timer()) {
		return c.forced
	}
	return reason
}

func (c *conn) openAttrs(handler string) []slog.Attr {
	return []slog.Attr{
		slog.Uint64("id", c.id),
		slog.String("remote", c.remote.text),
		slog.String("local", c.local.text),
		slog.String("handler", handler),
		slog.Int("pid", c.pid),
	}
}
