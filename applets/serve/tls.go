package serve

import (
	"crypto/tls"
	"slices"
	"time"

	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/server"
	"nettool/internal/socket"
	"nettool/internal/tlsserve"
)

// tls says how addresses with tls: are served.
func (c *Cmd) tls() server.TLS {
	t := server.TLS{
		User:  c.TLSUser,
		Files: tlsserve.Files{Certs: c.TLSCert, Keys: c.TLSKey, ClientCA: c.TLSClientCA},
		Options: handoff.TLSOptions{
			MinVersion: tls.VersionTLS12,
			ALPN:       c.TLSALPN,
			Timeout:    c.TLSTimeout.Or(10 * time.Second),
		},
	}
	if c.TLSMin == "1.3" {
		t.Options.MinVersion = tls.VersionTLS13
	}
	switch {
	case c.TLSClientCA == "":
	case c.TLSClient == "ask":
		t.Options.ClientCerts = handoff.AskClientCerts
	default:
		t.Options.ClientCerts = handoff.RequireClientCerts
	}
	return t
}

// longestALPN is how many bytes a protocol's name may have: RFC 7301, section 3.1.
const longestALPN = 255

// checkTLS finds what does not go together.
func (c *Cmd) checkTLS(config *server.Config) error {
	wanted := slices.ContainsFunc(config.Addrs, isTLS)
	others := c.TLSKey != nil || c.TLSClientCA != "" || c.TLSClient != "" || c.TLSMin != "" || c.TLSALPN != nil || c.TLSTimeout != 0 || c.TLSUser != ""
	switch {
	case slices.ContainsFunc(c.Admin, isTLS):
		return exit.Errorf(exit.Usage, "--admin speaks plain HTTP only: want an address without tls:")
	case wanted && c.TLSCert == nil:
		return exit.Errorf(exit.Usage, "an address with tls: needs --tls-cert FILE, and --tls-key FILE if the key is not in it, too")
	case !wanted && (c.TLSCert != nil || others):
		return exit.Errorf(exit.Usage, "the --tls flags are for addresses with tls:, as in tls::7000, and there is none")
	case c.TLSUser != "" && (c.InProcess || config.Handler == "stdio" || !server.HasPool):
		return exit.Errorf(exit.Usage, "--tls-user is for children, and there are none")
	case c.TLSKey != nil && len(c.TLSKey) != len(c.TLSCert):
		return exit.Errorf(exit.Usage, "%d times --tls-cert and %d times --tls-key: want a key for each, or none when the keys are in the same files", len(c.TLSCert), len(c.TLSKey))
	case c.TLSClient != "" && c.TLSClientCA == "":
		return exit.Errorf(exit.Usage, "--tls-client %s needs --tls-client-ca FILE", c.TLSClient)
	case wanted && runsProgram(config) && !server.HasPool:
		return exit.Errorf(exit.Usage, "an address with tls: and a PROGRAM: only on Linux there are children that speak TLS for programs")
	}
	for _, name := range c.TLSALPN {
		if name == "" || len(name) > longestALPN {
			return exit.Errorf(exit.Usage, "--tls-alpn %q: want names of 1 to %d bytes", name, longestALPN)
		}
	}
	return nil
}

func isTLS(a socket.Addr) bool { return a.TLS }
