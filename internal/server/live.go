package server

import (
	"cmp"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"time"

	"nettool/internal/report"
	"nettool/internal/socket"
)

// live is one connection as it is at this moment.
type live struct {
	id       uint64
	remote   string
	local    string
	pid      int // of its process; 0 while it waits for one, and in the in-process model
	age      time.Duration
	counted  bool // the two counts below are known
	bytesIn  int64
	bytesOut int64
	rtt      time.Duration // 0 when it is not known
	retrans  uint32

	ends [2]netip.AddrPort // local and remote, when the kernel is to be asked for rtt and retrans
}

func (l *live) attrs(handler string) []slog.Attr {
	a := make([]slog.Attr, 0, 10)
	a = append(a,
		slog.Uint64("id", l.id),
		slog.String("remote", l.remote),
		slog.String("local", l.local),
		slog.String("handler", handler),
		slog.Int("pid", l.pid),
		slog.Int64("age_us", l.age.Microseconds()))
	if l.counted {
		a = append(a, slog.Int64("bytes_in", l.bytesIn), slog.Int64("bytes_out", l.bytesOut))
	} else {
		a = append(a, slog.Any("bytes_in", nil), slog.Any("bytes_out", nil))
	}
	if l.rtt > 0 {
		a = append(a, slog.Int64("rtt_us", l.rtt.Microseconds()), slog.Int64("retrans", int64(l.retrans)))
	}
	return a
}

// byAge puts the oldest connection first.
func byAge(all []live) []live {
	slices.SortFunc(all, func(a, b live) int { return cmp.Compare(a.id, b.id) })
	return all
}

// logLive writes one line for each connection, as SIGUSR1 asks.
func logLive(log *report.Log, handler string, all []live) {
	findRTT(all)
	for i := range all {
		log.Answer("connection", all[i].attrs(handler)...)
	}
}

// table is every connection as it is now, the oldest first. s.mu is held.
func (s *inProcess) table() []live {
	all := make([]live, 0, len(s.live))
	for _, ses := range s.live {
		l := live{
			id: ses.id, remote: AddrText(ses.conn.RemoteAddr()), local: AddrText(ses.conn.LocalAddr()),
			age: time.Since(ses.accepted), counted: true, bytesIn: ses.in.Load(), bytesOut: ses.out.Load(),
		}
		if sc, ok := ses.conn.(syscall.Conn); ok {
			if info, ok := socket.Info(sc); ok {
				l.rtt, l.retrans = info.RTT, info.Retrans
			}
		}
		all = append(all, l)
	}
	return byAge(all)
}

// asked handles the signals that ask for something and end nothing.
func (s *inProcess) asked(sig os.Signal) {
	switch {
	case sig == syscall.SIGHUP:
		s.cfg.herald.reloading()
		s.mu.Lock()
		s.door.reload()
		s.mu.Unlock()
		s.cfg.herald.reloaded()
	case signalName(sig.(syscall.Signal)) == "SIGUSR2":
		s.upgrade()
	case signalName(sig.(syscall.Signal)) == "SIGUSR1":
		s.mu.Lock()
		all := s.table()
		s.mu.Unlock()
		logLive(s.cfg.Log, s.cfg.Handler, all)
	}
}

// ends reports whether a signal tells a server to end.
func ends(sig os.Signal) bool { return sig == syscall.SIGTERM || sig == os.Interrupt }
