package sandbox

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// inmates are what a test has a process do in a sandbox. They say what they could
// do, a line each.
func inmates() map[string]func(args []string) {
	return map[string]func(args []string){
		"attack":  attackAll,
		"files":   attackFiles,
		"network": attackNetwork,
		"work":    work,
		"wait":    func([]string) {},
		"threads": func([]string) { everyThread() },
		"facts":   func([]string) { facts() },
	}
}

// succeeded says so if something could be done.
func succeeded(what string, err error) {
	if err == nil || err == unix.Errno(0) {
		fmt.Println(what)
	}
}

// attackAll tries all that a process must not do to others: those with these pids,
// and its own kind.
func attackAll(pids []string) {
	for _, text := range pids {
		pid, _ := strconv.Atoi(text)
		attack(pid)
	}
	succeeded("fork", fork())
	succeeded("setsid", second(unix.Setsid()))
	succeeded("unshare", unix.Unshare(unix.CLONE_NEWUSER))
	_, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 1, uintptr(unsafe.Pointer(new([128]byte))), 0)
	succeeded("io_uring", errno)
	succeeded("host name", unix.Sethostname([]byte("x")))
	unix.Exec("/bin/echo", []string{"echo", "exec"}, nil)
	fmt.Println("end")
}

// fork makes a process that ends at once.
func fork() error {
	pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 {
		return errno
	}
	if pid == 0 {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
	return second(unix.Wait4(int(pid), nil, 0, nil))
}

func second[T any](_ T, err error) error { return err }

// attack tries what could be done to another process.
func attack(pid int) {
	try := func(what string, err error) { succeeded(fmt.Sprint(what, " ", pid), err) }
	pidfd, err := unix.PidfdOpen(pid, 0)
	try("pidfd_open", err)
	try("pidfd_getfd", second(unix.PidfdGetfd(pidfd, 0, 0)))
	try("pidfd_send_signal", unix.PidfdSendSignal(pidfd, 0, nil, 0))
	try("kill", unix.Kill(pid, 0))
	try("kill of the group", unix.Kill(-pid, 0))
	try("tgkill", unix.Tgkill(pid, pid, 0))
	_, _, errno := unix.Syscall(unix.SYS_TKILL, uintptr(pid), 0, 0)
	try("tkill", errno)
	try("ptrace", unix.PtraceSeize(pid))
	var word [8]byte
	local := []unix.Iovec{{Base: &word[0]}}
	local[0].SetLen(len(word))
	remote := []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&word[0])), Len: len(word)}}
	try("process_vm_readv", second(unix.ProcessVMReadv(pid, local, remote, 0)))
	var limit unix.Rlimit
	try("prlimit", unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit))
	try("setpriority", unix.Setpriority(unix.PRIO_PROCESS, pid, 19))
	var set unix.CPUSet
	set.Set(0)
	try("sched_setaffinity", unix.SchedSetaffinity(pid, &set))
	for _, file := range []string{"mem", "environ", "fd/0", "root", "oom_score_adj"} {
		fd, err := unix.Open(fmt.Sprintf("/proc/%d/%s", pid, file), unix.O_RDONLY, 0)
		try("open "+file, err)
		unix.Close(fd)
	}
}

// attackFiles tries to do things to the files of a folder.
func attackFiles(args []string) {
	dir := args[0]
	file := filepath.Join(dir, "file")
	succeeded("read", second(unix.Open(file, unix.O_RDONLY, 0)))
	succeeded("write", second(unix.Open(file, unix.O_WRONLY, 0)))
	succeeded("list", second(unix.Open(dir, unix.O_RDONLY, 0)))
	succeeded("make", unix.Mkdir(filepath.Join(dir, "new"), 0o700))
	succeeded("chmod", unix.Chmod(file, 0o777))
	succeeded("fchmodat", unix.Fchmodat(unix.AT_FDCWD, file, 0o777, 0))
	succeeded("utimes", unix.UtimesNanoAt(unix.AT_FDCWD, file, make([]unix.Timespec, 2), 0))
	succeeded("setxattr", unix.Setxattr(file, "user.x", []byte("x"), 0))
	succeeded("move", unix.Rename(file, filepath.Join(dir, "moved")))
	succeeded("truncate", unix.Truncate(filepath.Join(dir, "moved"), 0))
	succeeded("remove", unix.Unlink(filepath.Join(dir, "moved")))
}

