package sandbox

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// TestMain lets the test binary be what is in a sandbox: see inmates.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if inmate, ok := inmates()[os.Args[1]]; ok {
			os.Exit(run(inmate))
		}
		if !strings.HasPrefix(os.Args[1], "-") {
			os.Exit(9) // not a test's command line
		}
	}
	goleak.VerifyTestMain(m)
}

// run enters the sandbox and does what an inmate does there, once the parent has
// said a word.
func run(inmate func(args []string)) int {
	enter := Enter
	if os.Args[2] == "outside" {
		enter = func(Needs) error { return nil }
	}
	if err := enter(needs()); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("inside")
	unix.Read(0, make([]byte, 1))
	inmate(os.Args[3:])
	return 0
}

// needs are what the environment says.
func needs() Needs {
	var n Needs
	if dir := os.Getenv("SANDBOX_TEST_WRITE"); dir != "" {
		n.Write = []string{dir}
	}
	for port := range strings.FieldsSeq(os.Getenv("SANDBOX_TEST_CONNECT")) {
		p, _ := strconv.Atoi(port)
		n.Connect = append(n.Connect, uint16(p))
	}
	n.From = os.Getenv("SANDBOX_TEST_FROM") != ""
	n.Unix = os.Getenv("SANDBOX_TEST_UNIX") != ""
	n.Abstract = os.Getenv("SANDBOX_TEST_ABSTRACT") != ""
	return n
}

// start starts an inmate, and waits until it is in its sandbox. done ends it, and is
// what it has said.
func start(t *testing.T, user uint32, env string, args ...string) (pid int, done func() string) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(append(cmd.Environ(), strings.Split(env, ",")...), "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	if user != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user, NoSetGroups: true}}
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	const inside = "inside\n"
	word := make([]byte, len(inside))
	if n, err := io.ReadFull(out, word); string(word) != inside {
		rest, _ := io.ReadAll(out)
		t.Errorf("the inmate says %q, %v", string(word[:n])+string(rest), err)
	}
	said, ended := "", false
	done = func() string {
		if ended {
			return said
		}
		ended = true
		in.Close()
		all, _ := io.ReadAll(out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%q: %v\n%s", args, err, all)
		}
		said = string(all)
		return said
	}
	t.Cleanup(func() { done() })
	return cmd.Process.Pid, done
}

// check tests that an inmate has said just these lines, in any order.
func check(t *testing.T, said string, want ...string) {
	t.Helper()
	got := strings.Split(strings.TrimSuffix(said, "\n"), "\n")
	if said == "" {
		got = nil
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the inmate says %q, want %q", got, want)
	}
}
