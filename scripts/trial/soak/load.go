package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// loads are the clients of one stretch, and how they have fared.
type loads struct {
	dir  string
	busy sync.WaitGroup

	mu    sync.Mutex
	done  map[string]int // sessions, by kind
	cut   map[string]int // of them, ended by a child that was killed, or an image that left
	wrong []string       // what must not be
}

func newLoads(dir string) *loads {
	return &loads{dir: dir, done: map[string]int{}, cut: map[string]int{}}
}

// wrongError is an answer that must not be, whoever was killed.
type wrongError struct{ what string }

func (e wrongError) Error() string { return e.what }

// run starts the clients and those who disturb; stretch is its number.
func (l *loads) run(ctx context.Context, servers []*server, stretch int) {
	for _, s := range servers {
		l.busy.Go(func() { l.disturb(ctx, s, stretch) })
		if s.packets == "" {
			l.repeat(ctx, "transfers", 1, 200*time.Millisecond, func() error { return l.transfer(ctx, s) })
			continue
		}
		l.repeat(ctx, "short", 3, 20*time.Millisecond, func() error { return echo(dial(s.streams), rand.N(1<<16)) })
		l.repeat(ctx, "long", 4, time.Second, func() error { return long(s.streams) })
		l.repeat(ctx, "aborted", 2, 50*time.Millisecond, func() error { return aborted(s.streams) })
		l.repeat(ctx, "silent", 1, time.Second, func() error { return silent(s.streams) })
		l.repeat(ctx, "denied", 1, 100*time.Millisecond, func() error { return denied(s.streams) })
		l.repeat(ctx, "slow", 2, time.Second, func() error { return slow(s.streams) })
		l.repeat(ctx, "tls", 2, 50*time.Millisecond, func() error { return echo(dialTLS(s.tls), rand.N(1<<16)) })
		l.repeat(ctx, "datagrams", 2, 100*time.Millisecond, func() error { return datagrams(s.packets) })
	}
}

