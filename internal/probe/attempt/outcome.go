package attempt

// Outcome is how an attempt ended. The list is closed: scripts rely on it.
type Outcome uint8

// The outcomes.
const (
	OK          Outcome = iota
	Refused             // nobody listens there
	Timeout             // no answer in time
	Unreachable         // no way to get there
	Reset               // the peer broke the connection
	ClosedEarly         // the peer closed before the attempt was through
	Mismatch            // it answered something else
	TLSError            // the handshake failed
	DNSError            // the name did not resolve
	Slow                // it answered, but too late
	LocalError          // trouble on this side: says nothing about the target
	Cancelled           // the attempt was given up
	Outcomes            // how many there are
)

// String is the word that results use.
func (o Outcome) String() string {
	switch o {
	case OK:
		return "ok"
	case Refused:
		return "refused"
	case Timeout:
		return "timeout"
	case Unreachable:
		return "unreachable"
	case Reset:
		return "reset"
	case ClosedEarly:
		return "closed_early"
	case Mismatch:
		return "mismatch"
	case TLSError:
		return "tls_error"
	case DNSError:
		return "dns_error"
	case Slow:
		return "slow"
	case LocalError:
		return "local_error"
	}
	return "cancelled"
}

// Verdict reports whether the outcome says anything about the target: an
// attempt that failed on this side, or was given up, does not.
func (o Outcome) Verdict() bool { return o != LocalError && o != Cancelled }

// Phase is a step of an attempt.
type Phase uint8

// The phases, in the order in which they happen.
const (
	DNS Phase = iota
	Connected
	Handshake
	Sent
	FirstByte
	Expected
	Close
	Phases // how many there are
	NoPhase
)

// String is the word that results use.
func (p Phase) String() string {
	switch p {
	case DNS:
		return "dns"
	case Connected:
		return "connect"
	case Handshake:
		return "tls"
	case Sent:
		return "send"
	case FirstByte:
		return "first_byte"
	case Expected:
		return "expect"
	case Close:
		return "close"
	}
	return ""
}
