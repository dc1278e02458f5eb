package serve

import (
	"nettool/internal/exit"
	"nettool/internal/handler"
	"nettool/internal/server"
)

// checkDatagrams checks what serves addresses of datagrams.
func (c *Cmd) checkDatagrams(config *server.Config) error {
	if !config.HasDatagrams() {
		return nil
	}
	_, answers := handler.AnswerOf(config.Handler)
	switch {
	case !runsProgram(config) && !answers && config.Handler != "forward":
		return exit.Errorf(exit.Usage, "udp: and --handler %s: it is for streams", config.Handler)
	case runsProgram(config) && !server.Pairs:
		return exit.Errorf(exit.Usage, "udp: and a PROGRAM: works on Linux only")
	case runsProgram(config) && c.Stderr == "socket":
		return exit.Errorf(exit.Usage, "udp: and --stderr socket: each line would be a datagram")
	case c.Prestart > 0:
		return exit.Errorf(exit.Usage, "udp: and --prestart: a program waits for a stream")
	case len(c.ProxyProtocol) > 0:
		return exit.Errorf(exit.Usage, "udp: and --proxy-protocol: a header comes before a stream")
	}
	return nil
}
