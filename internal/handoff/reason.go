package handoff

// Reason says why a connection ended.
type Reason uint32

// The reasons, as logs show them.
const (
	EOF Reason = iota
	Exit
	Signal
	Reset
	FirstByte
	Idle
	MaxTime
	DeadPeer
	Drain
	Quit
	TLS
	Proxy
	Refused // of datagrams: ICMP says that the peer is not there
	Error
	Unreached // no backend could be reached: a reject, and no end of a connection that was served
)

// String is the reason's name in logs.
func (r Reason) String() string {
	switch r {
	case EOF:
		return "eof"
	case Exit:
		return "exit"
	case Signal:
		return "signal"
	case Reset:
		return "reset"
	case FirstByte:
		return "first_byte"
	case Idle:
		return "idle"
	case MaxTime:
		return "max_time"
	case DeadPeer:
		return "dead_peer"
	case Drain:
		return "drain"
	case Quit:
		return "quit"
	case TLS:
		return "tls"
	case Proxy:
		return "proxy"
	case Refused:
		return "refused"
	case Unreached:
		return "unreached"
	}
	return "error"
}

// Timer reports whether a timer ended the connection; a timer beats every other
// reason.
func (r Reason) Timer() bool {
	return r == FirstByte || r == Idle || r == MaxTime || r == DeadPeer
}
