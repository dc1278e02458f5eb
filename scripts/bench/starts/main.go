// Command starts measures how long programs take from their exec to their first
// answer, and prints a Markdown table. scripts/bench/child.sh runs it.
//
//	starts [-n STARTS] COMMAND…
//
// A COMMAND echoes on the socket that is its standard input and output. All are
// started alternately; ratios are to the first one.
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"nettool/scripts/bench/figures"
)

func main() {
	n := flag.Int("n", 200, "starts of each")
	flag.Parse()
	if err := run(*n, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "starts:", err)
		os.Exit(1)
	}
}

// times are the starts of one command.
type times struct{ elapsed, cpu []time.Duration }

func run(n int, commands []string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	all := make([]times, len(commands))
	for range n {
		for i, command := range commands {
			elapsed, cpu, err := start(listener, strings.Fields(command))
			if err != nil {
				return fmt.Errorf("%s: %w", command, err)
			}
			all[i].elapsed = append(all[i].elapsed, elapsed)
			all[i].cpu = append(all[i].cpu, cpu)
			if err := figures.Write(name(command), figures.Figure{Value: ms(elapsed), Unit: "ms"}, figures.Figure{Value: ms(cpu), Unit: "cpu-ms"}); err != nil {
				return err
			}
		}
	}
	fmt.Printf("| %d starts, exec to the first answer | p50 ms | p95 ms | CPU ms | × |\n|---|---|---|---|---|\n", n)
	for i, t := range all {
		fmt.Printf("| %s | %.2f | %.2f | %.2f | %.2f |\n", name(commands[i]), ms(quantile(t.elapsed, 0.5)), ms(quantile(t.elapsed, 0.95)),
			ms(quantile(t.cpu, 0.5)), ms(quantile(t.elapsed, 0.5))/ms(quantile(all[0].elapsed, 0.5)))
	}
	return nil
}

// start runs a command with a connection over which a byte has come already, and
// waits for that byte.
func start(listener net.Listener, argv []string) (elapsed, cpu time.Duration, err error) {
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return 0, 0, err
	}
	defer client.Close()
	conn, err := listener.Accept()
	if err != nil {
		return 0, 0, err
	}
	file, err := conn.(*net.TCPConn).File()
	conn.Close()
	if err != nil {
		return 0, 0, err
	}
	client.Write([]byte("x"))
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = file, file, os.Stderr
	began := time.Now()
	err = cmd.Start()
	file.Close()
	if err != nil {
		return 0, 0, err
	}
	_, err = io.ReadFull(client, make([]byte, 1))
	elapsed = time.Since(began)
	client.(*net.TCPConn).CloseWrite()
	cmd.Wait()
	return elapsed, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), err
}

// name is a command without its folder.
func name(command string) string {
	program, args, _ := strings.Cut(command, " ")
	return strings.TrimSpace(filepath.Base(program) + " " + args)
}

func quantile(d []time.Duration, q float64) time.Duration {
	slices.Sort(d)
	return d[min(int(q*float64(len(d))), len(d)-1)]
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
