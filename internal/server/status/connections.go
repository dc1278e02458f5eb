package status

import (
	"encoding/json"
	"os"
	"time"

	"nettool/internal/admin"
	"nettool/internal/handoff"
	"nettool/internal/report"
	"nettool/internal/server/run"
	"nettool/internal/server/upgrade"
)

// Schema names the JSON form of /connections.
const Schema = "nettool.admin/1"

// share is how much longer a page of connections is given out than it took to
// make, so that those who ask have no more than a small share of the event loop.
const share = 20

// overview is the page /connections.
type overview struct {
	Schema      string            `json:"schema"`
	State       string            `json:"state"`
	PID         int               `json:"pid"`
	Handler     string            `json:"handler"`
	Model       string            `json:"model"`
	Listening   []string          `json:"listening"`
	UptimeUS    int64             `json:"uptime_us"`
	Open        int               `json:"open"`
	Limit       int               `json:"limit"`
	Admitted    uint64            `json:"admitted"`
	BytesIn     int64             `json:"bytes_in"`  // of connections that have ended
	BytesOut    int64             `json:"bytes_out"` // of connections that have ended
	Closed      map[string]uint64 `json:"closed"`
	Rejected    map[string]uint64 `json:"rejected"`
	Children    map[string]int    `json:"children"`
	Older       *upgrade.Older    `json:"older_image,omitempty"` // after an upgrade, while it lives
	History     history           `json:"history"`
	Connections []connection      `json:"connections"`
}

// connection is one of /connections. The keys are those of the log.
type connection struct {
	ID       uint64  `json:"id"`
	Remote   string  `json:"remote"`
	Local    string  `json:"local"`
	Via      string  `json:"via,omitempty"`
	Handler  string  `json:"handler"`
	PID      int     `json:"pid"`
	AgeUS    int64   `json:"age_us"`
	BytesIn  *int64  `json:"bytes_in"`
	BytesOut *int64  `json:"bytes_out"`
	RTTUS    int64   `json:"rtt_us,omitempty"`
	Retrans  *uint32 `json:"retrans,omitempty"`
	To       string  `json:"to,omitempty"` // of a forwarded one: its backend, as --to has it
	PeerPID  *int    `json:"peer_pid,omitempty"`
	PeerUID  *int    `json:"peer_uid,omitempty"`
}

// connections is the page of that name. It is made once for all who ask at the
// same time.
func (p *Pages) connections() admin.Reply {
	p.mu.Lock()
	defer p.mu.Unlock()
	if began := time.Now(); p.list == nil || began.After(p.fresh) {
		var o overview
		var all []run.Live
		if !p.source.Ask(func() { o, all = p.overview(), p.source.Table() }) {
			return busy()
		}
		o.Connections = p.described(all)
		p.list, _ = json.Marshal(&o)
		p.fresh = time.Now().Add(share * time.Since(began))
	}
	return admin.Reply{Status: 200, Type: "application/json", Body: p.list}
}

// overview is the page without its connections.
func (p *Pages) overview() overview {
	g, c := p.source.Gauges(), p.source.Counts()
	o := overview{
		Schema: Schema, State: g.State, PID: os.Getpid(), Handler: p.Handler, Model: p.Model,
		Listening: p.source.Listening(), UptimeUS: time.Since(c.since).Microseconds(),
		Open: g.Open, Limit: g.Limit, Admitted: c.Admitted, BytesIn: c.bytesIn, BytesOut: c.bytesOut,
		Closed: map[string]uint64{}, Rejected: map[string]uint64{},
		Children: map[string]int{"idle": g.Idle, "busy": g.Busy, "starting": g.Starting},
	}
	o.History = p.source.History().page()
	if older, lives := p.source.Older(); lives {
		o.Older = &older
	}
	for reason, n := range c.closed {
		o.Closed[handoff.Reason(reason).String()] = n
	}
	for _, cause := range causes() {
		o.Rejected[string(cause)] = c.Rejected[cause]
	}
	return o
}

// described asks the kernel for what is missing, outside of the event loop.
func (p *Pages) described(all []run.Live) []connection {
	findRTT(all)
	list := make([]connection, len(all))
	for i := range all {
		l := &all[i]
		list[i] = connection{
			ID: l.ID, Remote: report.Escape(l.Remote), Local: report.Escape(l.Local), Via: report.Escape(l.Via), Handler: p.Handler,
			PID: l.PID, AgeUS: l.Age.Microseconds(), RTTUS: l.RTT.Microseconds(), To: report.Escape(l.To),
		}
		if l.Counted {
			list[i].BytesIn, list[i].BytesOut = &l.BytesIn, &l.BytesOut
		}
		if l.RTT > 0 {
			list[i].Retrans = &l.Retrans
		}
		if u := l.User; u != nil {
			list[i].PeerPID, list[i].PeerUID = &u.PID, &u.UID
		}
	}
	return list
}
