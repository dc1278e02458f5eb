package serve

import (
	"context"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"nettool/internal/admit"
	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/handler"
	"nettool/internal/handoff"
	"nettool/internal/report"
	"nettool/internal/server"
	"nettool/internal/socket"
)

// deferByDefault is how long a silent client is left to the kernel when the
// handler has nothing to say before it.
const deferByDefault = 3 * time.Second

// Run serves until it is told to end. Its error carries the exit code.
func (c *Cmd) Run(call *cli.Call) error {
	config, err := c.config(call)
	if err != nil {
		return err
	}
	ready, err := c.readiness(call)
	if err != nil {
		return err
	}
	config.Ready = ready
	signals, stop := notify(served()...)
	defer stop()
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // a standard error that nobody reads must not end us
	config.Log = report.NewLog(call.Stderr, call.Name, c.Log, c.level())
	defer config.Log.Close()
	return server.Run(context.Background(), config, signals)
}

// config turns the flags into plain values.
func (c *Cmd) config(call *cli.Call) (*server.Config, error) {
	program, err := c.program(call)
	if err != nil {
		return nil, err
	}
	options, err := c.options()
	if err != nil {
		return nil, err
	}
	config := &server.Config{
		Addrs:     append([]socket.Addr{c.Address}, c.Listen...),
		Options:   options,
		Handler:   c.Handler,
		Program:   program,
		InProcess: c.InProcess,
		QuitOn:    c.QuitOn,
		Limits:    handoff.Limits{FirstByte: c.FirstByte.Or(0), Idle: c.Idle.Or(0), MaxTime: c.MaxTime.Or(0)},
		Admission: admit.Config{
			MaxConns:   c.MaxConns,
			PerSource:  c.PerSource,
			Prefix:     c.SourcePrefix,
			Rate:       c.Rate,
			SourceRate: c.SourceRate,
		},
		Rules:         server.Rules{Allow: c.Allow, Deny: c.Deny, File: c.Rules},
		Reject:        c.WhenFull == "reject",
		RejectMessage: unescape(c.RejectMessage),
		Once:          c.Once || c.Handler == "stdio",
		MaxTotal:      c.MaxTotal,
		Spare:         c.Spare,
		MaxRequests:   c.MaxRequests,
		Account:       c.Account,
		Grace:         c.Grace.Or(0),
		KillAfter:     c.KillAfter.Or(0),
		NoDrain:       c.NoDrain,
		UpgradeGrace:  c.UpgradeGrace.Or(0),
		User:          c.User,
		Group:         c.Group,
		PIDFile:       c.PIDFile,
		Admin:         c.admin(),
		Stdin:         call.Stdin,
		Stdout:        call.Stdout,
		Environ:       os.Environ(),
		Stderr:        c.Stderr,
	}
	if len(program) == 0 && c.Handler == "" {
		config.Handler = "echo"
	}
	if err := c.check(config); err != nil {
		return nil, err
	}
	config.Options.DeferAccept = c.deferAccept(config.Handler)
	if len(program) > 0 {
		config.Path, err = findProgram(program[0])
	}
	return config, err
}

