package serve

import (
	"context"
	"io/fs"
	"math"
	"net"
	"os"
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
	"nettool/internal/program"
	"nettool/internal/report"
	"nettool/internal/server"
	"nettool/internal/server/status"
	"nettool/internal/server/upgrade"
	"nettool/internal/socket"
	"nettool/internal/terminal"
)

// deferByDefault is how long a silent client is left to the kernel when the
// handler has nothing to say before it.
const deferByDefault = 3 * time.Second

// idleTalk ends a conversation of datagrams, which have no end of their own.
const idleTalk = 30 * time.Second

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
	signals := notify(served()...)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // a standard error that nobody reads must not end us
	config.Log = report.NewLog(terminal.Aside(call.Stderr), call.Name, c.logFormat(), c.level())
	defer config.Log.Close()
	return server.Run(context.Background(), config, signals)
}

// config turns the flags into plain values.
func (c *Cmd) config(call *cli.Call) (*server.Config, error) {
	argv, err := c.argv(call)
	if err != nil {
		return nil, err
	}
	options, err := c.options()
	if err != nil {
		return nil, err
	}
	message, err := unescape(c.RejectMessage)
	if err != nil {
		return nil, err
	}
	isolated, err := c.isolation()
	if err != nil {
		return nil, err
	}
	forward, err := c.forward()
	if err != nil {
		return nil, err
	}
	files, err := c.files()
	if err != nil {
		return nil, err
	}
	config := &server.Config{
		Addrs:     append([]socket.Addr{c.Address}, c.Listen...),
		Options:   options,
		Handler:   c.Handler,
		Program:   argv,
		InProcess: c.InProcess || (len(argv) == 0 && !server.HasPool),
		QuitOn:    c.QuitOn,
		Forward:   forward,
		Files:     files,
		Limits:    handoff.Limits{FirstByte: c.FirstByte.Or(0), Idle: c.Idle.Or(0), MaxTime: c.MaxTime.Or(0)},
		Datagrams: server.Datagrams{Idle: c.Idle.Or(idleTalk), Wait: c.InetdWait, Join: c.Join, Answers: c.AnswerRate, Source: c.SourceAnswerRate},
		TLS:       c.tls(),
		Admission: admit.Config{
			MaxConns:   c.MaxConns.Or(1024, -1),
			PerSource:  c.PerSource.Or(0, -1),
			Prefix:     c.SourcePrefix,
			Rate:       c.Rate,
			SourceRate: c.SourceRate,
		},
		Rules:         server.Rules{Allow: c.Allow, Deny: c.Deny, File: c.Rules},
		Reject:        c.WhenFull == "reject",
		RejectMessage: message,
		Clients: server.Clients{LookUp: handoff.Names{
			Host: c.Resolve || c.Paranoid, Paranoid: c.Paranoid, Info: c.Ident, Timeout: c.LookupTimeout.Or(server.DefaultLookUpTime),
		}},
		Proxy:         server.Proxy{From: c.ProxyProtocol, Optional: c.ProxyProtocolOptional, Timeout: c.ProxyTimeout.Or(server.DefaultProxyTimeout)},
		Once:          c.Once || c.Handler == "stdio",
		MaxTotal:      c.MaxTotal.Or(0, 0),
		Spare:         c.Spare.Or(2, 0),
		Sandbox:       c.sandbox(),
		MaxRequests:   c.MaxRequests.Or(1000, math.MaxInt32),
		Prestart:      c.Prestart.Or(0, 0),
		PrestartHello: c.PrestartHello,
		KeepFDs:       c.KeepFD,
		Account:       c.Account == nil || *c.Account,
		Grace:         c.Grace.Limit(10 * time.Second),
		KillAfter:     c.KillAfter.Limit(server.DefaultKillAfter),
		NoDrain:       c.NoDrain,
		UpgradeGrace:  c.UpgradeGrace.Limit(-1),
		User:          c.User,
		Group:         c.Group,
		PIDFile:       unless("off", c.PIDFile),
		Admin:         c.admin(),
		Agent:         c.AgentCheck,
		DrainDelay:    c.DrainDelay.Or(0),
		Stdin:         call.Stdin,
		Stdout:        call.Stdout,
		Environ:       c.environ(),
		Isolate:       isolated,
		Stderr:        c.Stderr,
	}
	if len(argv) == 0 && c.Handler == "" {
		config.Handler = "echo"
	}
	if err := c.check(config); err != nil {
		return nil, err
	}
	config.Options.DeferAccept = c.deferAccept(config.Handler)
	if len(argv) > 0 && c.Chroot == "" && c.Workdir == "" { // there it is looked up later
		config.Path, err = program.Find(argv[0])
	}
	if err != nil && isPort(argv[0]) {
		err = exit.Hint(err, oneWord(call.Name, c.Address.Port, argv))
	}
	return config, err
}

// argv is the program's: what stands after the address, or after the
// first "--". A "--" inside the program's arguments is the program's.
func (c *Cmd) argv(call *cli.Call) ([]string, error) {
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
		Backlog:   c.Backlog.Or(0, 0),
		ReusePort: c.ReusePort,
		RcvBuf:    int(c.Rcvbuf),
		SndBuf:    int(c.Sndbuf),
		DSCP:      c.Dscp.Or(0, 0),
		Interface: c.Interface,
		Owner:     c.SocketOwner,
	}
	if c.Nodelay == "off" {
		o.NoDelay = -1
	}
	if c.SocketMode != "" {
		mode, err := strconv.ParseUint(c.SocketMode, 8, 9+1)
		if err != nil || mode > 0o777 {
			return o, exit.Errorf(exit.Usage, "socket mode %q: want an octal number, as in 0660", c.SocketMode)
		}
		o.Mode = fs.FileMode(mode)
	}
	return o, o.Check()
}

// deferAccept is on by default only for handlers that have nothing to do before
// the client's first byte, where the system has it, and where nobody is told at
// once that there is no room.
func (c *Cmd) deferAccept(name string) time.Duration {
	if c.DeferAccept == 0 && runtime.GOOS == "linux" && c.RejectMessage == "" && handler.ClientSpeaksFirst(name) {
		return deferByDefault
	}
	return c.DeferAccept.Or(0)
}

// admin is where to answer questions about the server, or nil.
func (c *Cmd) admin() *status.Admin {
	if len(c.Admin) == 0 {
		return nil
	}
	return &status.Admin{Addrs: c.Admin, Allow: c.AdminAllow}
}

// sandbox is what keeps a child from all but its connection.
func (c *Cmd) sandbox() handoff.Sandbox {
	switch {
	case c.NoSandbox:
		return handoff.Unboxed
	case c.RequireSandbox:
		return handoff.WhollyBoxed
	}
	return handoff.Sandboxed
}

// logFormat is the form of the log.
func (c *Cmd) logFormat() string {
	if c.Timestamps {
		return c.Log + "+time"
	}
	return c.Log
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
	if upgrade.Succeeds() {
		return func([]net.Addr) error { return nil }, nil
	}
	var ready *readyFD
	if c.ReadyFD != 0 {
		var err error
		if ready, err = openReadyFD(c.ReadyFD); err != nil {
			return nil, err
		}
	}
	return func(addrs []net.Addr) error {
		if c.PrintPort {
			if err := printPort(call.Stdout, addrs); err != nil {
				return err
			}
		}
		return ready.tell(addrs)
	}, nil
}

// unless is text, or nothing when it is word.
func unless(word, text string) string {
	if text == word {
		return ""
	}
	return text
}
