//go:build !unix

package nc

import "net"

// passOn refuses.
func (r *run) passOn(conn net.Conn) (code int) {
	conn.Close()
	r.say("sendmsg: not on this system")
	return failure
}
