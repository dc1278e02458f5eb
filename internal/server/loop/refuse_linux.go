//go:build !portable

package loop

import "golang.org/x/sys/unix"

// Refuse sends a client the message, unless it is empty, without waiting, and
// closes. When it is to listen, it first reads what the client has to say, for a
// moment: closing with unread input, or before it comes, would reset the message
// away. That holds a descriptor.
func (l *Loop) Refuse(s *Socket, message string, listen bool) {
	if message == "" || !s.say(message) || !listen || l.refused >= MostRefused {
		s.Close()
		return
	}
	r := &refusal{loop: l, socket: s, left: refuseBytes}
	if r.more(); r.left <= 0 {
		s.Close()
		return
	}
	var err error
	if r.token, err = l.Add(s.FD, unix.EPOLLIN, func(uint32) { r.more() }); err != nil {
		s.Close()
		return
	}
	l.refused++
	r.watched = true
	r.limit = l.After(refuseTime, r.end)
}

// say sends the last words, and ends our side.
func (s *Socket) say(message string) bool {
	err := unix.Sendto(s.FD, []byte(message), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, nil)
	return err == nil && unix.Shutdown(s.FD, unix.SHUT_WR) == nil
}

// refusal is a client that has been told to go.
type refusal struct {
	loop    *Loop
	socket  *Socket
	left    int // bytes that are still read; 0 after the client's end
	watched bool
	token   uint64
	limit   *Timer
}

// more drops what the client says.
func (r *refusal) more() {
	var buf [4096]byte
	for r.left > 0 {
		n, _, err := unix.Recvfrom(r.socket.FD, buf[:], unix.MSG_DONTWAIT)
		if err == unix.EAGAIN {
			return
		}
		if r.left -= n; n <= 0 || err != nil {
			r.left = 0
		}
	}
	if r.watched {
		r.end()
	}
}

// end closes the connection.
func (r *refusal) end() {
	r.loop.Cancel(r.limit)
	r.loop.Remove(r.socket.FD, r.token)
	r.socket.Close()
	r.loop.refused--
}
