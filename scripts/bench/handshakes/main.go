// Command handshakes is a load generator for TLS echo servers: every answer is
// checked. Its own cost is part of all that it shows.
//
//	handshakes [-c CLIENTS] [-t SECONDS] new|resumed|stream HOST PORT
//
// new and resumed make a connection for each request of 64 bytes, with TLS 1.3;
// resumed takes one session up again and again. stream sends, on one connection, as
// much as it gets back. One line of key=value goes to standard output: rate is
// connections, or MiB both ways together, a second. Exit 1 when anything failed.
package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// patience bounds one request.
const patience = 10 * time.Second

// load is what all clients share.
type load struct {
	addr   string
	config *tls.Config
	resume bool
	until  time.Time
	failed atomic.Int64
}

func main() {
	clients := flag.Int("c", 1, "clients at once")
	seconds := flag.Float64("t", 2, "how long to measure")
	flag.Parse()
	if flag.NArg() != 3 {
		fmt.Fprintln(os.Stderr, "usage: handshakes [-c CLIENTS] [-t SECONDS] new|resumed|stream HOST PORT")
		os.Exit(2)
	}
	l := &load{
		addr:   net.JoinHostPort(flag.Arg(1), flag.Arg(2)),
		config: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, ServerName: "localhost"},
		resume: flag.Arg(0) == "resumed",
	}
	busy, began := busyTime(), time.Now()
	l.until = began.Add(time.Duration(*seconds * float64(time.Second)))
	var times []time.Duration
	var rate float64
	if flag.Arg(0) == "stream" {
		rate = l.stream() / time.Since(began).Seconds()
	} else {
		times = l.all(*clients)
		rate = float64(len(times)) / time.Since(began).Seconds()
	}
	units := max(rate*time.Since(began).Seconds(), 1)
	fmt.Printf("failed=%d rate=%.0f p50_us=%.1f p99_us=%.1f cpu_us=%.1f\n",
		l.failed.Load(), rate, at(times, 0.5), at(times, 0.99), (busyTime()-busy).Seconds()*1e6/units)
	if l.failed.Load() > 0 {
		os.Exit(1)
	}
}

// all runs the clients, and returns how long each request took, in order.
func (l *load) all(clients int) (times []time.Duration) {
	var mu sync.Mutex
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			some := l.client()
			mu.Lock()
			times = append(times, some...)
			mu.Unlock()
		})
	}
	group.Wait()
	slices.Sort(times)
	return times
}

// client makes one request after the other.
func (l *load) client() (times []time.Duration) {
	config := l.config.Clone()
	if l.resume {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		if _, err := l.request(config); err != nil {
			l.fail(err)
			return nil
		}
	}
	for time.Now().Before(l.until) {
		began := time.Now()
		resumed, err := l.request(config)
		if err == nil && resumed != l.resume {
			err = fmt.Errorf("session taken up again: %v", resumed)
		}
		if err != nil {
			l.fail(err)
			continue
		}
		times = append(times, time.Since(began))
	}
	return times
}

// fail counts, and tells of the first one.
func (l *load) fail(err error) {
	if l.failed.Add(1) == 1 {
		fmt.Fprintln(os.Stderr, "handshakes:", err)
	}
}

// request makes a connection, has 64 bytes sent back, and ends it.
func (l *load) request(config *tls.Config) (resumed bool, err error) {
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", l.addr, config)
	if err != nil {
		return false, err
	}
	defer func() {
		c.NetConn().(*net.TCPConn).SetLinger(0) // no port waits
		c.NetConn().Close()
	}()
	c.SetDeadline(time.Now().Add(patience))
	var question, answer [64]byte
	copy(question[:], fmt.Sprint(c.LocalAddr(), time.Now().UnixNano()))
	if _, err := c.Write(question[:]); err != nil {
		return false, err
	}
	if _, err := io.ReadFull(c, answer[:]); err != nil {
		return false, err
	}
	if question != answer {
		return false, errors.New("a wrong answer")
	}
	return c.ConnectionState().DidResume, nil
}

// stream is how many MiB went both ways on one connection.
func (l *load) stream() (mebibytes float64) {
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", l.addr, l.config)
	if err != nil {
		l.fail(err)
		return 0
	}
	defer c.Close()
	c.SetDeadline(l.until.Add(patience))
	block := bytes.Repeat([]byte("0123456789abcdef"), 4096)
	var sent atomic.Int64
	go func() {
		for time.Now().Before(l.until) {
			n, err := c.Write(block)
			sent.Add(int64(n))
			if err != nil {
				break
			}
		}
		c.CloseWrite()
	}()
	got, at := int64(0), 0
	buf := make([]byte, len(block))
	for {
		n, err := c.Read(buf)
		for i := 0; i < n; {
			m := min(n-i, len(block)-at)
			if !bytes.Equal(buf[i:i+m], block[at:at+m]) {
				l.fail(errors.New("a wrong answer"))
				return 0
			}
			i, at = i+m, (at+m)%len(block)
		}
		got += int64(n)
		if err != nil || got == sent.Load() && time.Now().After(l.until) { // not every server answers our end
			break
		}
	}
	if got != sent.Load() {
		l.fail(fmt.Errorf("%d bytes sent, %d came back", sent.Load(), got))
	}
	return float64(2*got) / (1 << 20)
}

// at is a quantile of sorted times in microseconds.
func at(times []time.Duration, q float64) float64 {
	if len(times) == 0 {
		return 0
	}
	return float64(times[int(q*float64(len(times)-1))].Nanoseconds()) / 1000
}

// busyTime is how long all processors have worked: proc_stat(5).
func busyTime() time.Duration {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	var user, nice, system, idle, iowait, irq, softirq int64
	fmt.Sscanf(line, "cpu %d %d %d %d %d %d %d", &user, &nice, &system, &idle, &iowait, &irq, &softirq)
	return time.Duration(user+nice+system+irq+softirq) * 10 * time.Millisecond
}
