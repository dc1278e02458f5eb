// Command soak is scripts/trial/soak.sh: servers of every model, the load on them, and what
// they have meanwhile.
//
//	main.go		one run
//	server.go	a server that is watched, and disturbed
//	load.go		the clients
//	watch.go	samples, and the verdict
//	plot.go		the picture
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"
)

func main() {
	minutes := flag.Float64("minutes", 10, "how long")
	svg := flag.String("svg", "soak.svg", "the picture")
	dir := flag.String("dir", "", "a folder for the servers' files")
	flag.Parse()
	if err := run(time.Duration(*minutes*float64(time.Minute)), *dir, *svg); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// rests is how often the load rests.
const rests = 6

// run serves for so long.
func run(long time.Duration, dir, svg string) error {
	servers, err := startAll(dir)
	defer stopAll(servers)
	if err != nil {
		return err
	}
	w := newWatch(servers)
	for i := range rests {
		loads := newLoads(dir)
		ctx, cancel := context.WithTimeout(context.Background(), long/rests)
		loads.run(ctx, servers, i)
		w.during(ctx)
		cancel()
		loads.wait()
		w.loads.add(loads)
		if err := w.rest(); err != nil {
			return err
		}
		fmt.Printf("rest %d of %d: %s\n", i+1, rests, w.loads.line())
	}
	if err := os.WriteFile(svg, w.plot(), 0o644); err != nil {
		return err
	}
	fmt.Print(w.table())
	fmt.Println("drawn in", svg)
	return errors.Join(w.verdict(), w.loads.verdict())
}

// startAll starts one server of each model, and one that receives files.
func startAll(dir string) (servers []*server, err error) {
	cert, err := certificate(dir)
	if err != nil {
		return nil, err
	}
	streams := append([]string{"127.0.0.1:0", "--listen", "tls:127.0.0.1:0", "--listen", "udp:127.0.0.1:0", "-c", "400", "--idle", "5s", "--deny", "127.9.0.0/16"}, cert...)
	builtin := []string{"--quit-on", "quit", "--first-byte", "2s"}
	for _, s := range []struct {
		name string
		args []string
	}{
		{"pool", append(append([]string{}, append(streams, builtin...)...), "--max-requests", "50")},
		{"in-process", append(append([]string{}, append(streams, builtin...)...), "--in-process")},
		{"program", append(append([]string{}, streams...), "cat")},
		{"receive", []string{"127.0.0.1:0", "--handler", "receive", "--dir", dir + "/received", "--idle", "5s"}},
	} {
		one, err := start(dir, s.name, s.args)
		if one != nil {
			servers = append(servers, one)
		}
		if err != nil {
			return servers, fmt.Errorf("start %s: %w", s.name, err)
		}
	}
	return servers, nil
}

func stopAll(servers []*server) {
	var all sync.WaitGroup
	for _, s := range servers {
		all.Go(s.stop)
	}
	all.Wait()
}
