package tcpclient

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// neighbour is an address in 127/8 that has a name server and an ident server.
type neighbour struct {
	ip      string
	names   map[string][]byte // the data of the record that each name has
	dns     net.PacketConn
	ident   net.Listener
	mu      sync.Mutex
	asked   []string
	answer  string // of the ident server; empty if it hangs up
	running sync.WaitGroup
}

func newNeighbour(t *testing.T) *neighbour {
	t.Helper()
	n := &neighbour{ip: fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250))}
	octets := strings.Split(n.ip, ".")
	n.names = map[string][]byte{
		"peer.example": net.ParseIP(n.ip).To4(),
		octets[3] + "." + octets[2] + "." + octets[1] + "." + octets[0] + ".in-addr.arpa": []byte("\x04Peer\x07Example\x00"),
	}
	var err error
	if n.dns, err = net.ListenPacket("udp4", n.ip+":53"); err != nil {
		t.Fatal(err)
	}
	if n.ident, err = net.Listen("tcp4", n.ip+":113"); err != nil {
		t.Fatal(err)
	}
	n.running.Go(n.serveNames)
	n.running.Go(n.serveIdent)
	t.Cleanup(func() {
		n.dns.Close()
		n.ident.Close()
		n.running.Wait()
	})
	return n
}

// serveNames answers questions for A and PTR (RFC 1035).
func (n *neighbour) serveNames() {
	query := make([]byte, 1500)
	for {
		size, from, err := n.dns.ReadFrom(query)
		if err != nil {
			return
		}
		var labels []string
		end := 12
		for end < size && query[end] != 0 {
			labels = append(labels, string(query[end+1:end+1+int(query[end])]))
			end += int(query[end]) + 1
		}
		end += 5
		answer := append([]byte{}, query[:end]...)
		copy(answer[2:12], []byte{0x85, 0x80, 0, 1, 0, 0, 0, 0, 0, 0})
		data, known := n.names[strings.ToLower(strings.Join(labels, "."))]
		switch kind := query[end-3]; {
		case !known:
			answer[3] |= 3 // NXDOMAIN
		case kind == 1 && len(data) == 4, kind == 12 && len(data) > 4:
			answer[7] = 1
			answer = append(append(answer, 0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, byte(len(data))), data...)
		}
		n.dns.WriteTo(answer, from)
	}
}

func (n *neighbour) serveIdent() {
	for {
		conn, err := n.ident.Accept()
		if err != nil {
			return
		}
		line := make([]byte, 100)
		size, _ := conn.Read(line)
		n.mu.Lock()
		n.asked = append(n.asked, string(line[:size]))
		conn.Write([]byte(n.answer))
		n.mu.Unlock()
		conn.Close()
	}
}

// answers is what the ident server says from now on.
func (n *neighbour) answers(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answer = text
}

// TestNames has both look names up, and ask for the user.
func TestNames(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("ports 53 and 113, and a mount of one file, need root")
	}
	d := newDiffer(t)
	if err := exec.Command("unshare", "-m", "true").Run(); err != nil {
		t.Skipf("unshare -m: %v", err)
	}
	n := newNeighbour(t)
	dir := t.TempDir()
	resolv, self := filepath.Join(dir, "resolv.conf"), filepath.Join(dir, "tcpclient")
	if err := os.WriteFile(resolv, []byte("nameserver "+n.ip+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(d.self, self); err != nil {
		t.Fatal(err)
	}
	d.self = self
	d.under = []string{"unshare", "-m", "sh", "-c", `mount --bind "$0" /etc/resolv.conf && exec "$@"`, resolv}
	open := greeter(t, "0", n.ip)
	n.answers("1 , 2 : USERID : UNIX : j o e\r\n")
	for row := range strings.Lines(`
peer.example OPEN PROG
-v -RHl0 peer.example OPEN PROG
-R IP OPEN PROG
-R -i IP IP OPEN PROG
-RH -i IP IP OPEN PROG
-Hl0 IP OPEN PROG
-RHl0 none.example OPEN PROG
-qRHl0 none.example OPEN PROG
`) {
		if row = strings.TrimSpace(row); row != "" {
			args := fill(strings.Fields(strings.ReplaceAll(row, "IP", n.ip)), d.self, open, "")
			if row[0] != '-' || !strings.Contains(row, "l0") && !strings.Contains(row, "-i") {
				args = append([]string{"-l0"}, args...) // this machine has a file for its own name
			}
			d.compare(t, args...)
		}
	}
	for _, answer := range []string{"", "1,2:ERROR:NO-USER\r\n", "::: a\x01b\n", ":::" + strings.Repeat("x", 400), "::: joe"} {
		n.answers(answer)
		d.compare(t, fill([]string{"-Hl0", n.ip, "OPEN", "PROG"}, d.self, open, "")...)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.asked) < 4 || !bytes.HasPrefix([]byte(n.asked[0]), []byte(open+" , ")) {
		t.Errorf("ident was asked %q", n.asked)
	}
}
