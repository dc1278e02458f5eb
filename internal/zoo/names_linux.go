package zoo

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
)

// serveNames is a resolver on port 53 of an address of its own in 127/8 (it
// needs root). It knows no name until it is opened, and then every name is
// 127.0.0.1. dir/resolv.conf points to it.
func (t *Target) serveNames(dir string) (err error) {
	ip := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250))
	t.Addr = ip + ":53"
	if t.packets, err = net.ListenPacket("udp", t.Addr); err != nil {
		return err
	}
	t.running.Go(t.answerNames)
	return os.WriteFile(filepath.Join(dir, "resolv.conf"), []byte("nameserver "+ip+"\n"), 0o644)
}

func (t *Target) answerNames() {
	buf := make([]byte, 1500)
	for {
		n, from, err := t.packets.ReadFrom(buf)
		if err != nil {
			return
		}
		t.accepted.Add(1)
		if answer := nameAnswer(buf[:n], t.opened.Load()); answer != nil {
			t.packets.WriteTo(answer, from)
		}
	}
}

// nameAnswer answers one question (RFC 1035): 127.0.0.1 for an A, nothing for
// other types, or that there is no such name.
func nameAnswer(query []byte, known bool) []byte {
	end := 12
	for end < len(query) && query[end] != 0 {
		end += int(query[end]) + 1
	}
	end += 5 // the root label, type and class
	if end > len(query) {
		return nil
	}
	isA := query[end-4] == 0 && query[end-3] == 1
	answer := append([]byte{}, query[:end]...)
	copy(answer[2:12], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0})
	switch {
	case !known:
		answer[3] |= 3 // NXDOMAIN
	case isA:
		answer[7] = 1
		answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1)
	}
	return answer
}
