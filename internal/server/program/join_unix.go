//go:build unix && (!linux || portable)

package program

import (
	"os"
	"os/exec"
	"syscall"

	"nettool/internal/server/loop"
)

// join starts the program with the socket as its descriptors 0 and 1, and 2 when
// stderr says so. The socket is the program's alone then.
func join(cmd *exec.Cmd, s *loop.Socket, stderr bool) error {
	f, err := s.File()
	if err != nil {
		return err
	}
	defer f.Close()
	cmd.Stdin, cmd.Stdout = f, f
	if stderr {
		cmd.Stderr = f
	}
	return cmd.Start()
}

// ownGroup puts the program into a session, and so a process group, of its own.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func terminate(p *os.Process) { syscall.Kill(-p.Pid, syscall.SIGTERM) }

func kill(p *os.Process) { syscall.Kill(-p.Pid, syscall.SIGKILL) }