// attackNetwork tries to make sockets, and to connect to these addresses.
func attackNetwork(args []string) {
	for name, s := range map[string][3]int{
		"tcp": {unix.AF_INET, unix.SOCK_STREAM | unix.SOCK_CLOEXEC}, "tcp6": {unix.AF_INET6, unix.SOCK_STREAM, unix.IPPROTO_TCP},
		"udp": {unix.AF_INET, unix.SOCK_DGRAM}, "raw": {unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP},
		"mptcp": {unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP}, "sctp": {unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_SCTP},
		"unix": {unix.AF_UNIX, unix.SOCK_STREAM}, "unixgram": {unix.AF_UNIX, unix.SOCK_DGRAM}, "netlink": {unix.AF_NETLINK, unix.SOCK_RAW},
		"vsock": {unix.AF_VSOCK, unix.SOCK_STREAM},
	} {
		fd, err := unix.Socket(s[0], s[1], s[2])
		succeeded(name, err)
		if err == nil && name == "tcp" {
			succeeded("bind", unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
			succeeded("bind to 1", unix.Bind(fd, &unix.SockaddrInet4{Port: 1, Addr: [4]byte{127, 0, 0, 1}}))
			succeeded("listen", unix.Listen(fd, 1))
		}
	}
	_, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	succeeded("pair", err)
	for _, arg := range args {
		succeeded(arg, connectTo(arg))
	}
}

// connectTo connects to PORT of 127.0.0.1, or to a unix socket.
func connectTo(arg string) error {
	family, to := unix.AF_UNIX, unix.Sockaddr(&unix.SockaddrUnix{Name: arg})
	if port, err := strconv.Atoi(arg); err == nil {
		family, to = unix.AF_INET, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	return unix.Connect(fd, to)
}

// work does all that a handler may do, on many threads.
func work([]string) {
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			runtime.LockOSThread() // each has a thread, which ends with it
			r, w, err := os.Pipe()
			if err != nil {
				fmt.Println(err)
				return
			}
			w.WriteString("bytes")
			w.Close()
			if got, err := io.ReadAll(r); string(got) != "bytes" {
				fmt.Println(got, err)
			}
			r.Close()
			runtime.GC()
		})
	}
	all.Wait()
	fmt.Println("done")
}

// everyThread says which of its threads can open a file.
func everyThread() {
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			runtime.LockOSThread()
			if _, err := unix.Open("/etc/passwd", unix.O_RDONLY, 0); err != unix.EACCES {
				fmt.Println("open:", err)
			}
		})
	}
	all.Wait()
}

// facts says what the kernel tells about this process.
func facts() {
	dumpable, _ := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	noNewPrivs, _ := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var held [2]unix.CapUserData
	unix.Capget(&head, &held[0])
	fmt.Println("dumpable", dumpable, "no_new_privs", noNewPrivs, "capabilities", held[0].Permitted|held[1].Permitted)
}

// whole skips a test where the sandbox cannot be whole.
func whole(t *testing.T) {
	t.Helper()
	if err := Lacks(Needs{Connect: []uint16{1}}); err != nil {
		t.Skip(err)
	}
}

// nobody is a user without rights.
const nobody = 65534

// users are those that a test can be.
func users() []uint32 {
	if os.Getuid() == 0 {
		return []uint32{0, nobody}
	}
	return []uint32{uint32(os.Getuid())}
}

// TestAttack: nothing can be done to a parent, to a sibling, or to anything else.
func TestAttack(t *testing.T) {
	t.Parallel()
	whole(t)
	for _, user := range users() {
		sibling, _ := start(t, user, "", "wait", "inside")
		_, done := start(t, user, "", "attack", "inside", strconv.Itoa(os.Getpid()), strconv.Itoa(sibling))
		check(t, done(), "end")
	}
}

// TestAttackOutside: without a sandbox it can, or the test would not see anything.
func TestAttackOutside(t *testing.T) {
	t.Parallel()
	sibling, _ := start(t, 0, "", "wait", "outside")
	_, done := start(t, 0, "", "attack", "outside", strconv.Itoa(sibling))
	said := done()
	if !strings.Contains(said, "fork\n") || !strings.HasSuffix(said, "exec\n") {
		t.Errorf("cannot fork and exec outside of a sandbox: %q", said)
	}
	for _, what := range []string{"kill", "tgkill", "pidfd_open", "prlimit", "open environ", "setpriority"} {
		if !strings.Contains(said, fmt.Sprint(what, " ", sibling, "\n")) {
			t.Errorf("cannot %s outside of a sandbox: %q", what, said)
		}
	}
}

