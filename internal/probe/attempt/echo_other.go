//go:build !linux

package attempt

import (
	"context"
	"net/netip"
	"syscall"
)

// EchoRequests reports whether icmp: targets work on this system.
const EchoRequests = false

// echoRequest is never called: Fits refuses such targets.
func (s *Spec) echoRequest(context.Context, question, netip.AddrPort) (answer, error) {
	return answer{}, usage("icmp: targets need Linux")
}

// listenForErrors does nothing: the system tells a refusal, and no more.
func listenForErrors(syscall.RawConn, bool) error { return nil }

func errorsHeard(syscall.RawConn) *ICMPError { return nil }
