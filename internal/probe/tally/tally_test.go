package tally_test

import (
	"testing"
	"time"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/tally"
)

// add plays a history: a letter an attempt, one every 100 ms: k ok in 10 ms,
// r refused, t timeout, l local error.
func add(t *tally.Tally, history string) (changes []*tally.Change) {
	due := time.Unix(1000, 0)
	for _, c := range history {
		r := attempt.Result{Start: due.Add(time.Millisecond), Total: 10 * time.Millisecond}
		switch c {
		case 'r':
			r.Outcome = attempt.Refused
		case 't':
			r.Outcome = attempt.Timeout
		case 'l':
			r.Outcome = attempt.LocalError
		}
		if change := t.Add(due, &r); change != nil {
			changes = append(changes, change)
		}
		due = due.Add(100 * time.Millisecond)
	}
	return changes
}

func TestChanges(t *testing.T) {
	t.Parallel()
	var got tally.Tally
	changes := add(&got, "kkrrlrktk")
	if len(changes) != 5 || !changes[0].First || !changes[0].Up || changes[1].Up || changes[1].Outcome != attempt.Refused {
		t.Fatalf("changes: %+v", changes)
	}
	if changes[2].Lasted != 400*time.Millisecond {
		t.Errorf("the first outage lasted %v", changes[2].Lasted)
	}
	outages, n := got.Outages()
	if n != 2 || outages[0].Failed != 3 || outages[0].Length() != 400*time.Millisecond || !outages[0].Over {
		t.Errorf("outages: %+v", outages)
	}
	if got.Sent != 9 || got.OK != 4 || got.Outcomes[attempt.LocalError] != 1 {
		t.Errorf("sent %d, ok %d", got.Sent, got.OK)
	}
	if got.Response.Min() != 11*time.Millisecond || got.Service.Max() != 10*time.Millisecond {
		t.Errorf("response %v, service %v", got.Response.Min(), got.Service.Max())
	}
}

func TestOutagesAreBounded(t *testing.T) {
	t.Parallel()
	var got tally.Tally
	for range 1000 {
		add(&got, "kr")
	}
	add(&got, "k")
	if kept, n := got.Outages(); n != 1000 || len(kept) > 70 {
		t.Errorf("%d outages, %d kept", n, len(kept))
	}
}

func TestThresholds(t *testing.T) {
	t.Parallel()
	var some, none tally.Tally
	add(&some, "kkkkkkkkkr")
	add(&none, "rr")
	for _, tt := range []struct {
		text string
		of   *tally.Tally
		want bool
	}{
		{"p99<20ms", &some, true},
		{"p99 < 5ms", &some, false},
		{"max<=11ms", &some, true},
		{"min>5ms", &some, true},
		{"errors<10%", &some, false},
		{"errors<=10%", &some, true},
		{"errors<2", &some, true},
		{"ok>=90%", &some, true},
		{"missed<1", &some, true},
		{"outage<1s", &some, true},
		{"p50<1h", &none, false},
		{"errors<100%", &none, false},
	} {
		ts, err := tally.ParseThresholds(tt.text)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		if holds, got := ts[0].Judge(tt.of); holds != tt.want {
			t.Errorf("%q: got %v (%s)", tt.text, holds, got)
		}
	}
}

func FuzzThresholds(f *testing.F) {
	for _, s := range []string{"p99<5ms", "errors<0.1%,ok>3", "p5<1", "max<", "<", "jitter>=1s"} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		var of tally.Tally
		ts, err := tally.ParseThresholds(text)
		for _, t := range ts {
			if err == nil {
				t.Judge(&of)
			}
		}
	})
}
