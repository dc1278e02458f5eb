package applets_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdTerminal runs a program whose standard error is a terminal of 100 columns,
// and whose standard output is one too with "both":
//
//	terminal stderr|both PROGRAM [ARG…]
//
// What the terminal shows is in the file "screen", and what went to a standard
// output that is no terminal in "out". The program must succeed.
func cmdTerminal(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || args[0] != "stderr" && args[0] != "both" {
		ts.Fatalf("usage: terminal stderr|both PROGRAM [ARG…]")
	}
	master, slave, err := openTerminal()
	ts.Check(err)
	defer master.Close()
	cmd := exec.Command(resolve(ts, args[1]), args[2:]...)
	cmd.Args[0] = args[1]
	cmd.Dir, cmd.Env = ts.MkAbs("."), environ(ts)
	var out, screen bytes.Buffer
	cmd.Stderr, cmd.Stdout = slave, &out
	if args[0] == "both" {
		cmd.Stdout = slave
	}
	err = cmd.Start()
	slave.Close()
	ts.Check(err)
	timer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	io.Copy(&screen, master) // ends with EIO when the last slave is closed
	err = cmd.Wait()
	timer.Stop()
	ts.Check(os.WriteFile(ts.MkAbs("screen"), screen.Bytes(), 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("out"), out.Bytes(), 0o644))
	if neg != (err != nil) {
		ts.Fatalf("%s: %v; the screen:\n%s", strings.Join(args[1:], " "), err, screen.String())
	}
}

// openTerminal returns a new pseudo-terminal (pty(7)).
func openTerminal() (master, slave *os.File, err error) {
	if master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		return nil, nil, err
	}
	var unlock, number int32
	size := [4]uint16{30, 100}
	fd := master.Fd()
	for _, call := range []struct {
		request uintptr
		arg     unsafe.Pointer
	}{
		{syscall.TIOCSPTLCK, unsafe.Pointer(&unlock)},
		{syscall.TIOCGPTN, unsafe.Pointer(&number)},
		{syscall.TIOCSWINSZ, unsafe.Pointer(&size)},
	} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, call.request, uintptr(call.arg)); errno != 0 {
			return nil, nil, errno
		}
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	return master, slave, err
}
