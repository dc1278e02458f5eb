package attempt

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// These tests have a clock of their own, and a pipe for a connection.

// talking runs a spec's conversation with a peer, whose end is closed when peer
// returns.
func talking(t *testing.T, s Spec, peer func(c net.Conn)) (r Result, err error) {
	ours, theirs := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		peer(theirs)
		theirs.Close()
	}()
	ctx, cancel := context.WithTimeout(t.Context(), s.Limit())
	defer cancel()
	conn, stop := follow(ctx, ours)
	defer stop()
	err = cut(ctx, s.exchange(&r, conn))
	ours.Close()
	<-done
	return r, err
}

// TestLimit: an attempt has 3.3 seconds unless it is told otherwise; a stay comes on
// top.
func TestLimit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		s    Spec
		want time.Duration
	}{
		{Spec{}, 3300 * time.Millisecond},
		{Spec{Timeout: time.Minute}, time.Minute},
		{Spec{Stay: time.Second}, 3300 * time.Millisecond},
		{Spec{Level: Stay, Stay: time.Second}, 4300 * time.Millisecond},
		{Spec{Level: Stay, Stay: time.Second, Timeout: time.Millisecond}, time.Second + time.Millisecond},
	} {
		if got := test.s.Limit(); got != test.want {
			t.Errorf("%+v: %v, want %v", test.s, got, test.want)
		}
	}
}

// TestOpening: what comes before a stay has the timeout only.
func TestOpening(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := Spec{Level: Stay, Stay: time.Hour, Timeout: time.Second}
		ctx, cancel := s.opening(t.Context())
		defer cancel()
		began := time.Now()
		<-ctx.Done()
		if took := time.Since(began); took != time.Second {
			t.Errorf("it had %v", took)
		}
	})
}

// TestPhasesOfATalk: the times are put down to the phases that took them.
func TestPhasesOfATalk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := Spec{Level: Talk, Send: []byte("x"), Expect: regexp.MustCompile("two")}
		r, err := talking(t, s, func(c net.Conn) {
			time.Sleep(10 * time.Millisecond)
			c.Read(make([]byte, 1))
			time.Sleep(20 * time.Millisecond)
			io.WriteString(c, "one ")
			time.Sleep(30 * time.Millisecond)
			io.WriteString(c, "two\n")
		})
		if err != nil || r.Took[Sent] != 10*time.Millisecond || r.Took[FirstByte] != 20*time.Millisecond || r.Took[Expected] != 30*time.Millisecond {
			t.Errorf("%v, phases %v", err, r.Took)
		}
	})
}

// TestStay: a peer that hangs up within the time does not stay, whatever it has sent
// before; at the end of the time the stay is over.
func TestStay(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		after time.Duration
		ok    bool
	}{{0, false}, {time.Second - 1, false}, {time.Second + 1, true}, {time.Hour, true}} {
		synctest.Test(t, func(t *testing.T) {
			s := Spec{Level: Stay, Stay: time.Second}
			began := time.Now()
			r, err := talking(t, s, func(c net.Conn) {
				io.WriteString(c, "hello")
				time.Sleep(test.after)
			})
			if stayed := err == nil; stayed != test.ok {
				t.Errorf("a peer that hangs up after %v: %v", test.after, err)
			}
			if !test.ok && (r.Phase != Close || r.Took[Close] < test.after || time.Since(began) > time.Second) {
				t.Errorf("a peer that hangs up after %v: phase %v, %v", test.after, r.Phase, r.Took)
			}
		})
	}
}

// lateConn is a connection whose reader does not get to run for a while.
type lateConn struct {
	net.Conn
	late time.Duration
}

func (c *lateConn) SetReadDeadline(at time.Time) error {
	err := c.Conn.SetReadDeadline(at)
	time.Sleep(c.late)
	c.late = 0
	return err
}

