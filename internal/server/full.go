package server

import (
	"log/slog"
	"time"

	"nettool/internal/report"
)

// fullness is the state of having no free slot. Its begin and its end are
// logged once each: a slot that is taken again at once is not the end. The zero
// value is not full.
type fullness struct {
	on    bool
	since time.Time
	freed time.Time // a slot is free since then; zero while none is
}

// steady is how long a slot must stay free to end the full state.
const steady = 100 * time.Millisecond

// enter notes that there is no free slot.
func (f *fullness) enter(log *report.Log, connections int) {
	f.freed = time.Time{}
	if f.on {
		return
	}
	f.on, f.since = true, time.Now()
	log.Event("full", slog.Int("connections", connections))
}

// again notes that the free slot was taken.
func (f *fullness) again() { f.freed = time.Time{} }

// leave notes that there is a free slot. If wait is true, it is to be called
// again once steady is over.
func (f *fullness) leave(log *report.Log) (wait bool) {
	if !f.on {
		return false
	}
	if f.freed.IsZero() {
		f.freed = time.Now()
		return true
	}
	if time.Since(f.freed) >= steady {
		f.end(log)
	}
	return false
}

// end ends the full state if a slot is free.
func (f *fullness) end(log *report.Log) {
	if f.on && !f.freed.IsZero() {
		f.on = false
		log.Event("unfull", slog.Int64("duration_us", f.freed.Sub(f.since).Microseconds()))
	}
}
