package handler

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"time"

	"nettool/internal/handoff"
)

func none() handoff.Limits { return handoff.Limits{} }

// ample are timers that do not expire: with them a connection is driven
// another way.
func ample() handoff.Limits {
	return handoff.Limits{FirstByte: time.Hour, Idle: time.Hour, MaxTime: time.Hour}
}

// eachLimit runs a test without timers and with ample ones.
func eachLimit(t *testing.T, test func(t *testing.T, k kind, limits handoff.Limits)) {
	t.Helper()
	eachKind(t, func(t *testing.T, k kind) {
		for name, limits := range map[string]handoff.Limits{"none": none(), "ample": ample()} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, k, limits)
			})
		}
	})
}

// TestEcho: what was sent before the client's half-close comes back, all of it.
func TestEcho(t *testing.T) {
	t.Parallel()
	eachLimit(t, func(t *testing.T, k kind, limits handoff.Limits) {
		for _, size := range []int{0, 1, smallBuffer, smallBuffer + 1, largeBuffer, 3_000_001} {
			r := start(t, k, "echo", "", limits)
			sent := strings.Repeat("0123456789abcde\n", size/16+1)[:size]
			go func() {
				r.client.Write([]byte(sent))
				r.client.CloseWrite()
			}()
			got, err := io.ReadAll(r.client)
			if err != nil || string(got) != sent {
				t.Errorf("%d of %d bytes came back, %v", len(got), size, err)
			}
			r.wantEnd(handoff.EOF, int64(size), int64(size))
		}
	})
}

// TestEchoAtOnce: an answer does not wait for the next request.
func TestEchoAtOnce(t *testing.T) {
	t.Parallel()
	eachLimit(t, func(t *testing.T, k kind, limits handoff.Limits) {
		r := start(t, k, "echo", "", limits)
		for _, text := range []string{"a", "bc", strings.Repeat("d", 100)} {
			r.say(text)
			r.wantEcho(text)
		}
		r.client.Close()
		r.wantEnd(handoff.EOF, 103, 103)
	})
}

func TestQuit(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, k kind) {
		r := start(t, k, "echo", "quit", none())
		r.say("hello\nno quit\nquit now\nand more\n")
		r.wantRest("hello\nno quit\n")
		r.say("what comes late does not reset our last bytes away\n")
		r.client.CloseWrite()
		if got := r.reason(); got != handoff.Quit {
			t.Errorf("reason %v", got)
		}
		if r.out.Load() != int64(len("hello\nno quit\n")) {
			t.Errorf("%d bytes out", r.out.Load())
		}
	})
}

// TestDiscard (RFC 863) sends nothing, and reads to the end.
func TestDiscard(t *testing.T) {
	t.Parallel()
	eachLimit(t, func(t *testing.T, k kind, limits handoff.Limits) {
		r := start(t, k, "discard", "", limits)
		const size = 1_000_001
		r.say(strings.Repeat("x", size))
		r.client.CloseWrite()
		r.wantRest("")
		r.wantEnd(handoff.EOF, size, 0)
	})
}

// TestChargen (RFC 864): lines of 72 of the 95 printing characters and CR LF,
// one character further on each; what we send is thrown away.
func TestChargen(t *testing.T) {
	t.Parallel()
	eachLimit(t, func(t *testing.T, k kind, limits handoff.Limits) {
		r := start(t, k, "chargen", "", limits)
		r.say("ignored")
		r.client.CloseWrite() // the service goes on until we close
		ring := make([]byte, 95)
		for i := range ring {
			ring[i] = byte(' ' + i)
		}
		ring = append(ring, ring...)
		for i := range 200 {
			var line [74]byte
			if _, err := io.ReadFull(r.client, line[:]); err != nil {
				t.Fatal(err)
			}
			if want := string(ring[i%95:i%95+72]) + "\r\n"; string(line[:]) != want {
				t.Fatalf("line %d is %q, want %q", i, line, want)
			}
		}
		r.client.Close()
		if got := r.reason(); got != handoff.Reset {
			t.Errorf("reason %v", got)
		}
		if r.in.Load() != int64(len("ignored")) {
			t.Errorf("%d bytes in", r.in.Load())
		}
	})
}

