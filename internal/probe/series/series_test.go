package series_test

import (
	"testing"
	"time"

	"nettool/internal/probe/series"
)

// TestSlots: few attempts have a slot each; the longer a run, the wider are the slots,
// and no attempt is lost.
func TestSlots(t *testing.T) {
	t.Parallel()
	var s series.Series
	for i := range 20 {
		s.Add(time.Duration(i)*100*time.Millisecond, time.Duration(i+1)*time.Millisecond)
	}
	alone := 0
	for _, slot := range s.Slots {
		if slot.N() == 1 && slot.Min == slot.Max && slot.Quantile(0.5) == slot.Min {
			alone++
		}
	}
	if alone != 20 {
		t.Errorf("%d of 20 attempts have a slot of their own", alone)
	}
	for i := 20; i < 20_000; i++ {
		s.Add(time.Duration(i)*100*time.Millisecond, time.Millisecond)
	}
	if n := len(s.Slots); n > series.MaxSlots || n < series.MaxSlots/4 || s.N() != 20_000 {
		t.Errorf("%d slots of %v hold %d", n, s.Width, s.N())
	}
	if first := s.Slots[0]; first.Min != time.Millisecond || first.Max != 20*time.Millisecond || len(first.Times) != series.MaxTimes {
		t.Errorf("the first slot goes from %v to %v, with %d times", first.Min, first.Max, len(first.Times))
	}
}

// TestFairSample: what is kept is like what there was, after merging, too, of crowds of
// very different size.
func TestFairSample(t *testing.T) {
	t.Parallel()
	var s, o series.Series
	for range 90_000 {
		s.Add(0, time.Millisecond)
	}
	for range 10_000 {
		o.Add(0, time.Second)
	}
	s.Merge(&o)
	long := 0
	for _, took := range s.Slots[0].Times {
		if took == time.Second {
			long++
		}
	}
	// 13 of 128 are expected; fewer than 1 or more than 45 is less likely than 1 in 10⁶.
	if long < 1 || long > 45 || len(s.Slots[0].Times) != series.MaxTimes || s.Slots[0].OK != 100_000 {
		t.Errorf("%d of %d are long", long, len(s.Slots[0].Times))
	}
	if mean := s.Slots[0].Mean(); mean != 100_900*time.Microsecond {
		t.Errorf("mean %v", mean)
	}
}

// TestMerge: series with slots of different length.
func TestMerge(t *testing.T) {
	t.Parallel()
	var long, short series.Series
	long.Add(time.Hour, time.Second)
	short.Fail(time.Millisecond)
	short.Add(2*time.Millisecond, time.Millisecond)
	for _, s := range []*series.Series{&long, &short} {
		var all series.Series
		all.Merge(s)
		all.Merge(&long)
		all.Merge(&short)
		first, last := &all.Slots[0], &all.Slots[len(all.Slots)-1]
		if all.Width != long.Width || first.Failed < 1 || first.OK < 1 || first.Max != time.Millisecond || last.OK < 1 || last.Max != time.Second {
			t.Errorf("%+v", all)
		}
	}
}

// TestMiss: ticks that were missed are among the times, each as late as it was.
func TestMiss(t *testing.T) {
	t.Parallel()
	var s series.Series
	s.Add(0, time.Millisecond)
	s.Miss(100*time.Millisecond, 10, time.Second, 100*time.Millisecond)
	missed, longest := int64(0), time.Duration(0)
	for _, slot := range s.Slots {
		missed, longest = missed+slot.Missed, max(longest, slot.Max)
	}
	if missed != 10 || longest != time.Second || s.N() != 11 || s.Length() < time.Second {
		t.Errorf("%d missed, the longest %v, in %v", missed, longest, s.Length())
	}
	s.Miss(2*time.Second, 1_000_000_001, time.Second, time.Nanosecond)
	if s.N() != 1_000_000_012 {
		t.Errorf("%d times", s.N())
	}
}
