package serve

import (
	"slices"
	"strings"

	"nettool/internal/exit"
	"nettool/internal/handler"
	"nettool/internal/handoff"
	"nettool/internal/server"
	"nettool/internal/socket"
)

// maxKeptFD is the highest descriptor that programs can get.
const maxKeptFD = 255

// check finds options that do not go together, or would do nothing.
func (c *Cmd) check(config *server.Config) error {
	if err := c.checkHandler(config); err != nil {
		return err
	}
	if err := c.checkForward(config); err != nil {
		return err
	}
	if err := c.checkIdle(config); err != nil {
		return err
	}
	if err := c.checkDatagrams(config); err != nil {
		return err
	}
	if err := c.checkTLS(config); err != nil {
		return err
	}
	if err := c.checkProxy(config); err != nil {
		return err
	}
	if err := config.CheckClients(); err != nil {
		return err
	}
	if c.LookupTimeout != 0 && !config.Clients.LooksUp() {
		return exit.Errorf(exit.Usage, "--lookup-timeout is for --resolve, --paranoid and --ident")
	}
	if err := config.CheckSources(hasNetwork(config.Addrs, "unix", "unixgram")); err != nil {
		return err
	}
	switch name := config.Handler; {
	case c.PrintPort && name == "stdio":
		return exit.Errorf(exit.Usage, "-1 and --handler stdio both want standard output; use --ready-fd")
	case len(c.Admin) > 0 && name == "stdio":
		return exit.Errorf(exit.Usage, "--admin and --handler stdio: there is one connection, and nothing to ask about")
	case len(c.AgentCheck) > 0 && name == "stdio":
		return exit.Errorf(exit.Usage, "--agent-check and --handler stdio: there is one connection, and no balance")
	case c.DrainDelay != 0 && name == "stdio":
		return exit.Errorf(exit.Usage, "--drain-delay and --handler stdio: its one connection ends with a signal")
	case len(c.Admin) == 0 && len(c.AdminAllow) > 0:
		return exit.Errorf(exit.Usage, "--admin-allow needs --admin ADDRESS")
	case c.Spare > 0 && config.Admission.MaxConns > 0 && config.Spare > config.Admission.MaxConns:
		return exit.Errorf(exit.Usage, "--spare %d: is more than --max-conns %d", config.Spare, config.Admission.MaxConns)
	case c.Timestamps && c.Log != "text":
		return exit.Errorf(exit.Usage, "--timestamps is for the text log: json has them, and tcpserver's lines have none")
	case c.Quiet && c.Verbose:
		return exit.Errorf(exit.Usage, "-q and -v: want one of them")
	case (c.SocketMode != "" || c.SocketOwner != "") && !hasNetwork(config.Addrs, "unix", "unixgram"):
		return exit.Errorf(exit.Usage, "--socket-mode and --socket-owner are for unix sockets: there is none")
	case c.NoDrain && c.DrainDelay != 0:
		return exit.Errorf(exit.Usage, "--no-drain ends at once: there is no --drain-delay")
	case c.NoDrain && (c.Grace != 0 || c.KillAfter != 0 && !runsProgram(config)):
		return exit.Errorf(exit.Usage, "--no-drain ends at once: there is no --grace, nor a --kill-after of built-ins")
	}
	return nil
}

// checkHandler checks what runs the connections.
func (c *Cmd) checkHandler(config *server.Config) error {
	name := config.Handler
	_, builtin := handler.Lookup(name)
	limits := config.Limits
	switch {
	case runsProgram(config) && name != "":
		return exit.Errorf(exit.Usage, "both a program (%q) and --handler %s: want one of them", config.Program[0], name)
	case name != "" && name != "stdio" && !builtin:
		return exit.Errorf(exit.Usage, "handler %q: there is no such handler; there are %s, forward, receive, send, stdio", name, strings.Join(handler.Names(), ", "))
	case c.InProcess && runsProgram(config):
		return exit.Errorf(exit.Usage, "--in-process is for built-in handlers; %q runs in a process of its own", config.Program[0])
	case c.QuitOn != "" && name != "echo" && name != "stdio":
		return exit.Errorf(exit.Usage, "--quit-on works with the handlers echo and stdio")
	case !config.Account && runsProgram(config) && limits != (handoff.Limits{}):
		return exit.Errorf(exit.Usage, "--no-account leaves a program's connection alone: --first-byte, --idle and --max-time cannot end it")
	case runsProgram(config) && (limits.Idle > 0 || limits.FirstByte > 0) && hasNetwork(config.Addrs, "unix"):
		return exit.Errorf(exit.Usage, "--first-byte and --idle see a program's bytes over TCP only, not over unix sockets; --max-time works")
	case runsProgram(config) && limits != (handoff.Limits{}) && !server.Accounts:
		return exit.Errorf(exit.Usage, "--first-byte, --idle and --max-time end a program's connection on Linux only")
	}
	return nil
}

