package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// visit is one connection to a peer.
type visit struct {
	*net.TCPConn
	got  atomic.Int64 // bytes read
	over chan struct{}
}

func (v *visit) pause(d time.Duration) {
	select {
	case <-v.over:
	case <-time.After(d):
	}
}

// readAll reads to the end and keeps count.
func (v *visit) readAll() error {
	buf := make([]byte, 256<<10)
	for {
		n, err := v.Read(buf)
		v.got.Add(int64(n))
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// answers reads to the end, waits, and answers.
func answers(after time.Duration) func(*visit) {
	return func(v *visit) {
		v.readAll()
		v.pause(after)
		io.WriteString(v, answer)
	}
}

// hangsUp answers the first line after 0.3 s, unless our end comes first.
func hangsUp(v *visit) {
	v.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	if v.readAll() != nil {
		io.WriteString(v, answer)
	}
}

// greets speaks first, and reads after 0.3 s.
func greets(v *visit) {
	io.WriteString(v, "welcome\n")
	v.pause(300 * time.Millisecond)
	v.readAll()
}

// resets writes a megabyte, waits until it has arrived while input lies unread,
// and resets.
func resets(v *visit) {
	v.Write(make([]byte, mega))
	raw, err := v.SyscallConn()
	if err != nil {
		return
	}
	for end := time.Now().Add(5 * time.Second); !settled(raw) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	v.SetLinger(0)
}

func settled(raw syscall.RawConn) bool {
	var unacked, unread int
	raw.Control(func(fd uintptr) {
		unacked, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		unread, _ = unix.IoctlGetInt(int(fd), unix.TIOCINQ)
	})
	return unacked == 0 && unread > 0
}

// says writes ten bytes and closes.
func says(v *visit) { io.WriteString(v, "123456789\n") }

// neverReads keeps the connection open.
func neverReads(v *visit) { <-v.over }

// neverCloses answers a line and keeps the connection open.
func neverCloses(v *visit) {
	bufio.NewReader(v).ReadString('\n')
	io.WriteString(v, answer)
	<-v.over
}

// talks writes five lines, 0.3 s apart, after our end, and never closes.
func talks(v *visit) {
	v.readAll()
	for i := range 5 {
		v.pause(300 * time.Millisecond)
		fmt.Fprintf(v, "line %d\n", i)
	}
	<-v.over
}

// closes closes at once.
func closes(*visit) {}

// slow reads everything, waits a second and closes.
func slow(v *visit) {
	v.readAll()
	v.pause(time.Second)
}

// drips writes a byte a second.
func drips(v *visit) {
	for range 60 {
		if _, err := v.Write([]byte("x")); err != nil {
			return
		}
		v.pause(time.Second)
		select {
		case <-v.over:
			return
		default:
		}
	}
}
