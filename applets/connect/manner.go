package connect

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"

	"nettool/internal/socket"
)

// Manner is what a tool that stands for another asks of connect besides what there are flags
// for. The zero value is connect's own manner.
type Manner struct {
	// Turn, if it has rounds, takes the place of the race between the addresses of a name.
	Turn socket.Turn
	// Nagle holds small amounts of data back while others are on their way (TCP_NODELAY is off).
	Nagle bool
	// ProgramLast looks for the program when the connection stands, not before.
	ProgramLast bool
	// Environ, if it is there, is called when the connection stands, and returns more variables
	// for the program.
	Environ func(local, remote netip.AddrPort) []string
}

// dial connects in that manner.
func (m *Manner) dial(ctx context.Context, target socket.Addr, o socket.Options) (net.Conn, error) {
	if m.Nagle {
		o.NoDelay = -1
	}
	if len(m.Turn.Rounds) > 0 {
		return m.Turn.Dial(ctx, target, o)
	}
	return socket.Dial(ctx, target, o)
}

// environ is env with the variables of the manner, and without what had their names.
func (m *Manner) environ(env []string, conn net.Conn) []string {
	local, isTCP := conn.LocalAddr().(*net.TCPAddr)
	remote, _ := conn.RemoteAddr().(*net.TCPAddr)
	if m.Environ == nil || !isTCP {
		return env
	}
	more := m.Environ(local.AddrPort(), remote.AddrPort())
	env = slices.DeleteFunc(env, func(old string) bool {
		name, _, _ := strings.Cut(old, "=")
		return slices.ContainsFunc(more, func(kv string) bool { return strings.HasPrefix(kv, name+"=") })
	})
	return append(env, more...)
}
