package proxy

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/pires/go-proxyproto"
)

// binaryHeader is a header of version 2 with what follows its addresses.
func binaryHeader(command, kind byte, rest ...byte) string {
	b := append([]byte(v2Signature), command, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(len(rest)))
	return string(append(b, rest...))
}

// inet are addresses of version 2: 192.0.2.1:258 to 192.0.2.2:80.
func inet() []byte { return []byte{192, 0, 2, 1, 192, 0, 2, 2, 1, 2, 0, 80} }

// summed is a header with a checksum, which is off by some bits, between two other
// fields.
func summed(off uint32) string {
	fields := []byte{0x02, 0, 3, 'a', 'b', 'c', typeCRC32C, 0, 4, 0, 0, 0, 0, 0x04, 0, 0}
	b := []byte(binaryHeader(0x21, 0x11, append(inet(), fields...)...))
	sum := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
	binary.BigEndian.PutUint32(b[16+12+6+3:], sum^off)
	return string(b)
}

func TestReadHeader(t *testing.T) {
	t.Parallel()
	mapped := func(last byte) []byte { return append(append(make([]byte, 10), 0xff, 0xff), 192, 0, 2, last) }
	for _, test := range []struct{ header, src, dst, err string }{
		{header: "PROXY TCP4 192.0.2.1 192.0.2.2 1024 80\r\n", src: "192.0.2.1:1024", dst: "192.0.2.2:80"},
		{header: "PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", src: "0.0.0.0:0", dst: "0.0.0.0:0"},
		{header: "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", src: "255.255.255.255:65535", dst: "255.255.255.255:65535"},
		{header: "PROXY TCP6 :: :: 0 0\r\n", src: "[::]:0", dst: "[::]:0"},
		{header: "PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n", src: "[2001:db8::1]:1", dst: "[2001:db8::2]:2"},
		{header: "PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 2\r\n", src: "192.0.2.1:1", dst: "192.0.2.2:2"},
		{header: "PROXY UNKNOWN\r\n"},
		{header: "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"},
		{header: "PROXY UNKNOWN what ever\r\n"},
		{header: binaryHeader(0x21, 0x11, inet()...), src: "192.0.2.1:258", dst: "192.0.2.2:80"},
		{header: binaryHeader(0x21, 0x12, inet()...), src: "192.0.2.1:258", dst: "192.0.2.2:80"},
		{header: binaryHeader(0x21, 0x21, append(append(mapped(1), mapped(2)...), 0, 1, 0, 2)...), src: "192.0.2.1:1", dst: "192.0.2.2:2"},
		{header: binaryHeader(0x21, 0x21, append(make([]byte, 34), 0, 9)...), src: "[::]:0", dst: "[::]:9"},
		{header: binaryHeader(0x21, 0x31, make([]byte, 216)...)},
		{header: binaryHeader(0x21, 0x00)},
		{header: binaryHeader(0x20, 0x00)},
		{header: binaryHeader(0x20, 0x11, inet()...)},
		{header: binaryHeader(0x20, 0x11, 1, 2, 3)},
		{header: binaryHeader(0x20, 0xff, 1, 2, 3)},
		{header: binaryHeader(0x21, 0x11, append(inet(), 0xee, 0, 2, 'x', 'y', 0xef, 0, 0)...), src: "192.0.2.1:258", dst: "192.0.2.2:80"},
		{header: summed(0), src: "192.0.2.1:258", dst: "192.0.2.2:80"},

		{header: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", err: `no header: the connection begins with "`},
		{header: "\r\n\r\nx", err: `no header: the connection begins with "`},
		{header: "PROXY\tTCP4 192.0.2.1 192.0.2.2 1 2\r\n", err: `no header: the connection begins with "`},
		{header: "PROXY TCP4 1.1.1.1\r\n 1 2 3 4 5 6 7 8 9", err: "want its only line to end with CR and LF"},
		{header: "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n", err: "want its only line to end with CR and LF"},
		{header: "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\rx", err: "want its only line to end with CR and LF"},
		{header: "PROXY UNKNOWN " + strings.Repeat("x", 200), err: "is longer than 107 bytes"},
		{header: "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n", err: "want TCP4, TCP6 or UNKNOWN after PROXY"},
		{header: "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n", err: "want two addresses and two ports after TCP4"},
		{header: "PROXY TCP4  192.0.2.1 192.0.2.2 1\r\n", err: `"" is no address of TCP4`},
		{header: "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", err: `"2001:db8::1" is no address of TCP4`},
		{header: "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", err: `"192.0.2.1" is no address of TCP6`},
		{header: "PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n", err: `"fe80::1%eth0" is no address of TCP6`},
		{header: "PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n", err: `"192.0.2.01" is no address of TCP4`},
		{header: "PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n", err: `"65536" is no port`},
		{header: "PROXY TCP4 192.0.2.1 192.0.2.2 1 02\r\n", err: `"02" is no port`},
		{header: "PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n", err: `"+1" is no port`},
		{header: binaryHeader(0x11, 0x11, inet()...), err: "header of version 1: want 1 or 2"},
		{header: binaryHeader(0x22, 0x11, inet()...), err: "header with command 2"},
		{header: binaryHeader(0x21, 0x13, inet()...), err: "header with family 1 and transport 3"},
		{header: binaryHeader(0x21, 0x41, inet()...), err: "header with family 4 and transport 1"},
		{header: binaryHeader(0x21, 0x10, inet()...), err: "header with family 1 and transport 0"},
		{header: binaryHeader(0x21, 0x01, inet()...), err: "header with family 0 and transport 1"},
		{header: binaryHeader(0x21, 0x11, inet()[1:]...), err: "header with 11 bytes for addresses that take 12"},
		{header: binaryHeader(0x21, 0x31, inet()...), err: "header with 12 bytes for addresses that take 216"},
		{header: v2Signature + "\x21\x11\xff\xff", err: "header of 65551 bytes, as it says: at most 16384 are taken"},
		{header: binaryHeader(0x21, 0x11, append(inet(), 1, 0)...), err: "header with 2 bytes behind its last field"},
		{header: binaryHeader(0x21, 0x11, append(inet(), 1, 0, 2, 7)...), err: "header with a field (type 0x01) of 2 bytes, where 1 are left"},
		{header: binaryHeader(0x21, 0x11, append(inet(), 3, 0, 1, 7)...), err: "header with a checksum that is not one of 4 bytes"},
		{header: summed(1), err: "header with a wrong checksum"},
	} {
		behind := "\r\nand what follows"
		for _, pieces := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader} {
			from := strings.NewReader(test.header + behind)
			got, err := ReadHeader(pieces(from))
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("%q: got %v, %v; want %s", test.header, got, err, test.err)
				}
				continue
			}
			rest, _ := io.ReadAll(from)
			if err != nil || got.Known() != (test.src != "") || (got.Known() && (got.Src.String() != test.src || got.Dst.String() != test.dst)) {
				t.Errorf("%q: got %v, %v; want %s to %s", test.header, got, err, test.src, test.dst)
			}
			if string(rest) != behind || got.Size != len(test.header) {
				t.Errorf("%q: says it took %d bytes, and leaves %q", test.header, got.Size, rest)
			}
		}
	}
}

