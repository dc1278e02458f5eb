// Package applets turns a command line into one applet's run: argv[0] or
// argv[1] names the applet, kong fills its flags, its error becomes an exit
// code. It is the one place that knows kong's options.
package applets

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"nettool/applets/child"
	"nettool/applets/compat"
	"nettool/applets/connect"
	"nettool/applets/probe"
	"nettool/applets/serve"
	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/interrupt"
	"nettool/internal/report"
	"nettool/internal/terminal"
)

// version is set at link time by scripts/install.sh.
var version string

// versionOf is the version that was linked in, or else the one that Go has written into the
// program: of a module that was installed, or of the commit that it was built from.
func versionOf() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "0.1.0-dev"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return strings.TrimPrefix(v, "v")
	}
	commit, changed := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = "+" + s.Value[:min(len(s.Value), 7)]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = ".dirty"
		}
	}
	return "0.1.0-dev" + commit + changed
}

// grammar is the whole of nettool, for --help and for unknown subcommands. An
// applet that was named is parsed by a grammar of its own.
type grammar struct {
	Serve   serve.Cmd   `cmd:"" help:"Put a program or a built-in handler on a port, one process per connection (also: tcpserve)."`
	Connect connect.Cmd `cmd:"" help:"Talk to a port: standard input to the peer, the peer to standard output (also: tcpconnect)."`
	Probe   probe.Cmd   `cmd:"" help:"Ask whether something is there, and how well it answers (also: tcpprobe)."`
	Child   child.Cmd   `cmd:"" hidden:"" help:"Handle the connection that is standard input, for inetd-style servers."`
}

// Help introduces nettool, as each applet introduces itself.
func (g *grammar) Help() string {
	return "Put programs on TCP ports, talk to them from scripts, check on them.\n\n" +
		"It also answers to the names of other tools, as in nettool nc: " + strings.Join(compat.Names(), " ") + "."
}

// HintFor knows what is asked for by other names.
func (g *grammar) HintFor(flag string) string {
	if flag == "-V" || flag == "-v" {
		return "nettool --version prints the version"
	}
	return ""
}

// Advice knows what other tools call our subcommands.
func (g *grammar) Advice(_ string, _ []string, err error) string {
	word, ok := strings.CutPrefix(err.Error(), "unexpected argument ")
	if !ok {
		return ""
	}
	switch word {
	case "listen", "server":
		return "to put a program on a port use nettool serve"
	case "dial", "client", "talk":
		return "to talk to a port use nettool connect"
	case "check", "wait", "ping", "sweep", "load", "export", "scan":
		return "to ask whether something answers use nettool probe, as in nettool probe " + word
	case "version":
		return "nettool --version prints the version"
	case "help":
		return "nettool --help says what there is, nettool serve --help what serve does"
	}
	return "the subcommands are serve, connect and probe: see nettool --help"
}

// common holds the flags that every applet has.
type common struct {
	Version kong.VersionFlag `help:"Print the version and exit."`
}

// hinter is an applet that knows what users of other tools meant by a flag.
type hinter interface {
	// HintFor returns advice for a flag that the applet does not have, or "".
	HintFor(flag string) string
}

// adviser is an applet that knows what users of other tools meant by a command line.
type adviser interface {
	// Advice returns advice for arguments that were refused with err, or "".
	Advice(name string, args []string, err error) string
}

// misuser is an applet that has a way of its own to say what is wrong with a command line.
type misuser interface {
	// Misused returns err, or what is left of it.
	Misused(call *cli.Call, args []string, err error) error
}

// plainer is an applet that takes a command line without flags as it is. kong
// needs a millisecond to read the flags of a large applet, which is a fifth of a
// short session, and a quarter of asking whether a port is open.
type plainer interface {
	// Plain fills the applet from arguments none of which is a flag, and returns
	// what runs it. It returns false when kong should rather look at them.
	Plain(args []string) (run func(*cli.Call) error, ok bool)
}

// Main runs the applet that args (argv, the program's name first) ask for and
// returns its exit code.
func Main(args []string, stdin, stdout, stderr *os.File) int {
	if tool, name, rest := personality(args); tool != nil {
		interrupt.OnQuit(func(err error) { os.Exit(int(exit.Of(err))) })
		return tool(&cli.Call{Name: name, Stdin: stdin, Stdout: stdout, Stderr: stderr, Version: versionOf()}, rest)
	}
	name, applet, rest := dispatch(args)
	before, after := cli.Split(rest)
	call := &cli.Call{Name: name, Stdin: stdin, Stdout: stdout, Stderr: stderr, Rest: after, Version: versionOf()}
	interrupt.OnQuit(func(err error) {
		terminal.Restore()
		os.Exit(failed(call, err))
	})
	err := run(applet, before, call)
	return failed(call, err)
}

