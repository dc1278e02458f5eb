package record

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/sweep"
	"nettool/internal/probe/tally"
)

func TestMillis(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0.00 ms", 214 * time.Microsecond: "0.21 ms", 10*time.Millisecond - 10*time.Microsecond: "9.99 ms",
		10 * time.Millisecond: "10.0 ms", 99900 * time.Microsecond: "99.9 ms", 100 * time.Millisecond: "100 ms", 3 * time.Second: "3000 ms",
	} {
		if got := Millis(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestProgressLine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		p    sweep.Progress
		want string
	}{
		{sweep.Progress{}, "0/0 ports (0 %), 0 open, 0 at once, 2.0 s"},
		{sweep.Progress{Total: 3, Window: 64}, "0/3 ports (0 %), 0 open, 64 at once, 2.0 s"},
		{sweep.Progress{Total: 100, Done: 25, Open: 1, Again: 2, Window: 9}, "25/100 ports (25 %), 1 open, 2 to ask again, 9 at once, 2.0 s, about 6 s left"},
		{sweep.Progress{Total: 3, Done: 3}, "3/3 ports (100 %), 0 open, 0 at once, 2.0 s"},
	} {
		if got := ProgressLine(test.p, 2*time.Second); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

// TestMoreOutages: text says how many outages it does not list, and the longest of
// all.
func TestMoreOutages(t *testing.T) {
	t.Parallel()
	var count tally.Tally
	due := time.Unix(1000, 0)
	for range 66 {
		for _, o := range []attempt.Outcome{attempt.OK, attempt.Refused} {
			count.Add(due, &attempt.Result{Outcome: o, Start: due})
			due = due.Add(time.Second)
		}
	}
	count.Add(due, &attempt.Result{Start: due})
	var b bytes.Buffer
	sink := New(&b, "text", false)
	sink.Summary(&Summary{Tally: &count})
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\n  outage "); n != 64 {
		t.Errorf("%d outages are listed", n)
	}
	if want := "\n  and 2 more outages; the longest of all 1.000 s\n"; !strings.HasSuffix(b.String(), want) {
		t.Errorf("got\n%s", b.String())
	}
}
