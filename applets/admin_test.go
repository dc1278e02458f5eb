package applets_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"nettool/internal/zoo"
)

// cmdGet asks over HTTP and expects a status; the answer is in stdout:
//
//	get [METHOD] [Host=NAME] ADDRESS PATH STATUS
func cmdGet(ts *testscript.TestScript, neg bool, args []string) {
	method, host := "GET", "127.0.0.1"
	for len(args) > 3 {
		if name, ok := strings.CutPrefix(args[0], "Host="); ok {
			host = name
		} else {
			method = args[0]
		}
		args = args[1:]
	}
	if neg || len(args) != 3 {
		ts.Fatalf("usage: get [METHOD] [Host=NAME] ADDRESS PATH STATUS")
	}
	status, text, err := ask(args[0], method, host, args[1])
	ts.Check(err)
	fmt.Fprint(ts.Stdout(), text)
	if strconv.Itoa(status) != args[2] {
		ts.Fatalf("status %d, want %s:\n%s", status, args[2], text)
	}
}

// cmdAwait asks until the answer matches, COUNT times if that is given:
//
//	await ADDRESS PATH REGEXP [COUNT]
func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 4 {
		ts.Fatalf("usage: await ADDRESS PATH REGEXP [COUNT]")
	}
	want, count, late := regexp.MustCompile("(?m)"+args[2]), 1, time.Now().Add(patience)
	if len(args) > 3 {
		var err error
		count, err = strconv.Atoi(args[3])
		ts.Check(err)
	}
	for {
		_, text, err := ask(args[0], "GET", "127.0.0.1", args[1])
		ts.Check(err)
		found := len(want.FindAllStringIndex(text, count))
		if found >= count {
			return
		}
		if time.Now().After(late) {
			ts.Fatalf("%d of %d matches for %q in:\n%s", found, count, args[2], text)
		}
		time.Sleep(5 * time.Millisecond) // the server has other things to do
	}
}

// ask returns the status, and the header and the body as text.
func ask(addr, method, host, path string) (status int, text string, err error) {
	c, err := zoo.Dial(addr)
	if err != nil {
		return 0, "", err
	}
	defer c.Close()
	fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: %s\r\n\r\n", method, path, host)
	r, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		return 0, "", err
	}
	body, err := io.ReadAll(r.Body)
	var b strings.Builder
	r.Header.Write(&b)
	return r.StatusCode, strings.ReplaceAll(b.String(), "\r\n", "\n") + "\n" + string(body), err
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
			Count                int64
			In                   int64 `json:"bytes_in"`
			Out                  int64 `json:"bytes_out"`
			DatagramsIn          int64 `json:"datagrams_in"`
			DatagramsOut         int64 `json:"datagrams_out"`
			Dropped              int64 `json:"dropped"`
		}
		ts.Check(json.Unmarshal([]byte(line), &e))
		switch e.Event {
		case "close":
			counts["nettool_connections_admitted_total"]++
			counts[`nettool_connections_closed_total{reason="`+e.Reason+`"}`]++
			counts[`nettool_closed_connections_bytes_total{direction="in"}`] += e.In
			counts[`nettool_closed_connections_bytes_total{direction="out"}`] += e.Out
			counts[`nettool_closed_connections_datagrams_total{direction="in"}`] += e.DatagramsIn
			counts[`nettool_closed_connections_datagrams_total{direction="out"}`] += e.DatagramsOut
			counts["nettool_closed_connections_datagrams_dropped_total"] += e.Dropped
		case "reject":
			counts[`nettool_connections_rejected_total{cause="`+e.Cause+`"}`]++
		case "rejects":
			counts[`nettool_connections_rejected_total{cause="`+e.Cause+`"}`] += e.Count
		case "child_exit":
			counts["nettool_child_exits_total"]++
		}
	}
	return counts
}
