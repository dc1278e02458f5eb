package server

import (
	"cmp"
	"log/slog"
	"maps"
	"slices"
	"time"

	"nettool/internal/admit"
	"nettool/internal/report"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
)

// rejects keeps those who are turned away again and again, or fail, from filling
// the log: of one source and cause the first few of a second get a line each, the
// others one line together at its end. The fields that have names are set.
type rejects struct {
	log        *report.Log
	event, key string           // of the line at the end
	count      map[rejected]int // in this second
}

// rejected is what connections that were turned away have in common.
type rejected struct {
	source string // address without port, unix: for all unix clients
	cause  admit.Cause
}

const (
	// fewRejects is how many connections of one source and cause are logged in a
	// second with a line each.
	fewRejects = 10
	// mostSources is how many sources, by cause, are told apart in a second.
	mostSources = 1000
	// otherSources stands for those beyond mostSources.
	otherSources = "others"
)

// add logs, or counts, a connection that was turned away; more is what there is to
// say of it. If first is true, sum is to be called in a second.
func (r *rejects) add(sock *loop.Socket, cause admit.Cause, more ...slog.Attr) (first bool) {
	few, first := r.note(sock, cause)
	if few {
		attrs := []slog.Attr{slog.String("remote", sock.Remote.Text), slog.String("local", sock.Local.Text), slog.String("cause", string(cause))}
		r.log.Event("reject", append(append(attrs, more...), run.UserAttrs(sock.Remote.User)...)...)
	}
	return first
}

// note counts a connection, and says whether it is among the few that are logged.
func (r *rejects) note(sock *loop.Socket, cause admit.Cause) (few, first bool) {
	if r.count == nil {
		r.count = map[rejected]int{}
	}
	first = len(r.count) == 0
	which := rejected{sourceOf(sock), cause}
	if _, known := r.count[which]; !known && len(r.count) >= mostSources {
		which.source = otherSources
	}
	r.count[which]++
	return r.count[which] <= fewRejects, first
}

// sourceOf is the address that a connection comes from, without the port.
func sourceOf(sock *loop.Socket) string {
	if addr := sock.Remote.Addr.Addr(); addr.IsValid() {
		return addr.String()
	}
	return "unix:"
}

// sum logs how many got no line of their own, the most first, and begins the
// next second.
func (r *rejects) sum() {
	most := slices.SortedFunc(maps.Keys(r.count), func(a, b rejected) int {
		return cmp.Or(r.count[b]-r.count[a], cmp.Compare(a.source, b.source), cmp.Compare(a.cause, b.cause))
	})
	for _, which := range most {
		if more := r.count[which] - fewRejects; more > 0 {
			r.log.Event(r.event, slog.String("source", which.source), slog.String(r.key, string(which.cause)), slog.Int("count", more))
		}
	}
	clear(r.count)
}

// rejectInterval is how long rejects are counted together.
const rejectInterval = time.Second
