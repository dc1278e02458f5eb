package socket

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestStreamOptions holds those that a stream's socket has, and a datagram's has others.
func TestStreamOptions(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := DialOne(t.Context(), "tcp", l.Addr().String(), Options{TTL: 9, MinTTL: 3, TOS: 0x11, Debug: true, DSCP: 1})
	if errors.Is(err, unix.EACCES) {
		t.Skip("SO_DEBUG needs CAP_NET_ADMIN")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	checkOptions(t, fdOf(t, conn), []option{
		exactly("IP_TTL", unix.IPPROTO_IP, unix.IP_TTL, 9),
		exactly("IP_MINTTL", unix.IPPROTO_IP, unix.IP_MINTTL, 3),
		exactly("IP_TOS", unix.IPPROTO_IP, unix.IP_TOS, 0x10), // TCP has the last two bits for itself
		exactly("SO_DEBUG", unix.SOL_SOCKET, unix.SO_DEBUG, 1),
	})
}

// TestSign: who has the key gets in, and who has not hears nothing.
func TestSign(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"tcp4", "tcp6"} {
		addr := Addr{Network: network, Loopback: true, Port: "0"}
		ls, err := Listen(t.Context(), addr, Options{MD5: "key"})
		if name, ok := FailedOption(err); ok {
			t.Skipf("%s: %v", name, err)
		}
		if err != nil {
			t.Skip(err) // no IPv6
		}
		defer ls[0].Close()
		at := ls[0].Addr().String()
		conn, err := DialOne(t.Context(), network, at, Options{MD5: "key"})
		if err != nil {
			t.Errorf("%s: with the key: %v", network, err)
			continue
		}
		conn.Close()
		for _, other := range []Options{{}, {MD5: "wrong"}} {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			if _, err := DialOne(ctx, network, at, other); ClassOf(err) != Timeout {
				t.Errorf("%s: with key %q: %v", network, other.MD5, err)
			}
			cancel()
		}
		long := Options{MD5: string(make([]byte, 81))}
		if _, err := DialOne(t.Context(), network, at, long); ClassOf(err) != Local {
			t.Errorf("%s: a key that is too long: %v", network, err)
		}
	}
}