// failed reports err and returns its exit code, which a standard error that nobody
// reads does not change.
func failed(call *cli.Call, err error) int {
	signal.Ignore(syscall.SIGPIPE)
	report.Failure(call.Stderr, call.Name, err)
	return int(exit.Of(err))
}

// personality finds the tool of others that argv[0], or argv[1] behind our own name, stands for.
func personality(args []string) (tool compat.Tool, name string, rest []string) {
	if len(args) == 0 {
		return nil, "", nil
	}
	name = filepath.Base(args[0])
	if tool := compat.Named(name); tool != nil {
		return tool, name, args[1:]
	}
	if len(args) > 1 && appletOf(name) == "" {
		return compat.Named(args[1]), args[1], args[2:]
	}
	return nil, "", nil
}

// dispatch finds the applet in argv[0] or argv[1]. name is how messages call
// it; applet is empty when neither names one.
func dispatch(args []string) (name, applet string, rest []string) {
	if len(args) == 0 {
		return "nettool", "", nil
	}
	base := filepath.Base(args[0])
	if a := appletOf(base); a != "" {
		return base, a, args[1:]
	}
	if len(args) > 1 {
		if a := appletOf(args[1]); a == args[1] || args[1] == "child" {
			return "nettool " + args[1], args[1], args[2:]
		}
	}
	return "nettool", "", args[1:]
}

// appletOf is the applet a symlink name stands for, or empty.
func appletOf(name string) string {
	switch name {
	case "serve", "connect", "probe":
		return name
	case "tcpserve", "tcpconnect", "tcpprobe":
		return strings.TrimPrefix(name, "tcp")
	}
	return ""
}

func run(applet string, args []string, call *cli.Call) error {
	cmd := newApplet(applet)
	if p, ok := cmd.(plainer); ok {
		if run, ok := p.Plain(args); ok {
			return run(call)
		}
	}
	parser, done, err := newParser(cmd, call)
	if err != nil {
		return exit.With(exit.Local, err)
	}
	if _, ok := cmd.(mixer); ok {
		args = arrange(parser.Model, args)
	}
	ctx, err := parser.Parse(args)
	if *done {
		return nil // --help or --version has been printed
	}
	if err != nil {
		err = usage(cmd, call.Name, args, err)
		if m, ok := cmd.(misuser); ok {
			return m.Misused(call, args, err)
		}
		return err
	}
	return ctx.Run(call)
}

func newApplet(name string) any {
	switch name {
	case "serve":
		return &serve.Cmd{}
	case "connect":
		return &connect.Cmd{}
	case "probe":
		return &probe.Cmd{}
	case "child":
		return &child.Cmd{}
	}
	return &grammar{}
}

// newParser makes a parser for cmd. done becomes true when a flag such as
// --help has already done all that was asked.
func newParser(cmd any, call *cli.Call) (parser *kong.Kong, done *bool, err error) {
	done = new(bool)
	parser, err = kong.New(cmd,
		kong.Name(call.Name),
		kong.Vars{"version": "nettool " + versionOf()},
		kong.Embed(&common{}),
		kong.Writers(call.Stdout, call.Stderr),
		kong.Exit(func(int) { *done = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}),
		kong.Help(help),
	)
	return parser, done, err
}

// usage is a mistake on the command line, with advice.
func usage(cmd any, name string, args []string, err error) error {
	text := strings.TrimPrefix(err.Error(), "<address>: ") // an address names itself
	hint := ""
	if flag, ok := strings.CutPrefix(text, "unknown flag "); ok {
		flag, _, _ = strings.Cut(flag, ",")
		if h, ok := cmd.(hinter); ok {
			hint = h.HintFor(flag)
		}
		if hint != "" || !strings.HasPrefix(flag, "--") {
			text, _, _ = strings.Cut(text, ", did you mean ") // a flag that only looks alike; of one letter, any
		}
	}
	if a, ok := cmd.(adviser); ok && hint == "" {
		hint = a.Advice(name, args, err)
	}
	if hint == "" {
		hint = "see '" + name + " --help'"
	}
	return &exit.Error{Code: exit.Usage, Err: errors.New(text), Hint: asTyped(name, hint)}
}

// asTyped has a hint call our applets as whoever typed name calls them.
func asTyped(name, hint string) string {
	if strings.HasPrefix(name, "nettool") {
		return hint
	}
	for _, applet := range []string{"serve", "connect", "probe"} {
		hint = strings.ReplaceAll(hint, "nettool "+applet, "tcp"+applet)
	}
	return hint
}
