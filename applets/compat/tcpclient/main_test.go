//go:build unix

package tcpclient

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"nettool/internal/cli"
)

// TestMain lets the test binary be tcpclient and what is made of it, and a program that it runs.
func TestMain(m *testing.M) {
	name := filepath.Base(os.Args[0])
	tools := map[string]func(*cli.Call, []string) int{
		"tcpclient": Run, "date@": Date, "who@": Who, "finger@": Finger, "http@": HTTP, "tcpcat": Cat,
	}
	switch {
	case tools[name] != nil:
		os.Exit(tools[name](&cli.Call{Name: name, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}, os.Args[1:]))
	case len(os.Args) > 1 && os.Args[1] == "describe-socket":
		describeSocket()
	default:
		os.Exit(m.Run())
	}
}

// describeSocket is a program: how the sockets are that it was given.
func describeSocket() {
	for _, fd := range []int{6, 7} {
		nodelay, err := syscall.GetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY)
		keepalive, err2 := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_KEEPALIVE)
		flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
		fmt.Println(fd, nodelay, keepalive, flags&syscall.O_NONBLOCK, err, err2, errno)
	}
}
