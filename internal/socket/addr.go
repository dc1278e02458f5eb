// Package socket is the core that every applet shares: addresses, listening,
// dialling, socket options and what TCP_INFO tells. System calls sit in the
// _linux.go files behind portable functions.
package socket

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Addr is the parsed form of one ADDRESS. It is comparable, and Parse of its
// String gives the same Addr.
type Addr struct {
	Network  string     // "tcp" "tcp4" "tcp6" "unix" "udp" "udp4" "udp6" "unixgram" "fd" "systemd"; "icmp" has no port, and only probe has it
	TLS      bool       // tls:HOST:PORT, or with fd or systemd instead
	Host     string     // name or IP without brackets, zone included; "" is every interface (serve) or localhost (connect, probe)
	At       netip.Addr // where Host is, if it is not to be looked up: probe's NAME@IP:PORT
	Loopback bool       // a bare PORT: 127.0.0.1 and ::1
	Port     string     // number or service name; "" with a Host such as _ldap._tcp.example.com, whose SRV records have it
	Path     string     // unix, unixgram: a path, or "@name" for an abstract socket
	Name     string     // systemd:NAME, or "" for all the sockets that were passed
	FD       int        // fd:N
}

// UnmarshalText is Parse, for flag parsers.
func (a *Addr) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

// Stream reports whether the address is one of a byte stream: TCP or a unix
// stream socket. An inherited socket (fd, systemd) is not known to be one.
func (a Addr) Stream() bool { return a.isTCP() || a.Network == "unix" }

// Abstract reports whether the address is in Linux's abstract namespace of unix
// sockets, which has no files.
func (a Addr) Abstract() bool { return strings.HasPrefix(a.Path, "@") }

// Service reports whether the address is that of a service, whose SRV records tell the
// hosts and the ports (RFC 2782). Only probe has such addresses.
func (a Addr) Service() bool { return a.Port == "" && (a.isTCP() || a.isUDP()) }

// Datagram reports whether what is asked at the address is asked in one datagram and
// answered in another: by UDP or by ICMP.
func (a Addr) Datagram() bool { return a.isUDP() || a.Network == "icmp" }

// Packet reports whether the address is that of a datagram socket, as ListenPacket opens
// it: of UDP, or of unixgram.
func (a Addr) Packet() bool { return a.isUDP() || a.Network == "unixgram" }

func (a Addr) isTCP() bool {
	return a.Network == "tcp" || a.Network == "tcp4" || a.Network == "tcp6"
}

func (a Addr) isUDP() bool {
	return a.Network == "udp" || a.Network == "udp4" || a.Network == "udp6"
}

// family is '4', '6' or 0 for both.
func (a Addr) family() byte {
	switch a.Network {
	case "tcp4", "udp4":
		return '4'
	case "tcp6", "udp6":
		return '6'
	default:
		return 0
	}
}

// allows reports whether ip is of a family that the address admits.
func (a Addr) allows(ip netip.Addr) bool {
	switch a.family() {
	case '4':
		return ip.Is4()
	case '6':
		return !ip.Is4()
	default:
		return true
	}
}

// String returns the address in the form that Parse reads.
func (a Addr) String() string {
	switch a.Network {
	case "":
		return ""
	case "unix", "unixgram":
		return a.Network + ":" + a.Path
	case "fd":
		return a.prefix() + strconv.Itoa(a.FD)
	case "icmp":
		if a.At.IsValid() {
			return "icmp:" + a.Host + "@" + a.At.String()
		}
		return "icmp:" + a.Host
	case "systemd":
		if a.Name == "" {
			return strings.TrimSuffix(a.prefix(), ":")
		}
		return a.prefix() + a.Name
	default:
		return a.prefix() + a.hostPort()
	}
}

// prefix is what precedes the host; plain TCP has none unless its host reads
// like one of our keywords.
func (a Addr) prefix() string {
	tls := ""
	if a.TLS {
		tls = "tls:"
	}
	if a.Network == "tcp" && !isKeyword(a.Host) {
		return tls
	}
	return tls + a.Network + ":"
}

func (a Addr) hostPort() string {
	if a.Loopback {
		return a.Port
	}
	if a.Service() {
		return a.Host
	}
	if a.At.IsValid() {
		return a.Host + "@" + net.JoinHostPort(a.At.String(), a.Port)
	}
	return net.JoinHostPort(a.Host, a.Port)
}
