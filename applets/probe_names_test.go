package applets_test

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
func (m *misbehaver) serveNames(dir string) (err error) {
	ip := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250))
	m.addr = ip + ":53"
	if m.packets, err = net.ListenPacket("udp", m.addr); err != nil {
		return err
	}
	m.running.Go(m.answerNames)
	return os.WriteFile(filepath.Join(dir, "resolv.conf"), []byte("nameserver "+ip+"\n"), 0o644)
}

func (m *misbehaver) answerNames() {
	buf := make([]byte, 1500)
	for {
		n, from, err := m.packets.ReadFrom(buf)
		if err != nil {
			return
		}
		m.accepted.Add(1)
		if answer := nameAnswer(buf[:n], m.opened.Load()); answer != nil {
			m.packets.WriteTo(answer, from)
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
