package upgrade

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// An image and the new one that it has started are joined by a pair of sockets, of
// packets (unix(7)), of which the new one has linkFD. It gets a packet for each
// descriptor, with its name, then given; and says ready once it serves.
const (
	linkFD = 3
	given  = "\x00given"
	ready  = "\x00ready"
)

// longestPacket is more than the name of a listener has, in bytes.
const longestPacket = 8 << 10

// patience is how long a new image may take until it serves.
const patience = time.Minute

// started reports whether an older image has started us, and its pid. The variable
// alone could be a stray one.
func started() (older int, ok bool) {
	pid, err := strconv.Atoi(os.Getenv(sentinel))
	var st unix.Stat_t
	return pid, err == nil && pid == os.Getppid() && unix.Fstat(linkFD, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFSOCK
}

// toOlder is the new image's end of the link.
func toOlder() (*net.UnixConn, error) {
	unix.CloseOnExec(linkFD)
	return connOf(os.NewFile(linkFD, "link"))
}

// connOf is the connection of a socket, which it takes over.
func connOf(f *os.File) (*net.UnixConn, error) {
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	link, ok := c.(*net.UnixConn)
	if !ok {
		c.Close()
		return nil, fmt.Errorf("descriptor %d is a socket of another kind", linkFD)
	}
	return link, nil
}

// receive takes what the older image gives, by name.
func receive(link *net.UnixConn) (Files, error) {
	all := Files{}
	name, rights := make([]byte, longestPacket), make([]byte, unix.CmsgSpace(4))
	for {
		n, rn, flags, _, err := link.ReadMsgUnix(name, rights)
		if err == nil && n == 0 {
			err = io.ErrUnexpectedEOF
		}
		if err == nil && flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0 {
			err = errors.New("a descriptor was cut off by the kernel")
		}
		if err == nil && string(name[:n]) == given {
			return all, nil
		}
		var fd int
		if err == nil {
			fd, err = descriptorIn(rights[:rn])
		}
		if err != nil {
			all.Close()
			return nil, err
		}
		all[string(name[:n])] = os.NewFile(uintptr(fd), string(name[:n]))
	}
}

// descriptorIn is the one that came with a packet. net has made it close-on-exec.
func descriptorIn(rights []byte) (int, error) {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil {
		return 0, err
	}
	if len(messages) != 1 {
		return 0, errors.New("a packet without a descriptor")
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return 0, fmt.Errorf("a packet with %d descriptors: %w", len(fds), err)
	}
	return fds[0], nil
}

// image is a new image, from its start until it serves, or has ended.
type image struct {
	process *os.Process
	link    *net.UnixConn
	ended   chan struct{} // closed when it has
	state   *os.ProcessState
}

// startImage starts what we were started as, in the directory in which that was.
func startImage(dir string) (*image, error) {
	path, err := exec.LookPath(os.Args[0])
	if err != nil {
		return nil, err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "link")
	defer theirs.Close()
	link, err := connOf(os.NewFile(uintptr(pair[0]), "link"))
	if err != nil {
		return nil, err
	}
	process, err := os.StartProcess(path, os.Args, &os.ProcAttr{
		Dir: dir, Env: append(os.Environ(), sentinel+"="+strconv.Itoa(os.Getpid())),
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr, linkFD: theirs},
	})
	if err != nil {
		link.Close()
		return nil, err
	}
	i := &image{process: process, link: link, ended: make(chan struct{})}
	go i.reap()
	return i, nil
}

// reap waits for the image's end, which may be long after ours.
func (i *image) reap() {
	i.state, _ = i.process.Wait()
	close(i.ended)
}

// serve gives the image what it needs, and waits until it serves. If it does not, it is
// ended.
func (i *image) serve(files Files) error {
	defer i.link.Close()
	i.link.SetDeadline(time.Now().Add(patience))
	err := i.give(files)
	if err == nil {
		err = i.hear()
	}
	if err == nil {
		return nil
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("does not serve after %v", patience)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) { // it ends, and will tell more
		select {
		case <-i.ended:
			return fmt.Errorf("the new image, pid %d, has ended: %v", i.process.Pid, i.state)
		case <-time.After(time.Second):
			err = errors.New("has closed the link to us")
		}
	}
	i.process.Kill()
	return fmt.Errorf("the new image, pid %d: %w", i.process.Pid, err)
}

func (i *image) give(files Files) error {
	for name, f := range files {
		raw, err := f.SyscallConn()
		if err != nil {
			return err
		}
		var rights []byte
		if err := raw.Control(func(fd uintptr) { rights = unix.UnixRights(int(fd)) }); err != nil { // Fd would have the socket block, ours too
			return err
		}
		if _, _, err := i.link.WriteMsgUnix([]byte(name), rights, nil); err != nil {
			return err
		}
	}
	_, err := i.link.Write([]byte(given))
	return err
}

func (i *image) hear() error {
	word := make([]byte, len(ready)+1)
	n, err := i.link.Read(word)
	if err == nil && string(word[:n]) != ready {
		err = fmt.Errorf("it says %q", word[:n])
	}
	return err
}

// abandon ends an image that does not serve yet.
func (i *image) abandon() { i.link.SetDeadline(time.Unix(1, 0)) }
