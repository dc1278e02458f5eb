//go:build unix

package nc

import (
	"net"
	"syscall"

	"nettool/internal/socket"
)

// passOn sends the connection's descriptor to whoever has the other end of standard
// output, a unix socket, and closes it here.
func (r *run) passOn(conn net.Conn) (code int) {
	defer conn.Close()
	if err := socket.Pass(r.call.Stdout, conn.(syscall.Conn)); err != nil {
		r.say("sendmsg: %s", reason(err))
		return failure
	}
	return 0
}
