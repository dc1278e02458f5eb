package run

import (
	"log/slog"
	"net/netip"
	"time"

	"nettool/internal/admit"
	"nettool/internal/handoff"
	"nettool/internal/proxy"
	"nettool/internal/server/loop"
	"nettool/internal/ucspi"
)

// Conn is one admitted connection, from accept to its closing record.
type Conn struct {
	*loop.Socket // the runner's
	ID           uint64
	Accepted     int64 // as handoff.Now
	Ticket       admit.Ticket
	PID          int             // of the process that has it, or 0
	Routes       []handoff.Route // where to forward it, or none
	Backend      int             // that it counts for, when there are routes

	// Named is what was looked up about the client; what is not known is absent.
	Named handoff.Named
	TCP6  bool // a program has PROTO=TCP6 when this is IPv6

	// Anonymous says that a PROXY header, which was not read yet, tells whom the
	// connection is from. Until then Remote and Local are the socket's own, and the
	// runner keeps the socket open.
	Anonymous bool
	Via       string // who has forwarded it, as a header has told, or empty
	Ahead     int    // bytes of the header, which are none of the connection's

	// Datagrams says that this is a conversation of datagrams. The socket, which only a
	// program's has, is then one end of a pair on which a message is a datagram (package
	// talk).
	Datagrams bool

	// Relayed says that a child has the client's socket, and moves bytes between that and
	// a program: the socket here is the program's, once there is one.
	Relayed bool
	Secured *ucspi.TLS // what TLS has come to, of such a connection; nil without TLS

	ends [2]netip.AddrPort // of the socket, once Remote and Local are others

	forced handoff.Reason // why we end it, when we do: a timer or the drain
	force  bool
}

// Forwarded gives a connection what its header says. One whose sender speaks for
// itself stays the sender's.
func (c *Conn) Forwarded(h proxy.Received) {
	c.ends, c.Ahead = c.Ends(), h.Size
	if h.Known() {
		c.Via = c.Remote.Text
		c.Remote, c.Local = loop.TCPPeer(h.Src), loop.TCPPeer(h.Dst)
	}
}

// Ends are the local and the remote address of the socket itself, for the kernel.
func (c *Conn) Ends() [2]netip.AddrPort {
	if c.Via != "" {
		return c.ends
	}
	return [2]netip.AddrPort{c.Local.Addr, c.Remote.Addr}
}

// Force notes that the server ends the connection, and why. It reports whether
// that is news: a timer stays the reason.
func (c *Conn) Force(reason handoff.Reason) bool {
	if c.force && (c.forced.Timer() || !reason.Timer()) {
		return false
	}
	c.force, c.forced = true, reason
	return true
}

// Forced reports whether the server ends the connection.
func (c *Conn) Forced() bool { return c.force }

// Cause is why the connection ended, given what its runner says: what the server
// did to it counts more.
func (c *Conn) Cause(reason handoff.Reason) handoff.Reason {
	if c.force && (c.forced.Timer() || !reason.Timer()) {
		return c.forced
	}
	return reason
}

// End is the beginning of the closing record of a connection that has ended then,
// as handoff.Now tells time.
func (c *Conn) End(now int64) Ending {
	return Ending{
		ID:       c.ID,
		Remote:   c.Remote.Text,
		Local:    c.Local.Text,
		Via:      c.Via,
		PID:      c.PID,
		User:     c.Remote.User,
		Named:    c.Named,
		Duration: time.Duration(now - c.Accepted),
		Exit:     -1,
	}
}

// OpenAttrs are the fields of the log's line about the beginning.
func (c *Conn) OpenAttrs(handler string) []slog.Attr {
	a := []slog.Attr{
		slog.Uint64("id", c.ID),
		slog.String("remote", c.Remote.Text),
		slog.String("local", c.Local.Text),
		slog.String("handler", handler),
		slog.Int("pid", c.PID),
	}
	a = append(a, ViaAttrs(c.Via)...)
	a = append(a, NameAttrs(&c.Named)...)
	return append(a, UserAttrs(c.Remote.User)...)
}

// NameAttrs are the fields of the log about what was looked up: none for what is not
// known.
func NameAttrs(n *handoff.Named) (a []slog.Attr) {
	for _, one := range []struct {
		key  string
		word handoff.Word
	}{{"local_host", n.LocalHost}, {"remote_host", n.Host}, {"remote_info", n.Info}} {
		if one.word.Known {
			a = append(a, slog.String(one.key, one.word.Text))
		}
	}
	return a
}

// ViaAttrs are the fields of the log about who has forwarded a connection: none
// when nobody has.
func ViaAttrs(via string) []slog.Attr {
	if via == "" {
		return nil
	}
	return []slog.Attr{slog.String("via", via)}
}

// UserAttrs are the fields of the log about who is at the other end of a unix
// socket: none when it is not known.
func UserAttrs(u *loop.User) []slog.Attr {
	if u == nil {
		return nil
	}
	return []slog.Attr{slog.Int("peer_pid", u.PID), slog.Int("peer_uid", u.UID)}
}

// Live is one connection as it is at this moment.
type Live struct {
	ID       uint64
	Remote   string
	Local    string
	Via      string
	To       string // backend, as it was given, or empty
	PID      int    // of its process; 0 while it waits for one, and in the in-process model
	User     *loop.User
	Age      time.Duration
	Counted  bool // the two counts below are known
	BytesIn  int64
	BytesOut int64
	RTT      time.Duration // 0 when it is not known
	Retrans  uint32

	Ends [2]netip.AddrPort // local and remote, when the kernel is to be asked for RTT and Retrans
}

// Attrs are the fields of the log's line about it.
func (l *Live) Attrs(handler string) []slog.Attr {
	a := make([]slog.Attr, 0, 10)
	a = append(a,
		slog.Uint64("id", l.ID),
		slog.String("remote", l.Remote),
		slog.String("local", l.Local),
		slog.String("handler", handler),
		slog.Int("pid", l.PID),
		slog.Int64("age_us", l.Age.Microseconds()))
	a = append(a, counts(l.Counted, l.BytesIn, l.BytesOut)...)
	if l.RTT > 0 {
		a = append(a, slog.Int64("rtt_us", l.RTT.Microseconds()), slog.Int64("retrans", int64(l.Retrans)))
	}
	if l.To != "" {
		a = append(a, slog.String("to", l.To))
	}
	a = append(a, ViaAttrs(l.Via)...)
	return append(a, UserAttrs(l.User)...)
}

// counts are the bytes both ways; what is not known is null.
func counts(known bool, in, out int64) []slog.Attr {
	if !known {
		return []slog.Attr{slog.Any("bytes_in", nil), slog.Any("bytes_out", nil)}
	}
	return []slog.Attr{slog.Int64("bytes_in", in), slog.Int64("bytes_out", out)}
}
