package attempt

import (
	"testing"

	"golang.org/x/sys/unix"
)

// FuzzErrors reads what a kernel would have to have written.
func FuzzErrors(f *testing.F) {
	f.Add([]byte("\x30\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0b\x00\x00\x00\x71\x00\x00\x00\x02\x03\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x7f\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00"), []byte("\x45"))
	f.Fuzz(func(t *testing.T, control, packet []byte) {
		if e := errorIn(control); e != nil && e.String() == "" {
			t.Error("an error without words")
		}
		timeStamp(control)
		p := &pinger{raw: true, request: make([]byte, 64)}
		if p.answers(packet) && len(packet) < headerSize {
			t.Error("a packet that is too short answers")
		}
		p.mine(packet)
	})
}

func TestChecksum(t *testing.T) {
	t.Parallel()
	packet := []byte{unix.IPPROTO_ICMP, 0, 0, 0, 0x12, 0x34, 0, 1, 'o', 'd', 'd'} // one byte more than pairs
	sum := checksum(packet)
	packet[2], packet[3] = byte(sum>>8), byte(sum)
	if got := checksum(packet); got != 0 {
		t.Errorf("a packet with its checksum sums to %#x", got)
	}
}
