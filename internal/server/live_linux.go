package server

import (
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"nettool/internal/handoff"
	"nettool/internal/socket"
)

// table is every connection as it is now, the oldest first.
func (s *server) table() []live {
	s.runner.collect()
	now := handoff.Now()
	all := make([]live, 0, len(s.conns))
	s.runner.inspect(func(c *conn, l live) {
		l.id, l.remote, l.local = c.id, c.remote.text, c.local.text
		l.age = time.Duration(now - c.accepted)
		all = append(all, l)
	})
	return byAge(all)
}

// inspect reads the live counts from the pages of the busy children. What waits
// for a child has none yet.
func (p *pool) inspect(visit func(*conn, live)) {
	for w := range p.busy {
		l := live{pid: w.child.PID, counted: true}
		l.bytesIn, l.bytesOut = w.child.Page().Counts()
		l.ends = [2]netip.AddrPort{w.conn.local.addr, w.conn.remote.addr}
		visit(w.conn, l)
	}
	for _, c := range p.pending {
		visit(c, live{counted: true})
	}
}

// findRTT asks the kernel about the connections whose sockets are another
// process's, by their addresses.
func findRTT(all []live) {
	var diag socket.Diag
	defer diag.Close()
	for i := range all {
		if info, ok := diag.Info(all[i].ends[0], all[i].ends[1]); ok {
			all[i].rtt, all[i].retrans = info.RTT, info.Retrans
		}
	}
}

// inspect reads TCP's own counts of each program's connection.
func (r *programRunner) inspect(visit func(*conn, live)) {
	for c, p := range r.running {
		l := live{pid: c.pid}
		if info, ok := p.info(); ok {
			outq, _ := socket.Outq(c.fd)
			l.counted = true
			l.bytesIn, l.bytesOut = octets(&info, outq, p.account.reset)
			l.rtt, l.retrans = info.RTT, info.Retrans
		}
		visit(c, l)
	}
}

// info reads TCP_INFO of our duplicate, if there is one.
func (p *program) info() (socket.TCPInfo, bool) {
	if p.conn.fd < 0 {
		return socket.TCPInfo{}, false
	}
	return socket.InfoFD(p.conn.fd)
}

// asked handles the signals that ask for something and end nothing.
func (s *server) asked(sig unix.Signal) {
	switch sig {
	case unix.SIGHUP:
		s.cfg.herald.reloading()
		s.door.reload()
		s.cfg.herald.reloaded()
	case unix.SIGUSR2:
		s.upgrade()
	case unix.SIGUSR1:
		logLive(s.cfg.Log, s.cfg.handlerName(), s.table())
	}
}

// beat gives the watchdog its sign of life from the loop, so that a loop that
// hangs gives none.
func (s *server) beat() {
	if d := s.cfg.herald.watchdog; d > 0 {
		s.cfg.herald.alive()
		s.loop.after(d, s.beat)
	}
}
