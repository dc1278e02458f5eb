// Package saved is the file that a run of probe leaves for a later comparison: its writer
// and its reader. A file is one JSON object, of a schema of its own.
package saved

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/histogram"
	"nettool/internal/probe/series"
	"nettool/internal/probe/tally"
)

// Schema names the form of a file. Keys are only ever added.
const Schema = "nettool.run/1"

// MaxSize is how many bytes of a file are read at most: more than a run with as many
// targets as ping takes can fill.
const MaxSize = 256 << 20

// Run is what a file holds.
type Run struct {
	Schema    string   `json:"schema"`
	TS        string   `json:"ts"`   // when it was written, UTC (RFC 3339)
	Mode      string   `json:"mode"` // such as "ping"
	ElapsedUS int64    `json:"elapsed_us"`
	Targets   []Target `json:"targets"`
}

// Target is what the run was for one target.
type Target struct {
	Target   string           `json:"target"` // as results call it
	Sent     int64            `json:"sent"`
	OK       int64            `json:"ok"`
	Missed   int64            `json:"missed"`
	Outcomes map[string]int64 `json:"outcomes"` // without those that did not occur
	Response Times            `json:"response"`
	SlotUS   int64            `json:"slot_us"` // the length of a slot
	Slots    []Slot           `json:"slots"`   // without empty ones
}

// Times sums up all response times of a target, those of missed ticks included.
type Times struct {
	N    uint64 `json:"n"`
	Min  int64  `json:"min_ns"`
	Mean int64  `json:"mean_ns"`
	P50  int64  `json:"p50_ns"`
	P90  int64  `json:"p90_ns"`
	P99  int64  `json:"p99_ns"`
	P999 int64  `json:"p999_ns"`
	Max  int64  `json:"max_ns"`
}

// Slot is what became of the attempts that were due in a stretch of the run.
type Slot struct {
	At     int     `json:"at"` // counts from the run's beginning, in slots
	OK     int64   `json:"ok"`
	Failed int64   `json:"failed"`
	Missed int64   `json:"missed"`
	Sum    int64   `json:"sum_ns"`
	Min    int64   `json:"min_ns"`
	Max    int64   `json:"max_ns"`
	Times  []int64 `json:"times_ns"` // a fair sample of the response times
}

// Of is what is kept of a target.
func Of(label string, t *tally.Tally, s *series.Series) Target {
	target := Target{
		Target: label, Sent: t.Sent, OK: t.OK, Missed: t.Missed, Outcomes: map[string]int64{},
		Response: timesOf(&t.Response), SlotUS: s.Width.Microseconds(), Slots: []Slot{},
	}
	for o, n := range t.Outcomes {
		if n > 0 {
			target.Outcomes[attempt.Outcome(o).String()] = n
		}
	}
	for i := range s.Slots {
		if slot := &s.Slots[i]; slot.N()+slot.Failed > 0 {
			target.Slots = append(target.Slots, slotOf(i, slot))
		}
	}
	return target
}

func timesOf(h *histogram.Histogram) Times {
	return Times{
		N: h.N(), Min: int64(h.Min()), Mean: int64(h.Mean()), P50: int64(h.Quantile(0.5)), P90: int64(h.Quantile(0.9)),
		P99: int64(h.Quantile(0.99)), P999: int64(h.Quantile(0.999)), Max: int64(h.Max()),
	}
}

func slotOf(at int, s *series.Slot) Slot {
	slot := Slot{At: at, OK: s.OK, Failed: s.Failed, Missed: s.Missed, Sum: int64(s.Sum), Min: int64(s.Min), Max: int64(s.Max), Times: []int64{}}
	for _, took := range s.Times {
		slot.Times = append(slot.Times, int64(took))
	}
	return slot
}

// Series is the target's course, as it was saved.
func (t *Target) Series() *series.Series {
	s := &series.Series{Width: time.Duration(t.SlotUS) * time.Microsecond}
	for _, slot := range t.Slots {
		for len(s.Slots) <= slot.At {
			s.Slots = append(s.Slots, series.Slot{})
		}
		at := &s.Slots[slot.At]
		*at = series.Slot{OK: slot.OK, Failed: slot.Failed, Missed: slot.Missed, Sum: time.Duration(slot.Sum), Min: time.Duration(slot.Min), Max: time.Duration(slot.Max)}
		for _, took := range slot.Times {
			at.Times = append(at.Times, time.Duration(took))
		}
	}
	return s
}

// Write writes a run, whose Schema and TS it sets.
func Write(w io.Writer, run *Run) error {
	run.Schema, run.TS = Schema, time.Now().UTC().Format(time.RFC3339)
	b, err := json.Marshal(run)
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// Read reads what Write wrote. It believes nothing: an error says what is wrong.
func Read(r io.Reader) (*Run, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(b) > MaxSize {
		return nil, fmt.Errorf("has more than %d MiB", MaxSize>>20)
	}
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(b, &head); err != nil || head.Schema != Schema {
		return nil, fmt.Errorf("not a run that --save wrote: no JSON object with \"schema\":%q", Schema)
	}
	run := &Run{}
	if err := json.Unmarshal(b, run); err != nil {
		return nil, fmt.Errorf("a damaged run: %w", err)
	}
	return run, run.check()
}

// check refuses what Write cannot have written.
func (r *Run) check() error {
	seen := map[string]bool{}
	for i := range r.Targets {
		t := &r.Targets[i]
		if seen[t.Target] {
			return fmt.Errorf("a damaged run: target %q is there twice", t.Target)
		}
		seen[t.Target] = true
		if err := t.check(); err != nil {
			return fmt.Errorf("a damaged run: target %q: %w", t.Target, err)
		}
	}
	if len(r.Targets) == 0 || r.ElapsedUS < 0 {
		return errors.New("a damaged run: without targets, or without a length")
	}
	return nil
}

func (t *Target) check() error {
	const longest = int64(1e12) // µs, and times in all
	if t.Sent < 0 || t.OK < 0 || t.OK > t.Sent || t.Missed < 0 || t.SlotUS < 0 || t.SlotUS > longest {
		return errors.New("its counts cannot be")
	}
	before := -1
	for i := range t.Slots {
		s := &t.Slots[i]
		if s.At <= before || s.At >= series.MaxSlots {
			return fmt.Errorf("slot %d is at %d", i, s.At)
		}
		before = s.At
		if s.OK < 0 || s.Failed < 0 || s.Missed < 0 || s.OK > longest || s.Failed > longest || s.Missed > longest || s.Min < 0 || s.Max < s.Min || s.Sum < 0 ||
			len(s.Times) > series.MaxTimes || int64(len(s.Times)) > s.OK+s.Missed || s.OK+s.Missed > 0 && len(s.Times) == 0 {
			return fmt.Errorf("the counts of slot %d cannot be", i)
		}
		for _, took := range s.Times {
			if took < s.Min || took > s.Max {
				return fmt.Errorf("a time of slot %d is not within its bounds", i)
			}
		}
	}
	if len(t.Slots) > 0 && t.SlotUS == 0 {
		return errors.New("its slots have no length")
	}
	return nil
}
