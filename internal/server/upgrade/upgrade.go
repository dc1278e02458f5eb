// Package upgrade hands the listeners to a new image of the program (SIGUSR2),
// and takes them over from an older one. A client sees neither.
package upgrade

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"

	"nettool/internal/report"
	"nettool/internal/socket"
)

// sentinel is the variable that tells a new image the pid of the older one that has
// started it.
const sentinel = "NETTOOL_UPGRADE"

// Succeeds reports whether an older image of this program has started us, to
// take over its listeners. Who waited for its start has been told long ago.
func Succeeds() bool {
	_, ok := started()
	return ok
}

// Listener is a listening socket with the name under which it is handed on.
type Listener struct {
	net.Listener
	Name string
}

// Listen opens the listeners of one address, or takes them over from an older
// image. kind keeps apart what listens for different ends.
func (u *Upgrader) Listen(ctx context.Context, kind string, a socket.Addr, o socket.Options) ([]Listener, error) {
	name := func(i int) string { return fmt.Sprintf("%s %s %d", kind, a, i) }
	all, err := u.inherited(name, a, o)
	if len(all) > 0 || err != nil {
		return all, err
	}
	opened, err := socket.Listen(ctx, a, o)
	for i, l := range opened {
		all = append(all, Listener{l, name(i)})
	}
	return all, err
}

// Packets is a datagram socket with the name under which it is handed on.
type Packets struct {
	socket.Packet
	Name string
}

// ListenPacket is Listen for an address of datagrams.
func (u *Upgrader) ListenPacket(ctx context.Context, a socket.Addr, o socket.Options) (all []Packets, err error) {
	name := func(i int) string { return fmt.Sprintf("datagrams %s %d", a, i) }
	if all, err = u.inheritedPackets(name, a); len(all) > 0 || err != nil {
		return all, err
	}
	opened, err := socket.ListenPacket(ctx, a, o)
	for i, c := range opened {
		all = append(all, Packets{c, name(i)})
	}
	return all, err
}

// CloseAll closes listeners.
func CloseAll(all []Listener) {
	for _, l := range all {
		l.Close()
	}
}

// Log says that a successor has taken over, or why there is none.
func Log(log *report.Log, pid, connections int, err error) {
	if err != nil {
		log.Answer("upgrade", slog.String("error", err.Error()))
		return
	}
	attrs := []slog.Attr{slog.Int("connections", connections)}
	if pid > 0 {
		attrs = append(attrs, slog.Int("pid", pid))
	}
	log.Answer("upgrade", attrs...)
}

// Older is an image that has handed its listeners on, and has connections still.
type Older struct {
	PID         int `json:"pid"`
	Connections int `json:"connections"`
}

// Files are copies of the listening sockets that a successor gets, by name.
type Files map[string]*os.File

// Close closes the copies.
func (fs Files) Close() {
	for _, f := range fs {
		f.Close()
	}
}
