package serve

import (
	"cmp"
	"crypto/x509"
	"os"
	"slices"
	"time"

	"nettool/internal/balance"
	"nettool/internal/exit"
	"nettool/internal/server"
	"nettool/internal/socket"
)

// defaultConnectTimeout bounds reaching one backend.
const defaultConnectTimeout = 10 * time.Second

// forward says where connections are forwarded to.
func (c *Cmd) forward() (server.Forward, error) {
	f := server.Forward{
		To:      c.To,
		Balance: balance.Policy(cmp.Or(c.Balance, string(balance.First))),
		Timeout: c.ConnectTimeout.Or(defaultConnectTimeout),
		Proxy:   int(c.SendProxy),
		Source:  c.Source.Unmap(),
	}
	if c.ToCA == "" {
		return f, nil
	}
	var err error
	if f.CA, err = os.ReadFile(c.ToCA); err != nil {
		return f, exit.Errorf(exit.Usage, "to-ca: %w", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(f.CA) {
		return f, exit.Errorf(exit.Usage, "to-ca %q: holds no PEM certificate", c.ToCA)
	}
	return f, nil
}

// forwardFlags are the flags that --handler forward has been given.
func (c *Cmd) forwardFlags() (given []string) {
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"--to", len(c.To) > 0},
		{"--balance", c.Balance != ""},
		{"--connect-timeout", c.ConnectTimeout != 0},
		{"--send-proxy", c.SendProxy != 0},
		{"--source", c.Source.IsValid()},
		{"--to-ca", c.ToCA != ""},
	} {
		if f.set {
			given = append(given, f.name)
		}
	}
	return given
}

// checkForward checks where connections are forwarded to.
func (c *Cmd) checkForward(config *server.Config) error {
	given := c.forwardFlags()
	if config.Handler != "forward" {
		if len(given) > 0 {
			return exit.Errorf(exit.Usage, "%s: is for --handler forward", given[0])
		}
		return nil
	}
	tcp := func(a socket.Addr) bool { return a.Network != "unix" }
	secured := func(a socket.Addr) bool { return a.TLS }
	switch {
	case len(c.To) == 0:
		return exit.Errorf(exit.Usage, "--handler forward needs --to ADDRESS")
	case len(c.To) > server.MostBackends:
		return exit.Errorf(exit.Usage, "--to: %d backends, %d is the most", len(c.To), server.MostBackends)
	case c.Balance != "" && len(c.To) == 1:
		return exit.Errorf(exit.Usage, "--balance needs more than one --to ADDRESS")
	case c.ToCA != "" && !slices.ContainsFunc(c.To, secured):
		return exit.Errorf(exit.Usage, "--to-ca is for backends of the form tls:HOST:PORT: there is none")
	case c.Source.IsValid() && !slices.ContainsFunc(c.To, tcp):
		return exit.Errorf(exit.Usage, "--source is for TCP, and all backends are unix sockets")
	}
	for _, to := range c.To {
		if err := checkBackend(to); err != nil {
			return err
		}
	}
	datagrams := slices.ContainsFunc(c.To, socket.Addr.Datagram)
	switch {
	case datagrams && !config.HasDatagrams():
		return exit.Errorf(exit.Usage, "--to udp:…: is for datagrams, and all addresses are streams")
	case !datagrams && config.HasDatagrams():
		return exit.Errorf(exit.Usage, "an address udp:… needs --to udp:HOST:PORT")
	case !slices.ContainsFunc(c.To, socket.Addr.Stream) && slices.ContainsFunc(config.Addrs, func(a socket.Addr) bool { return !a.Packet() }):
		return exit.Errorf(exit.Usage, "all --to are datagrams, and there is an address of streams")
	case datagrams && c.SendProxy != 0:
		return exit.Errorf(exit.Usage, "--send-proxy and --to udp:…: a header comes before a stream")
	}
	return nil
}

// checkBackend checks that connections can be made to an address.
func checkBackend(to socket.Addr) error {
	switch {
	case !to.Stream() && (!to.Datagram() || !server.Pairs):
		return exit.Errorf(exit.Usage, "--to %s: want HOST:PORT, tls:HOST:PORT, unix:PATH, unix:@NAME or udp:HOST:PORT", to)
	case to.Port == "0":
		return exit.Errorf(exit.Usage, "--to %s: nobody can be reached at port 0", to)
	}
	return nil
}