// repeat has so many clients do the same, again and again, with pauses.
func (l *loads) repeat(ctx context.Context, kind string, clients int, pause time.Duration, do func() error) {
	for range clients {
		l.busy.Go(func() {
			for ctx.Err() == nil {
				l.note(kind, do())
				sleep(ctx, pause/2+rand.N(pause))
			}
		})
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (l *loads) note(kind string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done[kind]++
	if wrong, ok := errors.AsType[wrongError](err); ok {
		l.wrong = append(l.wrong, kind+": "+wrong.what)
	} else if err != nil {
		l.cut[kind]++
	}
}

// wait waits until all have ended.
func (l *loads) wait() { l.busy.Wait() }

// disturb reloads, kills children, and in the middle of every second stretch upgrades.
func (l *loads) disturb(ctx context.Context, s *server, stretch int) {
	deadline, _ := ctx.Deadline()
	middle := time.Now().Add(time.Until(deadline) / 2)
	upgraded := stretch%2 == 0
	for ctx.Err() == nil {
		sleep(ctx, time.Second/2+rand.N(time.Second))
		switch {
		case ctx.Err() != nil:
		case !upgraded && time.Now().After(middle):
			upgraded = true
			if err := s.upgrade(); err != nil {
				l.note("upgrade", wrongError{err.Error()})
			}
		case rand.N(3) == 0:
			s.reload()
		default:
			s.killChild()
		}
	}
}

// add adds what others have done.
func (l *loads) add(o *loads) {
	for kind, n := range o.done {
		l.done[kind] += n
	}
	for kind, n := range o.cut {
		l.cut[kind] += n
	}
	l.wrong = append(l.wrong, o.wrong...)
}

// line tells how the clients have fared.
func (l *loads) line() string {
	var parts []string
	for kind, n := range l.done {
		parts = append(parts, fmt.Sprintf("%d %s (%d cut)", n, kind, l.cut[kind]))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func (l *loads) verdict() error {
	if len(l.wrong) == 0 {
		return nil
	}
	return fmt.Errorf("%d wrong answers, the first: %s", len(l.wrong), l.wrong[0])
}

// dial returns a function that connects; that it can is a matter of the server, whatever
// happens to its children.
func dial(addr string) func() (net.Conn, error) {
	return func() (net.Conn, error) {
		c, err := net.DialTimeout("tcp", addr, patience)
		if err != nil {
			return nil, wrongError{err.Error()}
		}
		c.SetDeadline(time.Now().Add(patience))
		return c, nil
	}
}

func dialTLS(addr string) func() (net.Conn, error) {
	return func() (net.Conn, error) {
		c, err := dial(addr)()
		if err != nil {
			return nil, err
		}
		return tls.Client(c, &tls.Config{InsecureSkipVerify: true}), nil
	}
}

// echo sends bytes of its own and expects them back, then the end.
func echo(open func() (net.Conn, error), size int) error {
	c, err := open()
	if err != nil {
		return err
	}
	defer c.Close()
	sent := pattern(size)
	go func() {
		c.Write(sent)
		c.(interface{ CloseWrite() error }).CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if !bytes.HasPrefix(sent, got) {
		return wrongError{fmt.Sprintf("%d bytes that were not sent", len(got))}
	}
	if isTimeout(err) {
		return wrongError{"no answer"}
	}
	if err == nil && len(got) < len(sent) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func isTimeout(err error) bool {
	ne, ok := errors.AsType[net.Error](err)
	return ok && ne.Timeout()
}

// pattern is size bytes that differ from others'.
func pattern(size int) []byte {
	return bytes.Repeat(fmt.Appendf(nil, "%016x.", rand.Uint64()), size/17+1)[:size]
}

// long talks now and then, and stays for three seconds.
func long(addr string) error {
	c, err := dial(addr)()
	if err != nil {
		return err
	}
	defer c.Close()
	for range 10 {
		if err := exchange(c, 100); err != nil {
			return err
		}
		time.Sleep(300 * time.Millisecond)
	}
	return nil
}

// exchange sends some bytes and expects them back.
func exchange(c net.Conn, size int) error {
	sent, got := pattern(size), make([]byte, size)
	if _, err := c.Write(sent); err != nil {
		return err
	}
	n, err := io.ReadFull(c, got)
	if !bytes.HasPrefix(sent, got[:n]) {
		return wrongError{fmt.Sprintf("%d bytes that were not sent", n)}
	}
	if isTimeout(err) {
		return wrongError{"no answer"}
	}
	return err
}

// aborted resets in the middle.
func aborted(addr string) error {
	c, err := dial(addr)()
	if err != nil {
		return err
	}
	defer c.Close()
	err = exchange(c, 10)
	c.Write(pattern(1 << 16))
	c.(*net.TCPConn).SetLinger(0)
	return err
}

// silent says nothing until the server has enough.
func silent(addr string) error {
	c, err := dial(addr)()
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := io.Copy(io.Discard, c); isTimeout(err) {
		return wrongError{"a silent client is not ended"}
	}
	return nil
}

// denied comes from where nobody may.
func denied(addr string) error {
	d := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 9, 0, 1)}}
	c, err := d.Dial("tcp", addr)
	if err != nil {
		return nil
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	c.Write([]byte("let me in"))
	if n, err := io.Copy(io.Discard, c); n > 0 || isTimeout(err) {
		return wrongError{"who is denied was served"}
	}
	return nil
}

// slow sends little by little, and reads late.
func slow(addr string) error {
	c, err := dial(addr)()
	if err != nil {
		return err
	}
	defer c.Close()
	sent := pattern(200_000)
	go func() {
		for b := sent; len(b) > 0; b = b[min(10_000, len(b)):] {
			c.Write(b[:min(10_000, len(b))])
			time.Sleep(50 * time.Millisecond)
		}
		c.(*net.TCPConn).CloseWrite()
	}()
	time.Sleep(time.Second)
	got, err := io.ReadAll(c)
	if !bytes.HasPrefix(sent, got) {
		return wrongError{fmt.Sprintf("%d bytes that were not sent", len(got))}
	}
	if isTimeout(err) {
		return wrongError{"no answer"}
	}
	return err
}

// datagrams has ten answered, and asks again what is not.
func datagrams(addr string) error {
	c, err := net.Dial("udp", addr)
	if err != nil {
		return wrongError{err.Error()}
	}
	defer c.Close()
	buf := make([]byte, 2048)
	for range 10 {
		sent := pattern(200)
		for try := 0; ; try++ {
			if try == 10 {
				return wrongError{"datagrams are not answered"}
			}
			c.Write(sent)
			c.SetReadDeadline(time.Now().Add(time.Second))
			if n, err := c.Read(buf); err == nil && bytes.Equal(buf[:n], sent) {
				break
			}
		}
	}
	return nil
}

// transfer sends a file of its own, and removes it where it has arrived.
func (l *loads) transfer(ctx context.Context, s *server) error {
	name := fmt.Sprintf("file-%x", rand.Uint64())
	file := filepath.Join(l.dir, name)
	sent := pattern(1 + rand.N(3_000_000))
	if err := os.WriteFile(file, sent, 0o600); err != nil {
		return wrongError{err.Error()}
	}
	defer os.Remove(file)
	arrived := filepath.Join(l.dir, "received", name)
	defer os.Remove(arrived)
	if out, err := exec.Command("tcpconnect", "--retry", "3", "--send-file", s.streams, file).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	if got, err := os.ReadFile(arrived); err != nil || !bytes.Equal(got, sent) {
		return wrongError{fmt.Sprintf("a file of %d bytes has arrived with %d, %v", len(sent), len(got), err)}
	}
	return nil
}
