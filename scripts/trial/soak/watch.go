package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// The figures of a sample, in this order.
var figures = []string{"memory, MB", "descriptors", "threads", "processes", "goroutines"}

// slack is how much of each may be more at the end: memory, as a share and in MB, and
// numbers.
const (
	slackShare  = 1.3
	slackMemory = 8.0
	slackNumber = 6.0 // a pool has one more or less, as the load was
)

// sample is what a server has at one time.
type sample struct {
	at     time.Duration
	values []float64
}

// watch has the samples of all servers.
type watch struct {
	servers []*server
	began   time.Time
	samples [][]sample // of each server
	rested  [][]sample // of each server, at each rest
	loads   *loads
}

func newWatch(servers []*server) *watch {
	return &watch{servers: servers, began: time.Now(), samples: make([][]sample, len(servers)), rested: make([][]sample, len(servers)), loads: newLoads("")}
}

// during samples until the load ends.
func (w *watch) during(ctx context.Context) {
	for ctx.Err() == nil {
		for i, s := range w.servers {
			if one, err := w.look(s); err == nil { // not in the moment of an upgrade
				w.samples[i] = append(w.samples[i], one)
			}
		}
		sleep(ctx, time.Second)
	}
}

// rest waits until the servers have nothing to do, and samples what they have then.
func (w *watch) rest() error {
	for i, s := range w.servers {
		if err := w.idle(s); err != nil {
			return err
		}
		var least sample
		for n := range 5 {
			one, err := w.look(s)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			if n == 0 {
				least = one
			}
			for j := range least.values {
				least.values[j] = min(least.values[j], one.values[j])
			}
			time.Sleep(200 * time.Millisecond)
		}
		w.samples[i] = append(w.samples[i], least)
		w.rested[i] = append(w.rested[i], least)
	}
	return nil
}

// idle waits until a server has no connection, nor an image before it.
func (w *watch) idle(s *server) error {
	var open float64
	for deadline := time.Now().Add(2 * patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		m, err := s.metrics()
		if err != nil {
			return fmt.Errorf("%s does not answer: %w", s.name, err)
		}
		open = m[`nettool_connections{state="running"}`] + m[`nettool_connections{state="waiting"}`] + m["nettool_older_image"]
		if open == 0 && m["nettool_ready"] == 1 {
			return nil
		}
	}
	return fmt.Errorf("%s has %v connections still, with nobody there", s.name, open)
}

// look takes a sample.
func (w *watch) look(s *server) (sample, error) {
	pid := s.pid()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return sample{}, err
	}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return sample{}, err
	}
	m, err := s.metrics()
	if err != nil {
		return sample{}, err
	}
	return sample{time.Since(w.began), []float64{
		field(status, "VmRSS:") / 1024, float64(len(files)), field(status, "Threads:"), float64(descendants(pid)), m["nettool_goroutines"],
	}}, nil
}

// field is a number of /proc/PID/status.
func field(status []byte, name string) (n float64) {
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			fmt.Sscan(rest, &n)
		}
	}
	return n
}

// descendants is how many processes there are below one.
func descendants(pid int) (n int) {
	for _, kid := range children(pid) {
		n += 1 + descendants(kid)
	}
	return n
}

// verdict compares the last rest with the second one.
func (w *watch) verdict() (err error) {
	for i, s := range w.servers {
		before, after := w.rested[i][1].values, w.rested[i][rests-1].values
		for j, name := range figures {
			most := before[j] + slackNumber
			if j == 0 {
				most = max(before[j]*slackShare, before[j]+slackMemory)
			}
			if after[j] > most {
				err = errors.Join(err, fmt.Errorf("%s: %s grew from %.1f to %.1f", s.name, name, before[j], after[j]))
			}
		}
	}
	return err
}

// table shows what the servers had at rest, and the most they had.
func (w *watch) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n| server | figure | at rest | at most |\n|---|---|---|---|\n")
	for i, s := range w.servers {
		for j, name := range figures {
			fmt.Fprintf(&b, "| %s | %s |", s.name, name)
			for _, r := range w.rested[i] {
				fmt.Fprintf(&b, " %.4g", r.values[j])
			}
			most := slices.MaxFunc(w.samples[i], func(a, b sample) int { return int(1000 * (a.values[j] - b.values[j])) })
			fmt.Fprintf(&b, " | %.4g |\n", most.values[j])
		}
	}
	for _, s := range w.servers {
		fmt.Fprintf(&b, "%s: %d images, %d reloads, %d children killed\n", s.name, s.images, s.reloads, s.kills)
	}
	return b.String()
}
