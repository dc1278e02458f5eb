package applets_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// behaviour makes a peer of a kind:
//
//	echo               sends back what it reads
//	says TEXT          sends a line and closes, reading nothing
//	sends BYTES        sends a pattern and closes
//	answers [DELAY]    reads to the end, waits, says how many bytes, closes
//	hangs-up DELAY     answers a line after DELAY, unless our end comes first
//	greets BYTES       sends a pattern before it reads to the end
//	resets BYTES       reads nothing, sends a pattern, resets when that has arrived
//	counts             reads to the end without looking, says how many bytes, closes
//	mute               reads nothing, never closes
//	keeps TEXT         reads to the end, sends a line, never closes
//	stays TEXT         sends a line, reads nothing, never closes
//	talks GAP COUNT    reads to the end, then sends numbered lines, never closes
//	closes             closes at once
//	drips              sends a byte a second, for ever
//	half TEXT          sends a line, ends its side, reads to the end
//	slow DELAY         reads to the end, waits, closes
//	line TEXT          reads a line, answers with a line, closes at our end
//	waits-line         reads until a line is "bye", closes
//	endless TEXT       sends lines, the first of them once, until we hang up
//	tls1.0, tls1.1     speaks no other version of TLS
func behaviour(args []string) (func(*visit), error) {
	kind, rest := args[0], args[1:]
	arg := strings.Join(rest, " ")
	switch kind {
	case "echo":
		return func(v *visit) { io.Copy(v, v.reader()) }, nil
	case "says":
		return func(v *visit) { io.WriteString(v, arg+"\n") }, nil
	case "mute":
		return func(v *visit) { <-v.over }, nil
	case "counts":
		return (*visit).count, nil
	case "closes":
		return func(*visit) {}, nil
	case "keeps":
		return func(v *visit) { v.readAll(); io.WriteString(v, arg+"\n"); <-v.over }, nil
	case "half":
		return func(v *visit) { io.WriteString(v, arg+"\n"); v.halfClose(); v.readAll() }, nil
	case "line":
		return func(v *visit) { v.answerLine(arg) }, nil
	case "waits-line":
		return (*visit).untilBye, nil
	case "drips":
		return (*visit).drip, nil
	case "stays":
		return func(v *visit) { io.WriteString(v, arg+"\n"); <-v.over }, nil
	case "endless":
		return func(v *visit) { v.sendLines(arg) }, nil
	case "tls1.0":
		return func(v *visit) { v.shakeHands(tls.VersionTLS10) }, nil
	case "tls1.1":
		return func(v *visit) { v.shakeHands(tls.VersionTLS11) }, nil
	}
	return measured(kind, rest)
}

// measured are the behaviours with numbers.
func measured(kind string, args []string) (func(*visit), error) {
	if kind == "answers" && len(args) == 0 {
		args = []string{"0s"}
	}
	if len(args) == 0 {
		return nil, fmt.Errorf("peer %s: unknown, or needs an argument", kind)
	}
	n, errN := number(args[0])
	var text []byte // made before anybody connects
	if kind == "sends" || kind == "greets" || kind == "resets" {
		text = pattern(n)
	}
	d, errD := time.ParseDuration(args[0])
	switch {
	case kind == "sends" && errN == nil:
		return func(v *visit) { v.Write(text) }, nil
	case kind == "greets" && errN == nil:
		return func(v *visit) { v.Write(text); v.readAll() }, nil
	case kind == "resets" && errN == nil:
		return func(v *visit) { v.reset(text) }, nil
	case kind == "answers" && errD == nil:
		return func(v *visit) { v.readAll(); v.pause(d); fmt.Fprintf(v, "%d bytes\n", v.got.Len()) }, nil
	case kind == "hangs-up" && errD == nil:
		return func(v *visit) { v.hangUp(d) }, nil
	case kind == "slow" && errD == nil:
		return func(v *visit) { v.readAll(); v.pause(d) }, nil
	case kind == "talks" && errD == nil && len(args) == 2:
		count, err := strconv.Atoi(args[1])
		return func(v *visit) { v.talk(d, count) }, err
	}
	return nil, fmt.Errorf("peer %s %v: unknown kind", kind, args)
}

