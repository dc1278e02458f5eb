package socket

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testContext bounds a test that waits for the network.
func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func mustParse(t *testing.T, text string) Addr {
	t.Helper()
	a, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// mustListen opens the listeners of text and closes them when the test ends.
func mustListen(t *testing.T, text string, o Options) []net.Listener {
	t.Helper()
	listeners, err := Listen(testContext(t), mustParse(t, text), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeAll(listeners) })
	return listeners
}

// addrOf is the address that reaches l.
func addrOf(t *testing.T, l net.Listener) Addr {
	t.Helper()
	if l.Addr().Network() == "unix" {
		return mustParse(t, "unix:"+l.Addr().String())
	}
	return mustParse(t, l.Addr().String())
}

// mustDial connects to l and closes the connection when the test ends.
func mustDial(t *testing.T, l net.Listener, o Options) net.Conn {
	t.Helper()
	conn, err := Dial(testContext(t), addrOf(t, l), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// mustAccept takes one connection from l.
func mustAccept(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// checkPair shows that bytes get through from one end to the other.
func checkPair(t *testing.T, from, to net.Conn) {
	t.Helper()
	if _, err := io.WriteString(from, "hello"); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(to, got); err != nil || string(got) != "hello" {
		t.Fatalf("got %q, %v", got, err)
	}
}
