// Package tcpserver is serve by the command line of tcpserver(1), as ucspi-tcp 0.88 has it,
// with what Debian's ucspi-tcp-ipv6 adds: its options, its environment, its lines on
// standard error, its exit codes. README.md says what differs.
package tcpserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"nettool/internal/admit"
	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/program"
	"nettool/internal/report"
	"nettool/internal/server"
	"nettool/internal/socket"
	"nettool/internal/terminal"
	"nettool/internal/ucspi"
)

// The exit codes of tcpserver(1), besides 0 after SIGTERM.
const (
	misused = 100
	failed  = 111
)

const usage = "tcpserver: usage: tcpserver [ -1UXpPhHrRoOdDqQv ] [ -c limit ] [ -x rules.cdb ] [ -B banner ] [ -g gid ] [ -u uid ] " +
	"[ -b backlog ] [ -l localname ] [ -t timeout ] host port program\n"

// Main runs a command line. It returns the exit code.
func Main(call *cli.Call, args []string) int {
	o, err := parse(args, os.Getenv)
	if err != nil {
		if err.Error() != "" || o.verbosity != quiet {
			io.WriteString(call.Stderr, err.Error()+usage)
		}
		return misused
	}
	addr, err := o.address(context.Background())
	if err == nil {
		err = serve(call, o, addr)
	}
	if err != nil {
		o.complain(call.Stderr, err)
		return failed
	}
	return 0
}

// serve serves until it is told to end, which leaves the programs alone.
func serve(call *cli.Call, o *options, addr socket.Addr) error {
	config := o.config(addr)
	config.Stdin, config.Stdout, config.Environ = call.Stdin, call.Stdout, os.Environ()
	config.Ready = func(addrs []net.Addr) error {
		if o.printPort {
			fmt.Fprintln(call.Stdout, addrs[0].(*net.TCPAddr).Port)
		}
		return nil
	}
	stderr := terminal.Aside(call.Stderr)
	if o.verbosity == quiet {
		stderr = io.Discard
	}
	level := report.Normal
	if o.verbosity == verbose {
		level = report.Verbose
	}
	config.Log = report.NewLog(stderr, call.Name, "tcpserver", level)
	defer config.Log.Close()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // of a standard error that nobody reads
	return server.Run(context.Background(), config, signals)
}

// config turns the options into those of serve.
func (o *options) config(addr socket.Addr) *server.Config {
	config := &server.Config{
		Addrs:     []socket.Addr{addr},
		Options:   socket.Options{Backlog: max(o.backlog, 1), Interface: o.iface, NoDelay: -1},
		Program:   o.program,
		Admission: admit.Config{MaxConns: max(o.limit, 1)},
		Clients: server.Clients{
			LookUp:    handoff.Names{LocalHost: !o.localHost.Known, Host: o.host, Paranoid: o.paranoid, Info: o.info, Timeout: o.timeout},
			LocalHost: o.localHost,
			Database:  o.rules, LaxDatabase: o.laxRules,
			Banner:      o.banner,
			KillOptions: o.killOptions,
		},
		TCP6:    true,
		NoDrain: true,
		User:    o.uid, Group: o.gid,
	}
	if o.noDelay {
		config.Options.NoDelay = 0
	}
	var err error
	if config.Path, err = program.Find(o.program[0]); err != nil {
		config.Path = o.program[0] // each connection is told
	}
	return config
}

// complain says why there is no server, unless it is to be quiet.
func (o *options) complain(w io.Writer, err error) {
	if o.verbosity == quiet {
		return
	}
	fmt.Fprintf(w, "tcpserver: fatal: %s\n", report.Escape(o.worded(err)))
}

// worded is an error in tcpserver's words, if it has such.
func (o *options) worded(err error) string {
	_, denied := errors.AsType[syscall.Errno](err)
	switch {
	case exit.Of(err) == exit.Unreachable:
		return "unable to bind: " + ucspi.Reason(err)
	case denied && o.gid != "" && strings.HasPrefix(err.Error(), "set "):
		return "unable to set gid: " + ucspi.Reason(err)
	case denied && o.uid != "" && strings.HasPrefix(err.Error(), "set "):
		return "unable to set uid: " + ucspi.Reason(err)
	}
	return err.Error()
}