// number parses bytes with an optional k, M or G.
func number(s string) (int, error) {
	shift := 0
	switch {
	case strings.HasSuffix(s, "k"):
		shift = 10
	case strings.HasSuffix(s, "M"):
		shift = 20
	case strings.HasSuffix(s, "G"):
		shift = 30
	}
	n, err := strconv.Atoi(strings.TrimRight(s, "kMG"))
	return n << shift, err
}

// pattern is n bytes in which every position can be told from its neighbours.
func pattern(n int) []byte {
	b := make([]byte, 0, n+16)
	for i := 0; len(b) < n; i++ {
		b = fmt.Appendf(b, "%d\n", i)
	}
	return b[:n]
}

// reader keeps what it reads.
func (v *visit) reader() io.Reader { return io.TeeReader(v, &v.got) }

func (v *visit) readAll() { io.Copy(io.Discard, v.reader()) }

// count reads without copying: MSG_TRUNC of tcp(7).
func (v *visit) count() {
	raw, err := v.Conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return
	}
	buf, total, n := make([]byte, 1<<20), 0, 1
	for err == nil && n > 0 {
		closed := raw.Read(func(fd uintptr) bool {
			n, _, err = unix.Recvfrom(int(fd), buf, unix.MSG_TRUNC)
			return err != unix.EAGAIN
		})
		if closed != nil {
			return
		}
		total += max(n, 0)
	}
	fmt.Fprintf(v, "%d bytes\n", total)
}

func (v *visit) halfClose() {
	if c, ok := v.Conn.(interface{ CloseWrite() error }); ok {
		c.CloseWrite()
	}
}

// pause is part of how a peer behaves; the script's end cuts it short.
func (v *visit) pause(d time.Duration) {
	select {
	case <-v.over:
	case <-time.After(d):
	}
}

func (v *visit) talk(gap time.Duration, count int) {
	v.readAll()
	for i := range count {
		v.pause(gap)
		fmt.Fprintf(v, "line %d\n", i+1)
	}
	<-v.over
}

func (v *visit) drip() {
	for i := 0; ; i++ {
		if _, err := fmt.Fprintf(v, "%d", i%10); err != nil {
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

func (v *visit) hangUp(d time.Duration) {
	v.SetReadDeadline(time.Now().Add(d))
	if _, err := io.Copy(io.Discard, v.reader()); err == nil {
		return // our end: hung up
	}
	io.WriteString(v, "still here\n")
}

// sendLines sends a first line and then the same one over and over.
func (v *visit) sendLines(first string) {
	_, err := io.WriteString(v, first+"\r\n")
	for err == nil {
		_, err = io.WriteString(v, "More: and more\r\n")
	}
}

// shakeHands is a TLS server of one version, and says hello.
func (v *visit) shakeHands(version uint16) {
	config, err := certificate(false, os.DevNull)
	if err != nil {
		return
	}
	config.MinVersion, config.MaxVersion = version, version
	conn := tls.Server(v.Conn, config)
	io.WriteString(conn, "hello\n")
	conn.Close()
}

func (v *visit) answerLine(text string) {
	r := bufio.NewReader(v.reader())
	r.ReadString('\n')
	io.WriteString(v, text+"\n")
	io.Copy(io.Discard, r)
}

func (v *visit) untilBye() {
	r := bufio.NewReader(v.reader())
	for {
		line, err := r.ReadString('\n')
		if err != nil || line == "bye\n" {
			return
		}
		io.WriteString(v, "heard "+line)
	}
}

// reset sends text, waits until they have arrived and something to read has
// come, and resets the connection with that unread.
func (v *visit) reset(text []byte) {
	v.Write(text)
	conn := v.Conn.(*net.TCPConn)
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	for !settled(raw) {
		v.pause(time.Millisecond)
		select {
		case <-v.over:
			return
		default:
		}
	}
	conn.SetLinger(0)
}

// settled: all was acknowledged, and input waits.
func settled(raw syscall.RawConn) bool {
	var unacked, unread int
	raw.Control(func(fd uintptr) {
		unacked, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		unread, _ = unix.IoctlGetInt(int(fd), unix.TIOCINQ)
	})
	return unacked == 0 && unread > 0
}