// checkIdle finds flags of one way to run connections that were given to
// another, which has no use for them.
func (c *Cmd) checkIdle(config *server.Config) error {
	pooled := !runsProgram(config) && !config.InProcess && config.Handler != "stdio"
	pooled = pooled || (runsProgram(config) && (len(c.ProxyProtocol) > 0 || c.TLSCert != nil || c.Prestart > 0))
	switch {
	case (c.Spare != 0 || c.MaxRequests != 0) && !pooled:
		return exit.Errorf(exit.Usage, "--spare and --max-requests are for the children that run built-in handlers")
	case (c.RequireSandbox || c.NoSandbox) && !pooled:
		return exit.Errorf(exit.Usage, "--require-sandbox and --no-sandbox are for the children that run built-in handlers")
	case c.RequireSandbox && c.NoSandbox:
		return exit.Errorf(exit.Usage, "--require-sandbox and --no-sandbox: want one of them")
	case c.Account != nil && *c.Account && !server.Accounts:
		return exit.Errorf(exit.Usage, "--account: a program's bytes are counted on Linux only")
	case c.Stderr == "log" && !server.Accounts:
		return exit.Errorf(exit.Usage, "--stderr log works on Linux only")
	case (c.Prestart != 0 || c.PrestartHello) && !runsProgram(config):
		return exit.Errorf(exit.Usage, "--prestart is for a PROGRAM")
	case c.PrestartHello && c.Prestart <= 0:
		return exit.Errorf(exit.Usage, "--prestart-hello goes with --prestart N: other programs find who their client is in their environment")
	case c.Prestart > 0 && !server.HasPool:
		return exit.Errorf(exit.Usage, "--prestart works on Linux only")
	case c.keepsApart() && !runsProgram(config):
		return exit.Errorf(exit.Usage, "%s: is for a PROGRAM", c.apart()[0])
	case c.keepsApart() && !server.Accounts:
		return exit.Errorf(exit.Usage, "%s: works on Linux only", c.apart()[0])
	case (c.Stderr != "" || c.Account != nil || c.KeepFD != nil) && !runsProgram(config):
		return exit.Errorf(exit.Usage, "--stderr, --account and --keep-fd are for a PROGRAM")
	}
	return c.checkKept()
}

// checkProxy checks who sends PROXY headers.
func (c *Cmd) checkProxy(config *server.Config) error {
	given := len(c.ProxyProtocol) > 0
	switch {
	case !given && (len(c.ProxyProtocolOptional) > 0 || c.ProxyTimeout != 0):
		return exit.Errorf(exit.Usage, "--proxy-protocol-optional and --proxy-timeout need --proxy-protocol CIDR,…")
	case !given:
		return nil
	case c.ProxyTimeout < 0:
		return exit.Errorf(exit.Usage, "--proxy-timeout off: a client could keep its place for good without saying where it is from")
	case config.Handler == "stdio":
		return exit.Errorf(exit.Usage, "--proxy-protocol and --handler stdio: its one connection is not served by address")
	case runsProgram(config) && !server.HasPool:
		return exit.Errorf(exit.Usage, "--proxy-protocol with a PROGRAM works on Linux only")
	}
	for _, sender := range c.ProxyProtocol {
		if slices.Contains(c.ProxyProtocolOptional, sender) {
			return exit.Errorf(exit.Usage, "--proxy-protocol and --proxy-protocol-optional both name %s: want it in one of them", sender)
		}
	}
	return nil
}

// checkKept checks the descriptors that programs get.
func (c *Cmd) checkKept() error {
	for _, fd := range c.KeepFD {
		switch {
		case !server.Accounts:
			return exit.Errorf(exit.Usage, "keep-fd %d: descriptors are kept open on Linux only", fd)
		case fd < 3 || fd > maxKeptFD:
			return exit.Errorf(exit.Usage, "keep-fd %d: want a descriptor from 3 to %d", fd, maxKeptFD)
		case fd == c.ReadyFD:
			return exit.Errorf(exit.Usage, "keep-fd %d: is the descriptor of --ready-fd, which is closed", fd)
		case !inherited(fd):
			return exit.Errorf(exit.Usage, "keep-fd %d: not an open descriptor", fd)
		}
	}
	return nil
}

func runsProgram(config *server.Config) bool { return len(config.Program) > 0 }

func hasNetwork(addrs []socket.Addr, networks ...string) bool {
	return slices.ContainsFunc(addrs, func(a socket.Addr) bool { return slices.Contains(networks, a.Network) })
}

// unescape turns \n, \r, \t and \\ into what they stand for.
func unescape(text string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			b.WriteByte(text[i])
			continue
		}
		i++
		at := -1
		if i < len(text) {
			at = strings.IndexByte(`nrt\`, text[i])
		}
		if at < 0 {
			return "", exit.Errorf(exit.Usage, "reject message %q: after a backslash there can be n, r, t or another one", text)
		}
		b.WriteByte("\n\r\t\\"[at])
	}
	return b.String(), nil
}
