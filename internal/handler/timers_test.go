package handler

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"nettool/internal/handoff"
)

// short is a timer that expires in a test.
const short = 30 * time.Millisecond

// TestFirstByte: nothing received in time, whoever speaks first.
func TestFirstByte(t *testing.T) {
	t.Parallel()
	limits := handoff.Limits{FirstByte: short, Idle: time.Hour, MaxTime: time.Hour}
	for _, name := range []string{"echo", "discard"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachKind(t, func(t *testing.T, k kind) {
				r := start(t, k, name, "", limits)
				r.wantEnd(handoff.FirstByte, 0, 0)
				r.wantRest("")
			})
		})
	}
	t.Run("chargen", func(t *testing.T) {
		t.Parallel()
		eachKind(t, func(t *testing.T, k kind) {
			r := start(t, k, "chargen", "", limits)
			go io.Copy(io.Discard, r.client)
			if got := r.reason(); got != handoff.FirstByte {
				t.Errorf("reason %v", got)
			}
		})
		eachKind(t, func(t *testing.T, k kind) { // and while it cannot send
			r := start(t, k, "chargen", "", limits)
			if got := r.reason(); got != handoff.FirstByte {
				t.Errorf("reason %v", got)
			}
		})
	})
	t.Run("daytime", func(t *testing.T) {
		t.Parallel()
		eachKind(t, func(t *testing.T, k kind) { // it has answered, and waits for the client's end
			r := start(t, k, "daytime", "", limits)
			io.ReadAll(r.client)
			if got := r.reason(); got != handoff.FirstByte {
				t.Errorf("reason %v", got)
			}
		})
	})
}

// TestFirstByteOver: once a byte came the timer is over.
func TestFirstByteOver(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, k kind) {
		r := start(t, k, "echo", "", handoff.Limits{FirstByte: time.Second})
		r.say("x")
		r.wantEcho("x")
		time.Sleep(1100 * time.Millisecond) // not to synchronise: the timer must not expire in it
		r.say("y")
		r.wantEcho("y")
		r.client.Close()
		r.wantEnd(handoff.EOF, 2, 2)
	})
}

// TestIdle: no byte either way, from the beginning and after some.
func TestIdle(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"echo", "discard"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachKind(t, func(t *testing.T, k kind) {
				r := start(t, k, name, "", handoff.Limits{FirstByte: time.Hour, Idle: short})
				r.wantEnd(handoff.Idle, 0, 0)
				r = start(t, k, name, "", handoff.Limits{FirstByte: time.Hour, Idle: time.Second})
				r.say("x")
				if got := r.reason(); got != handoff.Idle || r.in.Load() != 1 {
					t.Errorf("reason %v after %d bytes", got, r.in.Load())
				}
			})
		})
	}
}

// TestIdleWriter: a client that does not read makes us wait to write.
func TestIdleWriter(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"echo", "chargen"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachKind(t, func(t *testing.T, k kind) {
				r := start(t, k, name, "", handoff.Limits{Idle: 10 * short})
				r.client.SetReadBuffer(4096)
				go r.client.Write([]byte(strings.Repeat("x", 20_000_000)))
				if got := r.reason(); got != handoff.Idle {
					t.Errorf("reason %v", got)
				}
				r.client.Close()
			})
		})
	}
}

// TestNotIdle: bytes one way are enough.
func TestNotIdle(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, k kind) {
		r := start(t, k, "chargen", "", handoff.Limits{Idle: 40 * short, MaxTime: 60 * short})
		go io.Copy(io.Discard, r.client)
		if got := r.reason(); got != handoff.MaxTime {
			t.Errorf("reason %v", got)
		}
	})
}

// TestMaxTime ends connections of every kind, busy ones too.
func TestMaxTime(t *testing.T) {
	t.Parallel()
	limits := handoff.Limits{FirstByte: time.Hour, Idle: time.Hour, MaxTime: 2 * short}
	for name, client := range map[string]func(r *run){
		"echo silent":     func(*run) {},
		"echo busy":       func(r *run) { go io.Copy(r.client, zeros{}); go io.Copy(io.Discard, r.client) },
		"echo stuck":      func(r *run) { go io.Copy(r.client, zeros{}) },
		"discard silent":  func(*run) {},
		"discard busy":    func(r *run) { go io.Copy(r.client, zeros{}) },
		"chargen stuck":   func(*run) {},
		"chargen busy":    func(r *run) { go io.Copy(io.Discard, r.client) },
		"daytime waiting": func(*run) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachKind(t, func(t *testing.T, k kind) {
				handlerName, _, _ := strings.Cut(name, " ")
				r := start(t, k, handlerName, "", limits)
				client(r)
				if got := r.reason(); got != handoff.MaxTime {
					t.Errorf("reason %v", got)
				}
				r.client.Close()
			})
		})
	}
}

// TestSoonest: of several timers the one that expires first is the reason.
func TestSoonest(t *testing.T) {
	t.Parallel()
	accepted := time.Now()
	for _, test := range []struct {
		limits handoff.Limits
		heard  bool
		want   handoff.Reason // EOF: never
	}{
		{handoff.Limits{}, false, handoff.EOF},
		{handoff.Limits{FirstByte: 1}, false, handoff.FirstByte},
		{handoff.Limits{FirstByte: 1}, true, handoff.EOF},
		{handoff.Limits{FirstByte: 1, Idle: 2, MaxTime: 3}, false, handoff.FirstByte},
		{handoff.Limits{FirstByte: 3, Idle: 2, MaxTime: 1}, false, handoff.MaxTime},
		{handoff.Limits{FirstByte: 3, Idle: 1, MaxTime: 2}, true, handoff.MaxTime}, // a byte at 100
		{handoff.Limits{FirstByte: -1, Idle: -1, MaxTime: -1}, false, handoff.EOF},
		{handoff.Limits{MaxTime: 1<<63 - 1}, false, handoff.MaxTime},
	} {
		timers := newTimers(test.limits, accepted, new(handoff.Activity))
		if test.heard {
			timers.activity.Hear()
			timers.activity.Moved(100)
		}
		wantExpiry(t, timers.readDeadline(time.Time{}), test.want)
		wantExpiry(t, timers.writeDeadline(), test.want)
	}
	deadline := accepted.Add(5)
	timers := newTimers(handoff.Limits{MaxTime: 9}, accepted, new(handoff.Activity))
	if got := timers.readDeadline(deadline); got.when != deadline || got.err != os.ErrDeadlineExceeded {
		t.Errorf("with a deadline of its own: %v at %v", got.err, got.when)
	}
	wantExpiry(t, timers.readDeadline(accepted.Add(10)), handoff.MaxTime)
}

func wantExpiry(t *testing.T, got expiry, want handoff.Reason) {
	t.Helper()
	reason, _ := ReasonOf(got.err)
	if reason != want || got.when.IsZero() != (want == handoff.EOF) {
		t.Errorf("%v at %v, want %v", reason, got.when, want)
	}
}