// program is the program's argv: what stands after the address, or after the
// first "--". A "--" inside the program's arguments is the program's.
func (c *Cmd) program(call *cli.Call) ([]string, error) {
	program := slices.Clone(c.Program)
	if len(program) > 0 && strings.HasPrefix(program[0], "-") {
		flag, _, _ := strings.Cut(program[0], "=")
		return nil, &exit.Error{
			Code: exit.Usage,
			Err:  exit.Errorf(exit.Usage, "unknown flag %s", flag),
			Hint: firstOf(c.HintFor(flag), "see '"+call.Name+" --help'"),
		}
	}
	if call.Rest != nil {
		if len(program) > 0 {
			program = append(program, "--")
		}
		program = append(program, call.Rest...)
		if len(program) == 0 {
			return nil, exit.Errorf(exit.Usage, "nothing follows --: want PROGRAM [ARG…]")
		}
	}
	return program, nil
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// options are the socket options.
func (c *Cmd) options() (socket.Options, error) {
	o := socket.Options{
		KeepAlive: time.Duration(c.Keepalive),
		DeadPeer:  time.Duration(c.DeadPeer),
		Backlog:   c.Backlog,
		ReusePort: c.ReusePort,
		RcvBuf:    int(c.Rcvbuf),
		SndBuf:    int(c.Sndbuf),
		DSCP:      c.Dscp,
		Interface: c.Interface,
		Owner:     c.SocketOwner,
	}
	if c.SocketMode != "" {
		mode, err := strconv.ParseUint(c.SocketMode, 8, 9+1)
		if err != nil || mode > 0o777 {
			return o, exit.Errorf(exit.Usage, "socket mode %q: want an octal number, as in 0660", c.SocketMode)
		}
		o.Mode = fs.FileMode(mode)
	}
	return o, nil
}

// deferAccept is on by default only for handlers that have nothing to do before
// the client's first byte.
func (c *Cmd) deferAccept(name string) time.Duration {
	if c.DeferAccept == 0 && handler.ClientSpeaksFirst(name) {
		return deferByDefault
	}
	return c.DeferAccept.Or(0)
}

// unescape turns \n and \r into what they stand for.
func unescape(text string) string {
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r", `\t`, "\t").Replace(text)
}

// check finds options that do not go together.
func (c *Cmd) check(config *server.Config) error {
	name := config.Handler
	_, builtin := handler.Lookup(name)
	switch {
	case len(config.Program) > 0 && name != "":
		return exit.Errorf(exit.Usage, "both a program (%q) and --handler %s: want one of them", config.Program[0], name)
	case name != "" && name != "stdio" && !builtin:
		return exit.Errorf(exit.Usage, "handler %q: there is no such handler; there are %s, stdio", name, strings.Join(handler.Names(), ", "))
	case c.InProcess && len(config.Program) > 0:
		return exit.Errorf(exit.Usage, "--in-process is for built-in handlers; %q runs in a process of its own", config.Program[0])
	case c.QuitOn != "" && name != "echo" && name != "stdio":
		return exit.Errorf(exit.Usage, "--quit-on works with the handlers echo and stdio")
	case c.PrintPort && name == "stdio":
		return exit.Errorf(exit.Usage, "-1 and --handler stdio both want standard output; use --ready-fd")
	case !c.Account && (len(config.Program) > 0) && config.Limits != (handoff.Limits{}):
		return exit.Errorf(exit.Usage, "--no-account leaves a program's connection alone: --first-byte, --idle and --max-time cannot end it")
	case len(config.Program) > 0 && (config.Limits.Idle > 0 || config.Limits.FirstByte > 0) && hasUnix(config.Addrs):
		return exit.Errorf(exit.Usage, "--first-byte and --idle see a program's bytes over TCP only, not over unix sockets; --max-time works")
	case c.Admin != nil && name == "stdio":
		return exit.Errorf(exit.Usage, "--admin and --handler stdio: there is one connection, and nothing to ask about")
	case c.Admin == nil && len(c.AdminAllow) > 0:
		return exit.Errorf(exit.Usage, "--admin-allow needs --admin ADDRESS")
	case c.MaxConns < 1:
		return exit.Errorf(exit.Usage, "max-conns %d: want at least 1", c.MaxConns)
	case c.MaxRequests < 1:
		return exit.Errorf(exit.Usage, "max-requests %d: want at least 1", c.MaxRequests)
	case c.Spare < 0 || c.MaxTotal < 0 || c.Backlog < 0:
		return exit.Errorf(exit.Usage, "--spare, --max-total and --backlog must not be negative")
	case runtime.GOOS != "linux" && !c.InProcess && name != "stdio":
		err := exit.Errorf(exit.Usage, "a process per connection works on Linux only")
		return exit.Hint(err, "use --in-process with a built-in handler")
	}
	return nil
}

func hasUnix(addrs []socket.Addr) bool {
	return slices.ContainsFunc(addrs, func(a socket.Addr) bool { return a.Network == "unix" })
}

// findProgram looks PROGRAM up in PATH, once, before the first connection.
func findProgram(name string) (string, error) {
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path, nil
	case isNotExist(err):
		return "", exit.Errorf(exit.NotFound, "program %q: not found", name)
	}
	return "", exit.Errorf(exit.NotExecutable, "program %q: %w", name, cause(err))
}

// admin is where to answer questions about the server, or nil.
func (c *Cmd) admin() *server.Admin {
	if c.Admin == nil {
		return nil
	}
	return &server.Admin{Addr: *c.Admin, Allow: c.AdminAllow}
}

func (c *Cmd) level() report.Level {
	switch {
	case c.Quiet:
		return report.Quiet
	case c.Verbose:
		return report.Verbose
	}
	return report.Normal
}

// readiness checks the ways to tell that we are ready, and returns a func that
// tells.
func (c *Cmd) readiness(call *cli.Call) (func([]net.Addr) error, error) {
	var readyFD *os.File
	if c.ReadyFD != 0 && !server.Succeeds() {
		var err error
		if readyFD, err = openReadyFD(c.ReadyFD); err != nil {
			return nil, err
		}
	}
	if server.Succeeds() {
		return func([]net.Addr) error { return nil }, nil
	}
	return func(addrs []net.Addr) error {
		if c.PrintPort {
			if err := printPort(call.Stdout, addrs); err != nil {
				return err
			}
		}
		return tellReady(readyFD, addrs)
	}, nil
}
