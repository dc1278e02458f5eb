package program

import (
	"io"
	"os"
	"os/exec"
	"syscall"

	"nettool/internal/server/loop"
)

// join starts the program with pipes as its standard input and output, and
// relays between them and the socket: a socket is no file that every program can
// read here.
func join(cmd *exec.Cmd, s *loop.Socket, stderr bool) error {
	conn, err := s.Stream()
	if err != nil {
		return err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		conn.Close()
		return err
	}
	out, w, err := os.Pipe()
	if err != nil {
		conn.Close()
		return err
	}
	cmd.Stdout = w
	if stderr {
		cmd.Stderr = w
	}
	err = cmd.Start()
	w.Close()
	if err != nil {
		out.Close()
		conn.Close()
		return err
	}
	go feed(in, conn)
	go deliver(conn, out)
	return nil
}

// feed brings what the peer sends to the program, until either is done.
func feed(in io.WriteCloser, conn loop.Stream) {
	io.Copy(in, conn)
	in.Close()
	conn.CloseRead()
}

// deliver brings what the program says to the peer, and closes the connection
// when there is no more.
func deliver(conn loop.Stream, out *os.File) {
	io.Copy(conn, out)
	out.Close()
	conn.Close()
}

func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// A program can be told nothing here, but to end at once.
func terminate(p *os.Process) { p.Kill() }

func kill(p *os.Process) { p.Kill() }