// folder is a folder with a file in it, open to all.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sandbox")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	os.Chmod(dir, 0o777)
	file := filepath.Join(dir, "file")
	os.WriteFile(file, []byte("text"), 0o666)
	os.Chmod(file, 0o666)
	return dir
}

// TestFiles: none can be touched, but for those that a handler needs.
func TestFiles(t *testing.T) {
	t.Parallel()
	whole(t)
	for _, user := range users() {
		dir := folder(t)
		_, done := start(t, user, "", "files", "inside", dir)
		check(t, done())
		_, done = start(t, user, "SANDBOX_TEST_WRITE="+folder(t), "files", "inside", dir)
		if said := done(); strings.Contains(said, "read") || strings.Contains(said, "make") {
			t.Errorf("files beside the folder: %q", said)
		}
	}
	dir := folder(t)
	_, done := start(t, 0, "SANDBOX_TEST_WRITE="+dir, "files", "inside", dir)
	if said := done(); !strings.Contains(said, "read\nwrite\nlist\nmake\n") || !strings.Contains(said, "move\ntruncate\nremove\n") {
		t.Errorf("the folder that is needed: %q", said)
	}
}

// TestNetwork: there is none, but for handlers that need it.
func TestNetwork(t *testing.T) {
	t.Parallel()
	whole(t)
	one, two := listen(t, "tcp", "127.0.0.1:0"), listen(t, "tcp", "127.0.0.1:0")
	file, abstract := listen(t, "unix", filepath.Join(t.TempDir(), "s")), listen(t, "unix", "@nettool-sandbox-test-"+one)
	attack := func(env string, want ...string) {
		t.Helper()
		_, done := start(t, 0, env, "network", "inside", one, two, file, abstract)
		check(t, done(), want...)
	}
	attack("")
	attack("SANDBOX_TEST_CONNECT="+one, "tcp", "tcp6", one)
	attack("SANDBOX_TEST_CONNECT="+one+" "+two+",SANDBOX_TEST_FROM=1", "tcp", "tcp6", "bind", one, two)
	attack("SANDBOX_TEST_UNIX=1", "unix", file)
	attack("SANDBOX_TEST_UNIX=1,SANDBOX_TEST_ABSTRACT=1,SANDBOX_TEST_CONNECT="+two, "tcp", "tcp6", "unix", two, file, abstract)
}

// listen listens, and returns the port, or the unix socket's name.
func listen(t *testing.T, network, addr string) string {
	t.Helper()
	config := net.ListenConfig{}
	config.SetMultipathTCP(false)
	l, err := config.Listen(t.Context(), network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if tcp, ok := l.Addr().(*net.TCPAddr); ok {
		return strconv.Itoa(tcp.Port)
	}
	return addr
}

// TestWork: what handlers do works, also in threads that begin later.
func TestWork(t *testing.T) {
	t.Parallel()
	_, done := start(t, 0, "", "work", "inside")
	check(t, done(), "done")
	_, done = start(t, 0, "", "threads", "inside")
	check(t, done())
}

// TestThreads: those that were there before are in the sandbox, too.
func TestThreads(t *testing.T) {
	t.Parallel()
	whole(t)
	for _, user := range users() {
		pid, _ := start(t, user, "", "wait", "inside")
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
		if len(tasks) < 2 || err != nil {
			t.Errorf("%d threads: %v", len(tasks), err)
		}
		for _, task := range tasks {
			status, err := os.ReadFile(task)
			if os.IsPermission(err) {
				t.Skip("not dumpable: only root can look")
			}
			for _, want := range []string{"NoNewPrivs:\t1\n", "Seccomp:\t2\n", "CapPrm:\t0000000000000000\n"} {
				if !strings.Contains(string(status), want) {
					t.Errorf("%s: %q is not in\n%s", task, want, status)
				}
			}
		}
	}
}

// TestFacts: what the kernel tells.
func TestFacts(t *testing.T) {
	t.Parallel()
	for _, user := range users() {
		_, done := start(t, user, "", "facts", "inside")
		check(t, done(), "dumpable 0 no_new_privs 1 capabilities 0")
	}
}

// TestLacks: asking changes nothing for this process.
func TestLacks(t *testing.T) {
	t.Parallel()
	whole(t)
	if err := Lacks(Needs{}); err != nil {
		t.Errorf("the second time: %v", err)
	}
	if _, err := os.ReadFile("/proc/self/status"); err != nil {
		t.Error(err)
	}
}
