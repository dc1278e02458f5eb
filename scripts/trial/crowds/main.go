// Command crowds is the clients of scripts/trial/flood.sh and scripts/trial/exhaust.sh.
//
//	crowds flood ADDRESS SILENT WORKERS WITHIN
//	crowds sources ADDRESS N
//	crowds hold ADDRESS N
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "crowds:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 3 {
		return fmt.Errorf("want a mode, an address and a number")
	}
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	switch args[0] {
	case "flood":
		if len(args) < 5 {
			return fmt.Errorf("want ADDRESS SILENT WORKERS WITHIN")
		}
		workers, err := strconv.Atoi(args[3])
		if err != nil {
			return err
		}
		within, err := time.ParseDuration(args[4])
		if err != nil {
			return err
		}
		return flood(args[1], n, workers, within)
	case "sources":
		return sources(args[1], n)
	case "hold":
		return hold(args[1], n)
	}
	return fmt.Errorf("unknown mode %q", args[0])
}

// patience bounds every wait.
const patience = time.Minute

// dial connects from a source address, or from any when it is empty.
func dial(source, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: patience}
	if source != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(source)}
	}
	c, err := d.Dial("tcp", addr)
	if err == nil {
		c.SetDeadline(time.Now().Add(patience))
	}
	return c, err
}

// ask sends a word to an echo server and returns how long the answer took, from
// before the connection was there.
func ask(source, addr string) (time.Duration, error) {
	began := time.Now()
	c, err := dial(source, addr)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	word := []byte("work")
	if _, err := c.Write(word); err != nil {
		return 0, err
	}
	_, err = io.ReadFull(c, word)
	return time.Since(began), err
}

// flood opens connections from 20 sources that say nothing, until the server
// closes them, and has workers from another source ask meanwhile.
func flood(addr string, silent, workers int, within time.Duration) error {
	var quiet, busy sync.WaitGroup
	began := time.Now()
	half := make(chan struct{}, silent)
	for i := range silent {
		source := fmt.Sprintf("127.0.1.%d", i%20+1)
		quiet.Go(func() { sitOut(source, addr, half) })
	}
	for range silent / 2 { // the workers come into the middle of it
		<-half
	}
	var mu sync.Mutex
	var took []time.Duration
	var failures []error
	for range workers {
		busy.Go(func() {
			d, err := ask("127.0.2.1", addr)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failures = append(failures, err)
				return
			}
			took = append(took, d)
		})
		time.Sleep(20 * time.Millisecond) // over a second, not all at one moment
	}
	busy.Wait()
	quiet.Wait()
	slices.Sort(took)
	if len(failures) > 0 {
		return fmt.Errorf("%d of %d workers failed, the first: %w", len(failures), workers, failures[0])
	}
	fmt.Printf("%d workers answered: median %v, worst %v; %d silent clients gone after %v\n",
		len(took), took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond),
		silent, time.Since(began).Round(time.Millisecond))
	if worst := took[len(took)-1]; worst > within {
		return fmt.Errorf("a worker waited %v", worst)
	}
	return nil
}

// sitOut connects and says nothing until the server ends it.
func sitOut(source, addr string, there chan<- struct{}) {
	c, err := dial(source, addr)
	there <- struct{}{}
	if err != nil {
		return
	}
	defer c.Close()
	io.Copy(io.Discard, c)
}

// sources asks from n addresses of 127.0.0.0/8, each once.
func sources(addr string, n int) error {
	next := make(chan int)
	var all sync.WaitGroup
	var mu sync.Mutex
	var failure error
	for range 16 {
		all.Go(func() {
			for i := range next {
				if _, err := ask(fmt.Sprintf("127.%d.%d.%d", 16+i>>16, i>>8&255, i&255), addr); err != nil {
					mu.Lock()
					failure = fmt.Errorf("source %d: %w", i, err)
					mu.Unlock()
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
	return failure
}

// hold opens n connections at once and asks on each, keeps those that are
// answered until standard input ends, and says how many were answered and how
// many were closed.
func hold(addr string, n int) error {
	var all, told sync.WaitGroup
	var mu sync.Mutex
	answered, closed := 0, 0
	release := make(chan struct{})
	told.Add(n)
	for range n {
		all.Go(func() {
			in := false
			c, err := dial("", addr)
			if err == nil {
				defer c.Close()
				c.SetDeadline(time.Time{})
				c.Write([]byte("x"))
				got, _ := c.Read(make([]byte, 1))
				in = got == 1
			}
			mu.Lock()
			if in {
				answered++
			} else {
				closed++
			}
			fmt.Printf("%d answered, %d closed\n", answered, closed)
			mu.Unlock()
			told.Done()
			if in {
				<-release
			}
		})
	}
	io.Copy(io.Discard, os.Stdin)
	close(release)
	told.Wait()
	all.Wait()
	return nil
}
