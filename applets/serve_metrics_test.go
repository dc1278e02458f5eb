package applets_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// metricsCommands are the script commands that look at what a server counts.
func metricsCommands() map[string]scriptCmd {
	return map[string]scriptCmd{
		"fetch":      cmdFetch,
		"fates":      cmdFates,
		"samecounts": cmdSameCounts,
		"hostile":    cmdHostile,
		"holdopen":   cmdHoldOpen,
		"letgo":      cmdLetGo,
	}
}

// cmdFetch saves the body of an answer: fetch ADDRESS PATH FILE.
func cmdFetch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: fetch ADDRESS PATH FILE")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(body(ts, args[0], args[1])), 0o644))
}

func body(ts *testscript.TestScript, addr, path string) string {
	r, err := http.Get("http://" + addr + path)
	ts.Check(err)
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	ts.Check(err)
	return string(text)
}

// cmdFates runs N clients, some at the same time, that end in all the ways in
// which clients end: fates N ADDRESS. Every fifth comes from
// 127.9.0.1. How each ends on a loaded machine is not asked here.
func cmdFates(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fates N ADDRESS")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	turns, failures := make(chan struct{}, 32), make(chan error, n)
	var all sync.WaitGroup
	for i := range n {
		turns <- struct{}{}
		all.Go(func() {
			if err := fate(args[1], i); err != nil {
				failures <- fmt.Errorf("client %d: %w", i, err)
			}
			<-turns
		})
	}
	all.Wait()
	close(failures)
	for err := range failures {
		ts.Fatalf("%v", err)
	}
}

// fate is one client.
func fate(addr string, i int) error {
	d := net.Dialer{Timeout: patience}
	if i%5 == 4 {
		d.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 9, 0, 1)}
	}
	c, err := d.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	words := fmt.Sprintf("words of client %d\n", i)
	c.Write([]byte(words))
	switch i % 5 {
	case 0: // a clean end
		c.(*net.TCPConn).CloseWrite()
	case 1: // a reset in the middle
		io.ReadFull(c, make([]byte, len(words)))
		return c.(*net.TCPConn).SetLinger(0)
	case 3: // the word that ends a session
		c.Write([]byte("quit\n"))
		c.(*net.TCPConn).CloseWrite()
	} // 2 is silent until the server has enough; 4 is turned away
	io.Copy(io.Discard, c)
	return nil
}

// cmdSameCounts compares /metrics with what the log of NAME (--log json) says:
// samecounts NAME ADMIN FILE. The page is left in FILE.
func cmdSameCounts(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: samecounts NAME ADMIN FILE")
	}
	page := body(ts, args[1], "/metrics")
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(page), 0o644))
	logged := countLog(ts, lookup(ts, args[0]).text())
	for line := range strings.Lines(page) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		got, err := strconv.ParseInt(value, 10, 64)
		if err != nil || !strings.Contains(name, "_total") {
			continue
		}
		if want, ok := logged[name]; (ok || strings.Contains(name, "connections_")) && got != want {
			ts.Fatalf("%s is %d, the log says %d", name, got, want)
		}
		delete(logged, name)
	}
	if len(logged) > 0 {
		ts.Fatalf("not among the metrics: %v", logged)
	}
}

// countLog is what /metrics must say, by the log.
func countLog(ts *testscript.TestScript, log string) map[string]int64 {
	counts := map[string]int64{}
	for line := range strings.Lines(log) {
		var e struct {
			Event, Reason, Cause string
			In                   int64 `json:"bytes_in"`
			Out                  int64 `json:"bytes_out"`
		}
		ts.Check(json.Unmarshal([]byte(line), &e))
		switch e.Event {
		case "close":
			counts["nettool_connections_admitted_total"]++
			counts[`nettool_connections_closed_total{reason="`+e.Reason+`"}`]++
			counts[`nettool_closed_connections_bytes_total{direction="in"}`] += e.In
			counts[`nettool_closed_connections_bytes_total{direction="out"}`] += e.Out
		case "reject":
			counts[`nettool_connections_rejected_total{cause="`+e.Cause+`"}`]++
		case "child_exit":
			counts["nettool_child_exits_total"]++
		}
	}
	return counts
}

// cmdHostile opens N connections to an address and keeps them: some say
// nothing, some begin a request and never end it, some send far too much, some
// ask and never read: hostile N ADDRESS.
func cmdHostile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hostile N ADDRESS")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	for i := range n {
		c, err := dialTo(args[1])
		ts.Check(err)
		ts.Defer(func() { c.Close() })
		switch i % 4 {
		case 1:
			io.WriteString(c, "GET /connections HTTP/1.1\r\nA: ")
		case 2:
			go io.Copy(c, io.LimitReader(endless{}, 1<<20)) // ends with the connection
		case 3:
			io.WriteString(c, "GET /connections HTTP/1.1\r\n\r\n")
		}
	}
}

// endless is a header line without an end.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'a'
	}
	return len(b), nil
}

// cmdHoldOpen opens N connections at once, sends a byte over each, and hears it
// back: holdopen NAME N ADDRESS. letgo NAME closes them.
func cmdHoldOpen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: holdopen NAME N ADDRESS")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	for i := range n {
		c, err := dialTo(args[2])
		ts.Check(err)
		ts.Defer(func() { c.Close() })
		c.SetDeadline(time.Now().Add(patience))
		_, err = c.Write([]byte{'x'})
		ts.Check(err)
		_, err = io.ReadFull(c, make([]byte, 1))
		ts.Check(err)
		dials(ts)[fmt.Sprintf("%s.%d", args[0], i)] = c
	}
}

// cmdLetGo closes the connections of holdopen: letgo NAME.
func cmdLetGo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: letgo NAME")
	}
	for name, c := range dials(ts) {
		if strings.HasPrefix(name, args[0]+".") {
			c.Close()
			delete(dials(ts), name)
		}
	}
}