// A header that is cut off anywhere is an error, in the words of why.
func TestReadHeaderCut(t *testing.T) {
	t.Parallel()
	for _, whole := range []string{
		"PROXY TCP4 192.0.2.1 192.0.2.2 1024 80\r\n", "PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n", "PROXY UNKNOWN\r\n",
		summed(0), binaryHeader(0x20, 0x00, 1, 2, 3),
	} {
		for n := range len(whole) {
			for end, want := range map[error]string{
				io.EOF:                 "header cut off after ",
				os.ErrDeadlineExceeded: "no whole header in time: ",
				net.ErrClosed:          "after ",
			} {
				from := io.MultiReader(strings.NewReader(whole[:n]), iotest.ErrReader(end))
				_, err := ReadHeader(from)
				if n == 0 && end != net.ErrClosed {
					want = "no header"
				}
				if err == nil || !strings.HasPrefix(err.Error(), want) {
					t.Errorf("%q, then %v: got %v, want %q", whole[:n], end, err, want)
				}
			}
		}
	}
}

// What we send is understood.
func TestHeaderReceived(t *testing.T) {
	t.Parallel()
	src, dst := netip.MustParseAddrPort("[2001:db8::1]:5"), netip.MustParseAddrPort("[2001:db8::2]:6")
	for version := 1; version <= 2; version++ {
		got, err := ReadHeader(bytes.NewReader(Header(version, net.TCPAddrFromAddrPort(src), net.TCPAddrFromAddrPort(dst))))
		if err != nil || got.Src != src || got.Dst != dst {
			t.Errorf("version %d: got %v, %v", version, got, err)
		}
		got, err = ReadHeader(bytes.NewReader(Header(version, &net.UnixAddr{Name: "a"}, &net.UnixAddr{Name: "b"})))
		if err != nil || got.Known() {
			t.Errorf("version %d of a unix socket: got %v, %v", version, got, err)
		}
	}
}

