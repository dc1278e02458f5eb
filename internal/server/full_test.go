package server

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nettool/internal/report"
)

// TestFullness: a slot that is taken again within steady is not the end of the
// full state, and beginning and end are logged once each.
func TestFullness(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := report.NewLog(&out, "serve", "text", report.Normal)
		var f fullness
		f.end(log)
		if f.leave(log) {
			t.Error("leave wants to be called again though it was not full")
		}
		f.enter(log, 2)
		f.enter(log, 2)
		time.Sleep(time.Second)
		for range 3 { // free, and taken again in time
			if !f.leave(log) {
				t.Error("leave does not want to be called again")
			}
			time.Sleep(steady - time.Millisecond)
			f.leave(log)
			f.again()
		}
		f.leave(log)
		time.Sleep(steady)
		f.leave(log)
		f.leave(log)
		f.end(log)
		log.Close()
		said := out.String()
		if strings.Count(said, ": full connections=2") != 1 || strings.Count(said, ": unfull duration=") != 1 {
			t.Errorf("the log says:\n%s", said)
		}
	})
}
