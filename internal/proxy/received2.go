package proxy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
)

// version2 reads the rest of a binary header, and understands it.
func (h *header) version2() (Received, error) {
	if err := h.read(fixed2); err != nil {
		return Received{}, err
	}
	size := fixed2 + int(binary.BigEndian.Uint16(h.b[fixed2-2:]))
	if size > LongestHeader {
		return Received{}, fmt.Errorf("header of %d bytes, as it says: at most %d are taken", size, LongestHeader)
	}
	if err := h.read(size); err != nil {
		return Received{}, err
	}
	return parse2(h.b)
}

// The fields of the two bytes behind the signature.
const (
	version2        = 0x20
	commandLocal    = 0
	commandProxy    = 1
	familyInet      = 1
	familyInet6     = 2
	familyUnix      = 3
	transportStream = 1
	transportDgram  = 2
)

// parse2 understands a whole binary header.
func parse2(b []byte) (Received, error) {
	if b[12]&0xf0 != version2 {
		return Received{}, fmt.Errorf("header of version %d: want 1 or 2", b[12]>>4)
	}
	switch command := b[12] & 0x0f; command {
	case commandLocal: // whatever else it says
		return Received{}, nil
	case commandProxy:
	default:
		return Received{}, fmt.Errorf("header with command %d: want 0 (LOCAL) or 1 (PROXY)", command)
	}
	length, err := addressLength(b[13])
	if err != nil {
		return Received{}, err
	}
	if rest := len(b) - fixed2; rest < length {
		return Received{}, fmt.Errorf("header with %d bytes for addresses that take %d", rest, length)
	}
	if err := checkFields(b, fixed2+length); err != nil {
		return Received{}, err
	}
	return addresses2(b[fixed2:fixed2+length], b[13]>>4), nil
}

// addressLength is how many bytes the addresses of a family and transport take.
func addressLength(kind byte) (int, error) {
	family, transport := kind>>4, kind&0x0f
	if (family == 0) == (transport == 0) && transport <= transportDgram {
		switch family {
		case 0:
			return 0, nil
		case familyInet:
			return 12, nil
		case familyInet6:
			return 36, nil
		case familyUnix:
			return 216, nil
		}
	}
	return 0, fmt.Errorf("header with family %d and transport %d: there is no such pair", family, transport)
}

// addresses2 takes the addresses, as long as addressLength says. Those of unix
// sockets tell nothing about where a connection comes from.
func addresses2(b []byte, family byte) Received {
	if family != familyInet && family != familyInet6 {
		return Received{}
	}
	half := (len(b) - 4) / 2
	src, _ := netip.AddrFromSlice(b[:half])
	dst, _ := netip.AddrFromSlice(b[half : 2*half])
	return addresses(src, dst, binary.BigEndian.Uint16(b[2*half:]), binary.BigEndian.Uint16(b[2*half+2:]))
}

// typeCRC32C is the field that holds a checksum of the whole header.
const typeCRC32C = 3

// checkFields walks over the fields that follow the addresses (type, length of two
// bytes, value), and checks the header's checksum if one of them is one. The
// others are nothing to us.
func checkFields(b []byte, at int) error {
	sums := 0
	for at < len(b) {
		if len(b)-at < 3 {
			return fmt.Errorf("header with %d bytes behind its last field", len(b)-at)
		}
		kind, value := b[at], at+3
		length := int(binary.BigEndian.Uint16(b[at+1:]))
		if length > len(b)-value {
			return fmt.Errorf("header with a field (type %#02x) of %d bytes, where %d are left", kind, length, len(b)-value)
		}
		at = value + length
		if kind != typeCRC32C {
			continue
		}
		if sums++; length != 4 || sums > 1 {
			return errors.New("header with a checksum that is not one of 4 bytes")
		}
		if err := checkSum(b, value); err != nil {
			return err
		}
	}
	return nil
}

// checkSum checks the checksum at a place of the header, which counts as zero.
func checkSum(b []byte, at int) error {
	sum := ^crc32c(crc32c(crc32c(^uint32(0), b[:at]), make([]byte, 4)), b[at+4:])
	if said := binary.BigEndian.Uint32(b[at:]); said != sum {
		return fmt.Errorf("header with a wrong checksum: %#08x, of bytes that have %#08x", said, sum)
	}
	return nil
}

// crc32c goes on with a checksum (RFC 3720, B.4). hash/crc32, for which these few
// bytes are nothing either, makes tables at package init.
func crc32c(sum uint32, b []byte) uint32 {
	const castagnoli = 0x82f63b78
	for _, c := range b {
		sum ^= uint32(c)
		for range 8 {
			sum = sum>>1 ^ -(sum&1)&castagnoli
		}
	}
	return sum
}