// TestDaytime (RFC 867): one line of printing characters, then EOF.
func TestDaytime(t *testing.T) {
	t.Parallel()
	eachLimit(t, func(t *testing.T, k kind, limits handoff.Limits) {
		before := time.Now().Truncate(time.Second)
		r := start(t, k, "daytime", "", limits)
		r.say("ignored")
		got, err := io.ReadAll(r.client)
		if err != nil {
			t.Fatal(err)
		}
		r.client.Close()
		at, err := time.Parse("Monday, January 2, 2006 15:04:05-MST\r\n", string(got))
		if err != nil || at.Before(before) || at.After(time.Now()) {
			t.Errorf("got %q, %v", got, err)
		}
		r.wantEnd(handoff.EOF, int64(len("ignored")), int64(len(got)))
	})
}

// TestTime (RFC 868): seconds since 1900 in 32 bits, then EOF.
func TestTime(t *testing.T) {
	t.Parallel()
	eachLimit(t, func(t *testing.T, k kind, limits handoff.Limits) {
		since1900 := func() uint32 {
			return uint32(time.Since(time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC))/time.Second + 2_208_988_800)
		}
		before := since1900()
		r := start(t, k, "time", "", limits)
		got, err := io.ReadAll(r.client)
		if err != nil || len(got) != 4 {
			t.Fatalf("got % x, %v", got, err)
		}
		r.client.Close()
		if at := binary.BigEndian.Uint32(got); at < before || at > since1900() {
			t.Errorf("got %d, want %d", at, before)
		}
		r.wantEnd(handoff.EOF, 0, 4)
	})
}

// TestReset breaks the connection while the handler waits for it.
func TestReset(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"echo", "discard", "chargen", "daytime", "time"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachLimit(t, func(t *testing.T, k kind, limits handoff.Limits) {
				r := start(t, k, name, "", limits)
				switch name {
				case "echo":
					r.say("x")
					r.wantEcho("x")
				case "daytime", "time":
					io.ReadAll(r.client) // it drains, now
				}
				r.abort()
				if got := r.reason(); got != handoff.Reset {
					t.Errorf("reason %v", got)
				}
			})
		})
	}
}

// TestResetMidStream breaks it while the handler sends.
func TestResetMidStream(t *testing.T) {
	t.Parallel()
	eachLimit(t, func(t *testing.T, k kind, limits handoff.Limits) {
		r := start(t, k, "echo", "", limits)
		r.client.SetReadBuffer(4096)
		go r.client.Write(bytes.Repeat([]byte("x"), 20_000_000))
		r.wantEcho("x")
		r.abort()
		if got := r.reason(); got != handoff.Reset {
			t.Errorf("reason %v", got)
		}
	})
}

// TestDrain: an ended session reads what the client still sends, up to a limit
// of bytes; the answer arrives whole. (Closing with unread input would reset
// it away.)
func TestDrain(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, k kind) {
		r := start(t, k, "daytime", "", none())
		const late = drainLimit / 2
		r.say(strings.Repeat("l", late))
		r.client.CloseWrite()
		got, err := io.ReadAll(r.client)
		if err != nil || !strings.HasSuffix(string(got), "\r\n") {
			t.Errorf("got %q, %v", got, err)
		}
		r.wantEnd(handoff.EOF, late, int64(len(got)))

		r = start(t, k, "daytime", "", none())
		go io.Copy(r.client, zeros{}) // it never ends: the handler does
		if got := r.reason(); got != handoff.EOF && got != handoff.Reset {
			t.Errorf("reason %v", got)
		}
		if in := r.in.Load(); in < drainLimit || in > drainLimit+largeBuffer {
			t.Errorf("%d bytes drained, want about %d", in, drainLimit)
		}
	})
}

// zeros is an endless source.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// TestDrainTime: a client that neither closes nor sends ends the session late,
// not never.
func TestDrainTime(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, k kind) {
		r := start(t, k, "time", "", none())
		if got, err := io.ReadAll(r.client); len(got) != 4 || err != nil {
			t.Errorf("got % x, %v", got, err)
		}
		r.wantEnd(handoff.EOF, 0, 4)
	})
}
