// Command talkers is the clients of scripts/trial/datagrams.sh: one socket that sends from
// very many addresses of 127.0.0.0/8, as one who forges them would, or as so many peers.
//
//	talkers hold ADDRESS N ROUNDS	N peers converse: each asks ROUNDS times, and again what
//					is not answered; each answer must come once
//	talkers forge ADDRESS N		N addresses send one datagram each, and nobody waits
//	talkers once ADDRESS N BURST	N peers send BURST datagrams each, ten of them at once, and
//					count what comes back: nothing is sent again
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "talkers:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 3 {
		return errors.New("want a mode, an address and numbers")
	}
	t, err := newTalkers(args[1])
	if err != nil {
		return err
	}
	var numbers [2]int
	for i := range min(len(args)-2, 2) {
		if numbers[i], err = strconv.Atoi(args[2+i]); err != nil {
			return err
		}
	}
	switch args[0] {
	case "hold":
		return t.hold(numbers[0], numbers[1])
	case "forge":
		return t.forge(numbers[0])
	case "once":
		return t.once(numbers[0], numbers[1])
	}
	return fmt.Errorf("unknown mode %q", args[0])
}

// talkers are many peers with one socket.
type talkers struct {
	conn *net.UDPConn
	to   *net.UDPAddr
}

func newTalkers(addr string) (*talkers, error) {
	to, err := net.ResolveUDPAddr("udp4", addr)
	if err != nil {
		return nil, err
	}
	c, err := net.ListenUDP("udp4", nil)
	if err != nil {
		return nil, err
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	err = raw.Control(func(fd uintptr) {
		unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
		if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20) != nil {
			unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 64<<20)
		}
	})
	return &talkers{c, to}, err
}

// source is the address of peer number i.
func source(i int) [4]byte { return [4]byte{127, byte(1 + i>>16), byte(i >> 8), byte(i)} }

// send sends datagram number n of peer number i.
func (t *talkers) send(i, n int) error {
	oob := unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: source(i)})
	var text [64]byte
	binary.BigEndian.PutUint32(text[:], uint32(i))
	binary.BigEndian.PutUint32(text[4:], uint32(n))
	_, _, err := t.conn.WriteMsgUDP(text[:], oob, t.to)
	if errors.Is(err, unix.ECONNREFUSED) { // of an earlier one
		_, _, err = t.conn.WriteMsgUDP(text[:], oob, t.to)
	}
	return err
}

// answer is what an answer says: whose it is, and to which of its datagrams; and whether it
// went to somebody else.
type answer struct {
	peer, number int
	astray       bool
}

// hear returns the answers that come in the next datagram: one, unless the server joins
// what should be apart; none when nothing comes for a while.
func (t *talkers) hear(wait time.Duration) (all []answer, err error) {
	var text [4096]byte
	var oob [128]byte
	t.conn.SetReadDeadline(time.Now().Add(wait))
	size, control, _, _, err := t.conn.ReadMsgUDP(text[:], oob[:])
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, unix.ECONNREFUSED) {
		return nil, nil
	}
	if err != nil || size%64 != 0 {
		return nil, fmt.Errorf("%d bytes of 64, %v", size, err)
	}
	messages, err := unix.ParseSocketControlMessage(oob[:control])
	if err != nil || len(messages) == 0 {
		return nil, fmt.Errorf("no address: %v", err)
	}
	to := [4]byte(messages[0].Data[8:12])
	for b := text[:size]; len(b) > 0; b = b[64:] {
		a := answer{peer: int(binary.BigEndian.Uint32(b)), number: int(binary.BigEndian.Uint32(b[4:]))}
		a.astray = source(a.peer) != to
		all = append(all, a)
	}
	return all, nil
}

// window is how many peers ask at the same time.
const window = 64

// hold has all peers ask, round after round.
func (t *talkers) hold(peers, rounds int) error {
	heard := make([]int, peers)
	again, twice := 0, 0
	for n := range rounds {
		for first := 0; first < peers; first += window {
			last := min(first+window, peers)
			for i := first; i < last; i++ {
				if err := t.send(i, n); err != nil {
					return err
				}
			}
			for open := last - first; open > 0; {
				got, err := t.hear(2 * time.Second)
				switch {
				case err != nil || len(got) > 1 || len(got) == 1 && got[0].astray:
					return fmt.Errorf("answers %v, %v", got, err)
				case len(got) == 0 && again > 10*peers:
					return fmt.Errorf("round %d: %d of %d to %d are not answered", n, open, first, last)
				case len(got) == 0:
					for i := first; i < last; i++ {
						if heard[i] == n {
							again++
							t.send(i, n)
						}
					}
				case got[0].number != n || heard[got[0].peer] != n:
					twice++
				default:
					heard[got[0].peer]++
					open--
				}
			}
		}
	}
	fmt.Printf("%d peers, %d datagrams each, all answered: %d sent again, %d answered twice\n", peers, rounds, again, twice)
	if twice > again {
		return errors.New("answers came twice")
	}
	return nil
}

// forge sends from very many addresses.
func (t *talkers) forge(n int) error {
	began := time.Now()
	for i := range n {
		if err := t.send(i, 0); err != nil {
			return err
		}
	}
	fmt.Printf("%d sources in %.1f s\n", n, time.Since(began).Seconds())
	return nil
}

// together is how many peers send at once.
const together = 10

// once counts what comes back of what was sent at once.
func (t *talkers) once(peers, burst int) error {
	heard := map[answer]int{}
	lost, twice, joined, astray := 0, 0, 0, 0
	for first := 0; first < peers; first += together {
		last := min(first+together, peers)
		for n := range burst {
			for i := first; i < last; i++ {
				if err := t.send(i, n); err != nil {
					return err
				}
			}
		}
		for open := burst * (last - first); open > 0; {
			all, err := t.hear(time.Second)
			if err != nil {
				return err
			}
			if len(all) == 0 {
				break
			}
			joined += len(all) - 1
			for _, a := range all {
				if a.astray {
					astray++
					open--
				} else if heard[a]++; heard[a] > 1 {
					twice++
				} else if a.peer >= first {
					open--
				}
			}
		}
	}
	for i := range peers {
		for n := range burst {
			if heard[answer{peer: i, number: n}] == 0 {
				lost++
			}
		}
	}
	fmt.Printf("%d peers, %d datagrams each at once: %d lost, %d of them to other peers, %d twice, %d joined to others\n", peers, burst, lost, astray, twice, joined)
	return nil
}
