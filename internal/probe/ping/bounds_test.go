package ping

import (
	"testing"
	"time"
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ targets, room, overlap int }{
		{1, 1000, 500}, {10, 1000, 50}, {1, 1 << 20, 4096}, {1, 8192, 4096}, {1, 8190, 4095}, {1000, 1000, 1}, {3, 1, 1},
	} {
		c := Config{}.withDefaults(test.targets, test.room)
		if c.Overlap != test.overlap || c.Interval != time.Second {
			t.Errorf("%d targets, room for %d: %d at once, every %v; want %d, every second",
				test.targets, test.room, c.Overlap, c.Interval, test.overlap)
		}
	}
	given := Config{Interval: time.Minute, Overlap: 5000}.withDefaults(1, 100)
	if given.Interval != time.Minute || given.Overlap != 5000 {
		t.Errorf("what was given became %+v", given)
	}
	for targets, want := range map[int]bool{1: true, 8: true, 9: false} {
		if c := (Config{}).withDefaults(targets, 1000); c.exact != want {
			t.Errorf("%d targets: exact %v", targets, c.exact)
		}
	}
}

// TestFit: ticks that were missed are no more than the schedule has.
func TestFit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		count     int64
		duration  time.Duration
		seq, late int64
		want      int64
	}{
		{0, 0, 5, 100, 100},
		{10, 0, 5, 100, 6},
		{10, 0, 5, 6, 6},
		{10, 0, 10, 100, 1},
		{0, 10 * time.Second, 1, 100, 10},
		{0, 10*time.Second + 1, 1, 100, 11},
		{0, 10 * time.Second, 10, 100, 1},
		{3, 10 * time.Second, 2, 100, 2},
	} {
		s := schedule{config: &Config{Interval: time.Second, Count: test.count, Duration: test.duration}}
		if got := s.fit(test.seq, test.late); got != test.want {
			t.Errorf("%+v: %d ticks", test, got)
		}
	}
}
