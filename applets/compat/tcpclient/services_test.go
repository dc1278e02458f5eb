//go:build unix

package tcpclient

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// service listens at an address, and answers each client with one of the texts in turn, twice the
// same, after it has heard what ends with end.
func service(t *testing.T, at, end string, heard chan<- string, texts ...string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp4", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for i := 0; ; i++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			var request strings.Builder
			in := bufio.NewReader(conn)
			for !strings.HasSuffix(request.String(), end) {
				line, err := in.ReadString('\n')
				request.WriteString(line)
				if err != nil {
					break
				}
			}
			heard <- request.String()
			conn.Write([]byte(texts[i/2%len(texts)]))
			conn.Close()
		}
	}()
	return l.Addr().String()
}

// sameService runs a tool of theirs, and ours by its name.
func sameService(t *testing.T, name string, heard chan string, args ...string) {
	t.Helper()
	if os.Getenv("NETTOOL_PEERS") == "" {
		t.Skip("scripts/peers.sh runs this")
	}
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing, and CI tests need it", name)
		}
		t.Skip("needs " + name)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var outcomes [2]outcome
	var requests [2]string
	for i, program := range []string{path, self} {
		cmd := exec.Command(program)
		cmd.Args = append([]string{name}, args...)
		cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		outcomes[i] = outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
		if heard != nil {
			requests[i] = <-heard
		}
	}
	if outcomes[0] != outcomes[1] || requests[0] != requests[1] {
		t.Errorf("%s %q:\ngot  %.500q after %q\nwant %.500q after %q", name, args, fmt.Sprint(outcomes[1]), requests[1], fmt.Sprint(outcomes[0]), requests[0])
	}
}

// everything is every byte.
func everything() string {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	return string(all)
}

func TestServices(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("ports below 1024 need root")
	}
	ip := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250))
	heard := make(chan string, 1)
	texts := []string{"", "Mon\r\nTue\r\n", "a\rb\r", everything(), strings.Repeat("x\r\n", 50_000)}
	sameService(t, "date@", nil, ip) // nobody is there
	service(t, ip+":13", "", heard, texts...)
	for range texts {
		sameService(t, "date@", heard, ip)
	}
	service(t, ip+":11", "", heard, everything())
	sameService(t, "who@", heard, ip)
	service(t, ip+":79", "\r\n", heard, texts...)
	for _, user := range []string{"joe", "", "a b"} {
		sameService(t, "finger@", heard, ip, user)
	}
	sameService(t, "finger@", heard, ip)
}

func TestHTTP(t *testing.T) {
	t.Parallel()
	heard := make(chan string, 1)
	texts := []string{
		"", "HTTP/1.0 200 OK\r\n", "HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\nbody\r\n", "\r\nbody", "HTTP/1.0 200 OK\r\nA: b\r\n\r\none\r\n\r\n\ntwo\n\nthree", "x\n\ny\r\n\r",
	}
	address := service(t, "127.0.0.1:0", "\r\n\r\n", heard, texts...)
	host, port, _ := net.SplitHostPort(address)
	for i := range texts {
		sameService(t, "http@", heard, host, []string{"", "a/b?c", "x y"}[i%3], port)
	}
	shut := closed(t)
	sameService(t, "http@", nil, "127.0.0.1", "", shut)
	sameService(t, "http@", nil, "127.0.0.1", "", "nosuchservice")
}

func TestCat(t *testing.T) {
	t.Parallel()
	heard := make(chan string, 1)
	texts := []string{"", "hello\r\nyou", everything(), strings.Repeat("y", 300_000)}
	host, port, _ := net.SplitHostPort(service(t, "127.0.0.1:0", "", heard, texts...))
	for range texts {
		sameService(t, "tcpcat", heard, host, port)
	}
	sameService(t, "tcpcat", nil, "127.0.0.1", closed(t))
	sameService(t, "tcpcat", nil, "0", "nosuchservice")
}
