package applets_test

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// cmdLossy makes a path of two network devices, which a script puts into network
// namespaces of its own: lossy NAME EVERY DELAY. What goes in at the one comes out at the
// other after DELAY; of the packets that ask (SYNs, echo requests, UDP) on the way from
// $NAME_A to $NAME_B every EVERY-th is lost.
func cmdLossy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: lossy NAME EVERY DELAY")
	}
	every, err := strconv.Atoi(args[1])
	ts.Check(err)
	delay, err := time.ParseDuration(args[2])
	ts.Check(err)
	a, nameA, err := openTUN()
	ts.Check(err)
	b, nameB, err := openTUN()
	ts.Check(err)
	ts.Defer(func() { a.Close(); b.Close() })
	go forward(a, b, every, delay)
	go forward(b, a, 0, delay)
	ts.Setenv(args[0]+"_A", nameA)
	ts.Setenv(args[0]+"_B", nameB)
}

// openTUN makes a network device whose packets are the file's (Linux,
// Documentation/networking/tuntap.rst).
func openTUN() (f *os.File, name string, err error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, "", err
	}
	request, err := unix.NewIfreq("lossy%d")
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		unix.Close(fd)
		return nil, "", fmt.Errorf("make a TUN device: %w", err)
	}
	return os.NewFile(uintptr(fd), "tun"), request.Name(), nil
}

// forward moves packets until its devices are gone. A packet that waits holds up no
// other.
func forward(from, to *os.File, every int, delay time.Duration) {
	packet, asked := make([]byte, 65536), 0
	for {
		n, err := from.Read(packet)
		if err != nil {
			return
		}
		if asks(packet[:n]) {
			if asked++; every > 0 && asked%every == 0 {
				continue
			}
		}
		sent := append([]byte(nil), packet[:n]...)
		time.AfterFunc(delay, func() { to.Write(sent) })
	}
}

// asks reports whether an IPv4 packet is an echo request, a SYN, or UDP.
func asks(packet []byte) bool {
	if len(packet) < 20 || packet[0]>>4 != 4 || len(packet) < 4*int(packet[0]&15)+8 {
		return false
	}
	payload := packet[4*int(packet[0]&15):]
	switch packet[9] {
	case unix.IPPROTO_ICMP:
		return payload[0] == 8
	case unix.IPPROTO_TCP:
		return len(payload) > 13 && payload[13]&0x12 == 0x02
	}
	return packet[9] == unix.IPPROTO_UDP
}
