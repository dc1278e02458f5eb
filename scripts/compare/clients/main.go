// Command clients runs connect, nc, ncat and socat against peers that
// behave in ways that clients get wrong, and prints a Markdown table of what each
// delivered, how it exited and what it said. scripts/compare/clients.sh runs it.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"nettool/internal/zoo"
)

// limit is when a client that does not end is killed.
const limit = 8 * time.Second

func main() {
	only := flag.String("only", "", "rows whose name has this")
	flag.Parse()
	fmt.Println("| peer | should | tool | exit | time | to the peer | from the peer | message |")
	fmt.Println("|---|---|---|---|---|---|---|---|")
	for _, r := range rows() {
		if !strings.Contains(r.name, *only) {
			continue
		}
		printRow(r)
	}
}

// printRow runs every tool that is there, all at once.
func printRow(r row) {
	results := make([]string, len(order))
	var work sync.WaitGroup
	for i, tool := range order {
		command := r.tools[tool]
		work.Go(func() { results[i] = run(r, command) })
	}
	work.Wait()
	name, want := r.name, r.want
	for i, tool := range order {
		if _, err := exec.LookPath(program(r.tools[tool])); err != nil {
			results[i] = "not installed | | | | "
		}
		fmt.Printf("| %s | %s | %s | %s |\n", name, want, tool, results[i])
		name, want = "", ""
	}
}

func program(command string) string {
	words := strings.Fields(command)
	if words[0] == "timeout" {
		return words[2]
	}
	return words[0]
}

// run has one tool talk to a peer of its own and tells how it went.
func run(r row, command string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err.Error()
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	got, end := 0, func() {}
	if r.kind == "" {
		l.Close()
	} else {
		behave, err := zoo.Behaviour(strings.Fields(r.kind))
		if err != nil {
			l.Close()
			return err.Error()
		}
		end = zoo.Serve(l, behave, func(v *zoo.Visit) { got = v.Got.Len() }).Close
	}
	out, code, elapsed, said := client(r.input, strings.ReplaceAll(command, "%p", port))
	time.Sleep(200 * time.Millisecond) // what is on its way may still arrive
	end()
	return fmt.Sprintf("%s | %.1f s | %d | %d | %s", code, elapsed.Seconds(), got, out, said)
}

// counter counts what it is told.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// client runs a tool at the end of a pipe.
func client(input, command string) (out int64, code string, elapsed time.Duration, said string) {
	feeder := exec.Command("sh", "-c", input)
	feeder.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := feeder.StdoutPipe()
	if err != nil {
		return 0, err.Error(), 0, ""
	}
	var count counter
	var stderr bytes.Buffer
	cmd := exec.Command("sh", "-c", "exec "+command)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin.(*os.File), &count, &stderr
	cmd.WaitDelay = time.Second
	if err := errors.Join(feeder.Start(), cmd.Start()); err != nil {
		return 0, err.Error(), 0, ""
	}
	stdin.Close()
	killed := time.AfterFunc(limit, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	begin := time.Now()
	cmd.Wait()
	elapsed = time.Since(begin)
	code = fmt.Sprint(cmd.ProcessState.ExitCode())
	if !killed.Stop() {
		code = "hangs"
	}
	syscall.Kill(-feeder.Process.Pid, syscall.SIGKILL)
	feeder.Wait()
	return int64(count), code, elapsed, cell(&stderr)
}

// cell is the first line of a message, for a table.
func cell(r io.Reader) string {
	text, _ := io.ReadAll(r)
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	return strings.ReplaceAll(line, "|", "\\|")
}
