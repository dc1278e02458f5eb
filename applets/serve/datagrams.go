package serve

import (
	"slices"

	"nettool/internal/exit"
	"nettool/internal/handler"
	"nettool/internal/server"
	"nettool/internal/socket"
)

// checkDatagrams checks what serves addresses of datagrams.
func (c *Cmd) checkDatagrams(config *server.Config) error {
	if !config.HasDatagrams() {
		switch {
		case len(c.Join) > 0:
			return exit.Errorf(exit.Usage, "--join is for datagrams: there is no address udp:…")
		case c.InetdWait:
			return exit.Errorf(exit.Usage, "--inetd-wait is for datagrams: there is no address udp:…")
		}
		return nil
	}
	_, answers := handler.AnswerOf(config.Handler)
	switch {
	case !runsProgram(config) && !answers && config.Handler != "forward":
		return exit.Errorf(exit.Usage, "udp: and --handler %s: it is for streams", config.Handler)
	case runsProgram(config) && !server.Pairs:
		return exit.Errorf(exit.Usage, "udp: and a PROGRAM: works on Linux only")
	case c.InetdWait && !runsProgram(config):
		return exit.Errorf(exit.Usage, "--inetd-wait is for a PROGRAM")
	case c.InetdWait && slices.ContainsFunc(config.Addrs, func(a socket.Addr) bool { return !a.Packet() }):
		return exit.Errorf(exit.Usage, "--inetd-wait: all addresses must be udp:… or unixgram:…")
	case c.InetdWait && (c.Idle != 0 || c.MaxTime != 0):
		return exit.Errorf(exit.Usage, "--inetd-wait: the program has the socket, and --idle and --max-time cannot end it")
	case runsProgram(config) && c.Stderr == "socket":
		return exit.Errorf(exit.Usage, "udp: and --stderr socket: each line would be a datagram")
	case c.Prestart > 0:
		return exit.Errorf(exit.Usage, "udp: and --prestart: a program waits for a stream")
	case len(c.ProxyProtocol) > 0:
		return exit.Errorf(exit.Usage, "udp: and --proxy-protocol: a header comes before a stream")
	}
	return nil
}
