package load

import (
	"sync"
	"time"

	"nettool/internal/probe/attempt"
	"nettool/internal/probe/histogram"
	"nettool/internal/probe/series"
	"nettool/internal/probe/tally"
)

// Stats is what became of requests.
type Stats struct {
	tally.Tally
	Connected histogram.Histogram // how long connecting took
	Handshake histogram.Histogram // and TLS
	FirstByte histogram.Histogram // from the request to the first byte of its answer
	Late      histogram.Histogram // how late requests of an open loop were begun though a connection was free
	Busy      int64               // requests that waited for a connection to become free
	InTime    int64               // requests that were answered well; of a closed loop, before the end
	After     int64               // requests of an open loop that were answered after the end
	Open      int64               // connections that Idle holds
	Course    series.Series

	waited, worked time.Duration // of the threads: for something to happen, and in all
	last           time.Duration // when the last request ended
	behind         time.Duration // since when each request of an open loop had to wait for a connection; zero is not
}

// lane is where one thread counts.
type lane struct {
	*plan
	keep bool
	mu   sync.Mutex
	Stats
}

// request is one that has ended, or a step of it. Times count from the plan's beginning.
type request struct {
	due, began, ended time.Duration
	free              bool // there was a connection for it when it was due
}

// count counts a request. The caller has the lock.
func (l *lane) count(r request, o attempt.Outcome) {
	l.last = max(l.last, r.ended)
	if r.due < l.Warmup {
		return
	}
	response := max(r.ended-r.due, 0)
	l.Sent++
	l.Outcomes[o]++
	if l.keep {
		l.Course.Note(r.due-l.Warmup, response, o == attempt.OK)
	}
	if l.Rate > 0 {
		l.punctual(r)
	}
	if o != attempt.OK {
		return
	}
	l.OK++
	l.Response.Add(response)
	l.Service.Add(r.ended - r.began)
	if l.Rate > 0 || r.ended <= l.end {
		l.InTime++
	}
	if l.Rate > 0 && r.ended > l.end {
		l.After++
	}
}

// begun notes whether a request of an open loop found a connection free when it was due.
func (l *lane) begun(due, now time.Duration, free bool) {
	switch {
	case free:
		l.behind = 0
	case l.behind == 0:
		l.behind = max(due, 1)
	}
}

// givenUp counts a request that was under way, or due, when the run was ended: it has
// taken as long as until then, at least. Of a closed loop, where some are under way at any
// time, only one that is the longest of all says something.
func (l *lane) givenUp(due, now time.Duration) {
	if due < l.Warmup || due > now || l.Rate <= 0 && now-due <= l.Response.Max() {
		return
	}
	l.Miss(1, now-due, 0)
	if l.keep {
		l.Course.Miss(due-l.Warmup, 1, now-due, 0)
	}
}

// punctual notes whether a request of an open loop was begun when it was due, and if not,
// whose fault that was.
func (l *lane) punctual(r request) {
	if r.free {
		l.Late.Add(r.began - r.due)
	} else {
		l.Busy++
	}
}

// lost turns a connection that Idle held into one that was not ok.
func (l *lane) lost(o attempt.Outcome) {
	l.OK--
	l.Outcomes[attempt.OK]--
	l.Outcomes[o]++
	l.Open--
}

// merged is the sum of all lanes.
func merged(lanes []*lane) *Stats {
	all := &Stats{}
	for _, l := range lanes {
		l.mu.Lock()
		all.merge(&l.Stats)
		l.mu.Unlock()
	}
	return all
}

func (s *Stats) merge(o *Stats) {
	s.Tally.Merge(&o.Tally)
	s.Connected.Merge(&o.Connected)
	s.Handshake.Merge(&o.Handshake)
	s.FirstByte.Merge(&o.FirstByte)
	s.Late.Merge(&o.Late)
	s.Course.Merge(&o.Course)
	s.Busy, s.InTime, s.Open = s.Busy+o.Busy, s.InTime+o.InTime, s.Open+o.Open
	s.After += o.After
	s.waited, s.worked, s.last = s.waited+o.waited, s.worked+o.worked, max(s.last, o.last)
}
