package proxy

import (
	"encoding/base64"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// headerLimit bounds a proxy's answer. If its first line is not a success, 128
// characters of it are shown.
const headerLimit = 64 << 10

// http is CONNECT (RFC 9110, section 9.3.6).
func (p Proxy) http(conn net.Conn, host, port string) error {
	n, err := portNumber(port)
	if err != nil {
		return err
	}
	target := net.JoinHostPort(host, strconv.Itoa(int(n)))
	request := "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n"
	switch {
	case p.digest != nil:
		request += "Proxy-Authorization: " + p.digest.answer(p.User, p.Password, target, nonce()) + "\r\n"
	case p.User != "":
		request += "Proxy-Authorization: Basic " +
			base64.StdEncoding.EncodeToString([]byte(p.User+":"+p.Password)) + "\r\n"
	}
	if _, err := conn.Write([]byte(request + "\r\n")); err != nil {
		return err
	}
	return httpAnswer(conn)
}

// httpAnswer reads the proxy's answer and not a byte more: what follows is the
// peer's.
func httpAnswer(conn net.Conn) error {
	var header []byte
	var c [1]byte
	for !strings.HasSuffix(string(header[max(len(header)-4, 0):]), "\r\n\r\n") {
		if _, err := conn.Read(c[:]); err != nil {
			return err
		}
		if header = append(header, c[0]); len(header) > headerLimit {
			return refused("its answer has no end")
		}
	}
	return httpStatus(string(header))
}

// httpStatus judges the first line of an answer.
func httpStatus(header string) error {
	line, _, _ := strings.Cut(header, "\r\n")
	version, status, _ := strings.Cut(line, " ")
	status = strings.TrimLeft(status, " ")
	as := Refusal{Line: line[:min(len(line), 256)]}
	if !strings.HasPrefix(version, "HTTP/1.") {
		return &refusedError{text: fmt.Sprintf("does not speak HTTP: %.128q", line), as: as}
	}
	switch {
	case len(status) >= 3 && status[0] == '2':
		return nil
	case strings.HasPrefix(status, "407"):
		return &refusedError{
			text:      fmt.Sprintf("wants a user name and a password, or others: %.128q", status),
			challenge: challenge(header),
			as:        as,
		}
	}
	return fmt.Errorf("answered %w", &refusedError{text: fmt.Sprintf("%.128q", status), as: as})
}
