package server

import (
	"log/slog"
	"time"

	"nettool/internal/report"
)

// fullness is the state of having no free slot. Its begin and its end are
// logged once each. The zero value is not full.
type fullness struct {
	on    bool
	since time.Time
}

func (f *fullness) enter(log *report.Log, connections int) {
	if f.on {
		return
	}
	f.on, f.since = true, time.Now()
	log.Event("full", slog.Int("connections", connections))
}

func (f *fullness) leave(log *report.Log) {
	if !f.on {
		return
	}
	f.on = false
	log.Event("unfull", slog.Int64("duration_us", time.Since(f.since).Microseconds()))
}
