package tlsdial

import (
	"errors"
	"fmt"
	"io"
)

// ldap sends an extended request, whose answer has a result code: both are in BER (ITU-T
// X.690), of which the answer may use any form of length.
func (c *clear) ldap() error {
	const request = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + "1.3.6.1.4.1.1466.20037"
	if _, err := io.WriteString(c.conn, request); err != nil {
		return err
	}
	tag, message, err := c.element()
	if err != nil {
		return err
	}
	number, rest, ok := element(message, 0x02)
	if tag != 0x30 || !ok || len(number) != 1 || number[0] != 1 {
		return errors.New("the peer does not speak LDAP")
	}
	answer, _, ok := element(rest, 0x78)
	code, rest, ok2 := element(answer, 0x0a)
	if !ok || !ok2 || len(code) != 1 {
		return errors.New("the peer's answer is none to StartTLS")
	}
	if code[0] == 0 {
		return nil
	}
	_, rest, _ = element(rest, 0x04)
	said, _, _ := element(rest, 0x04)
	return fmt.Errorf("the peer said %q, result code %d", said, code[0])
}

// element reads one element of BER, and not a byte more.
func (c *clear) element() (tag byte, content []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(c.conn, head[:]); err != nil {
		return 0, nil, err
	}
	size := int(head[1])
	if size > 0x80 && size <= 0x84 {
		long := make([]byte, size-0x80)
		if _, err := io.ReadFull(c.conn, long); err != nil {
			return 0, nil, err
		}
		size = 0
		for _, b := range long {
			size = size<<8 | int(b)
		}
	}
	if size == 0x80 || size > lineLimit || size < 0 {
		return 0, nil, errTalkative
	}
	content = make([]byte, size)
	_, err = io.ReadFull(c.conn, content)
	return head[0], content, err
}

// element takes the first element of some, which must have a tag.
func element(of []byte, tag byte) (content, rest []byte, ok bool) {
	if len(of) < 2 || of[0] != tag {
		return nil, nil, false
	}
	size, of := int(of[1]), of[2:]
	if size > 0x80 && size <= 0x84 && len(of) >= size-0x80 {
		long := of[:size-0x80]
		size, of = 0, of[size-0x80:]
		for _, b := range long {
			size = size<<8 | int(b)
		}
	}
	if size < 0 || size > len(of) {
		return nil, nil, false
	}
	return of[:size], of[size:], true
}