// FuzzReadHeader: it is the same however the bytes come, no byte behind the header
// is read, and what another parser takes, and says, is taken and said.
func FuzzReadHeader(f *testing.F) {
	for _, s := range []string{
		"", "PROXY", "PROXY TCP4 192.0.2.1 192.0.2.2 1024 80\r\nhello", "PROXY TCP6 2001:db8::1 ::ffff:1.2.3.4 1 2\r\n", "PROXY UNKNOWN x\r\n",
		summed(0) + "hello", summed(9), binaryHeader(0x20, 0x00, 1, 2, 3), binaryHeader(0x21, 0x21, make([]byte, 40)...), binaryHeader(0x21, 0x31, make([]byte, 217)...),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		whole, byByte := bytes.NewReader(b), bytes.NewReader(b)
		got, err := ReadHeader(whole)
		slow, slowErr := ReadHeader(iotest.OneByteReader(byByte))
		if (err == nil) != (slowErr == nil) || (err == nil && got != slow) {
			t.Fatalf("%q: %v, %v at once, and %v, %v by the byte", b, got, err, slow, slowErr)
		}
		if took := len(b) - whole.Len(); err == nil && (got.Size != took || got.Size != len(b)-byByte.Len()) {
			t.Fatalf("%q: says it took %d bytes, and took %d", b, got.Size, took)
		}
		agree(t, b, got, err)
	})
}

// agree compares with another parser, which does not look into fields, wants
// nothing to do with headers of no family, and takes less.
func agree(t *testing.T, b []byte, got Received, err error) {
	other, otherErr := proxyproto.Read(bufio.NewReader(bytes.NewReader(b)))
	if otherErr != nil {
		return
	}
	if err != nil {
		if fields, bad := other.TLVs(); other.Version == 2 && (bad != nil || len(fields) > 0) {
			return
		}
		t.Fatalf("%q: %v; another parser takes it", b, err)
	}
	src, isTCP := other.SourceAddr.(*net.TCPAddr)
	if other.Command.IsLocal() || !isTCP {
		if got.Known() && isTCP {
			t.Fatalf("%q: got %v; another parser says that it is local", b, got)
		}
		return
	}
	if want := src.AddrPort(); got.Src != netip.AddrPortFrom(want.Addr().Unmap(), want.Port()) {
		t.Fatalf("%q: got %v; another parser says %v", b, got, src)
	}
}

// Errors of the connection can be told apart.
func TestReadHeaderWraps(t *testing.T) {
	t.Parallel()
	if _, err := ReadHeader(iotest.ErrReader(net.ErrClosed)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