// TestStayThatWasOverslept: who comes to look only when the time is over still sees
// that the peer has hung up, or that it has not.
func TestStayThatWasOverslept(t *testing.T) {
	t.Parallel()
	for _, hangsUp := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			if hangsUp {
				theirs.Close()
			}
			s := Spec{Level: Stay, Stay: time.Second}
			began := time.Now()
			var r Result
			// A pipe that was closed says so first; a socket whose deadline has passed does
			// not look.
			err := s.stay(&r, &expiring{lateConn{ours, time.Minute}, time.Time{}})
			if hangsUp != (err != nil) {
				t.Errorf("the peer hangs up: %v; %v", hangsUp, err)
			}
			if took := time.Since(began); took > time.Minute+overslept {
				t.Errorf("it took %v", took)
			}
			ours.Close()
			theirs.Close()
		})
	}
}

// expiring fails a read whose deadline has passed before it looks, as a socket
// does.
type expiring struct {
	lateConn
	until time.Time
}

func (c *expiring) SetReadDeadline(at time.Time) error {
	c.until = at
	return c.lateConn.SetReadDeadline(at)
}

func (c *expiring) Read(b []byte) (int, error) {
	if !time.Now().Before(c.until) {
		return 0, os.ErrDeadlineExceeded
	}
	return c.lateConn.Read(b)
}

// TestAnswerIsBounded: 64 KiB of an answer are searched, and an answer without an
// end is a wrong one.
func TestAnswerIsBounded(t *testing.T) {
	t.Parallel()
	answer := func(before int) (sent int, err error) {
		s := Spec{Level: Talk, Expect: regexp.MustCompile("here")}
		_, err = talking(t, s, func(c net.Conn) {
			io.WriteString(c, strings.Repeat("x", before)+"here")
			for sent < 1<<20 {
				n, err := c.Write([]byte(strings.Repeat("y", 100)))
				if sent += n; err != nil {
					return
				}
			}
		})
		return sent, err
	}
	if _, err := answer(most - 4); err != nil {
		t.Errorf("at the end of 64 KiB: %v", err)
	}
	sent, err := answer(10 * most)
	if e, ok := errors.AsType[*unexpected](err); !ok || e.outcome != Mismatch || len(e.got) < most || len(e.got) >= 3*most {
		t.Errorf("beyond them: %v", err)
	}
	if sent > 0 {
		t.Errorf("%d bytes more were read", sent)
	}
	if most != 64<<10 {
		t.Errorf("it is %d", most)
	}
}

// TestQuoted: of an answer 60 bytes are shown.
func TestQuoted(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{
		0: "", 60: `got "` + strings.Repeat("x", 60) + `"`, 61: `got "` + strings.Repeat("x", 60) + `"…`,
	} {
		if got := quoted([]byte(strings.Repeat("x", n))); got != want {
			t.Errorf("%d bytes: %s", n, got)
		}
	}
}

// TestBannerIsBounded: a banner is one line, of 256 bytes at most, and is waited for
// as long as was asked for, and no longer.
func TestBannerIsBounded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		says  []string // a quarter of a second apart
		want  string
		takes time.Duration
	}{
		{[]string{"SSH-2.0-x\r\nmore"}, "SSH-2.0-x", 0},
		{[]string{"SSH", "-2.0\n"}, "SSH-2.0", 250 * time.Millisecond},
		{[]string{"a", "b", "c", "d\n"}, "ab", 500*time.Millisecond - 1},
		{nil, "", 500*time.Millisecond - 1},
		{[]string{strings.Repeat("x", 255) + "\n"}, strings.Repeat("x", 255), 0},
		{[]string{strings.Repeat("x", 200), "y\n"}, strings.Repeat("x", 200) + "y", 250 * time.Millisecond},
		{[]string{strings.Repeat("x", 1000)}, strings.Repeat("x", 256), 0},
		{[]string{strings.Repeat("x", 256), "y\n"}, strings.Repeat("x", 256), 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			done := make(chan struct{})
			go func() {
				defer close(done)
				for _, text := range test.says {
					if _, err := io.WriteString(theirs, text); err != nil {
						return
					}
					time.Sleep(250 * time.Millisecond)
				}
			}()
			began := time.Now()
			got, _ := listen(ours, 500*time.Millisecond-1)
			if took := time.Since(began); got != test.want || took != test.takes {
				t.Errorf("%.20q: %.20q after %v", test.says, got, took)
			}
			ours.Close()
			theirs.Close()
			<-done
		})
	}
}
