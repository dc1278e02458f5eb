// Package probe is the applet that asks whether something is there, and how
// well it answers: once, until it does, again and again, or port by port.
package probe

import (
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"nettool/internal/cli"
	"nettool/internal/exit"
	"nettool/internal/probe/attempt"
	"nettool/internal/probe/target"
	"nettool/internal/socket"
	"nettool/internal/tlsdial"
)

// Cmd holds the flags that all ways of asking share. In durations, zero is the
// default and "off" is off.
type Cmd struct {
	Which   targetFlags  `embed:"" group:"Targets:"`
	Attempt attemptFlags `embed:"" group:"One attempt:"`
	Result  resultFlags  `embed:"" group:"Results:"`

	Check checkCmd `cmd:"" default:"withargs" help:"Ask once (the default): is it there?"`
	Wait  waitCmd  `cmd:"" help:"Ask until it is there, then run a command if one follows --."`
	Ping  pingCmd  `cmd:"" help:"Ask again and again, with live statistics."`
	Sweep sweepCmd `cmd:"" help:"Ask many ports: which are open?"`

	Load    loadCmd    `cmd:"" help:"Put a target under load: how much, how fast?"`
	Export  exportCmd  `cmd:"" help:"Ask when Prometheus scrapes, in the manner of blackbox_exporter."`
	Compare compareCmd `cmd:"" help:"Set two saved runs side by side: what differs, and what is noise?"`
}

// Plain fills the arguments of a command line that has no flags, of check and of wait.
func (c *Cmd) Plain(args []string) (run func(*cli.Call) error, ok bool) {
	if len(args) == 0 || !cli.Plain(args) {
		return nil, false
	}
	c.Which.MaxHosts, c.Result.Output, c.Check.Targets = target.DefaultMaxHosts, "text", args
	run = func(call *cli.Call) error { return c.Check.Run(call, c) }
	switch args[0] {
	case "check":
		c.Check.Targets = args[1:]
	case "wait":
		c.Check.Targets, c.Wait.Targets = nil, args[1:]
		run = func(call *cli.Call) error { return c.Wait.Run(call, c) }
	case "ping", "sweep", "load", "export", "compare":
		return nil, false
	}
	return run, len(c.Check.Targets)+len(c.Wait.Targets) > 0
}

// targetFlags say what the targets stand for.
type targetFlags struct {
	EveryAddress bool `help:"Ask each address of a name for itself, as NAME@IP:PORT, rather than whichever answers first."`
	MaxHosts     int  `default:"65536" placeholder:"N" help:"Let ranges of hosts stand for N hosts at most (default 65536)."`
}

// attemptFlags say what one attempt does.
type attemptFlags struct {
	Timeout   cli.Duration  `aliases:"connect-timeout" placeholder:"DUR" help:"Give an attempt DUR in all, name lookup included (default 3.3s; wait and sweep 1.3s). Also --connect-timeout, as with connect."`
	Level     level         `placeholder:"LEVEL" help:"What has to work: connect (default); syn (half-open: reset before the server accepts, best effort: on a busy machine an accept may happen; Linux); stay=DUR (not closed for DUR); talk (see --send, --expect); tls; echo (a random line comes back); http (see --http)."`
	Send      string        `placeholder:"TEXT" help:"Send TEXT, with the escapes \\r \\n \\t \\0 \\\\ \\xNN and nothing appended (level talk)."`
	Expect    string        `placeholder:"REGEX" help:"Wait for an answer that matches REGEX (levels talk and http)."`
	Source    socket.Source `placeholder:"ADDR" help:"Ask from this local IP or name, IP:PORT, NAME:PORT, or a port alone."`
	Interface string        `placeholder:"NAME" help:"Ask through this network interface (Linux)."`
	Slow      cli.Duration  `placeholder:"DUR" help:"Call an answer that takes longer than DUR slow, which is not ok."`
	HTTP      string        `name:"http" placeholder:"PATH" help:"Ask for PATH with HTTP/1.1; redirects are not followed. --expect is looked for in the body."`
	Status    string        `placeholder:"LIST" help:"Which status codes are ok (default 200-399), as in 200-299,404 (with --http)."`
	StartTLS  string        `name:"starttls" placeholder:"PROTOCOL" help:"Begin in the clear, and ask for TLS in smtp, lmtp, imap, pop3, ftp, nntp, ldap or postgres."`
	TLSDays   int           `name:"tls-days" placeholder:"N" help:"Fail when a certificate of the peer's chain expires in fewer than N days."`
	TLS       tlsdial.Flags `embed:"" prefix:"tls-"`

	Payload      string `placeholder:"NAME" help:"What is asked of a udp: target without --send: dns, ntp, snmp or stun (default: by the port, otherwise an empty datagram)."`
	Size         int    `placeholder:"BYTES" help:"Bytes of an icmp: target's echo request behind its header (default 56), or of a request of load (default 64), which has letters and a newline."`
	TTL          int    `name:"ttl" placeholder:"N" help:"Let packets pass N routers at most; who discards them is told (Linux)."`
	DontFragment bool   `help:"Have no packet to an icmp: target divided, and tell the path's MTU."`
}

// resultFlags say how results are written.
type resultFlags struct {
	Output  string `short:"o" enum:"text,json,csv,prom" default:"text" placeholder:"FORMAT" help:"Write results as text, json (lines), csv or prom (Prometheus text)."`
	Verbose bool   `short:"v" xor:"loud" help:"Show the phases of every attempt."`
	NoLive  bool   `help:"Draw no live view on a terminal."`
	Quiet   bool   `short:"q" xor:"loud" help:"Write no results and no live view: the exit code tells."`
}

// needFlags say how many of several targets must be ok.
type needFlags struct {
	All bool `xor:"need" help:"All targets must be ok (the default)."`
	Any bool `xor:"need" help:"One target that is ok is enough."`
	Min int  `xor:"need" placeholder:"N" help:"N targets that are ok are enough."`
}

// checkCmd asks once.
type checkCmd struct {
	Targets []string `arg:"" name:"target" sep:"none" help:"HOST:PORT, HOST:22,80,8000-8100, PORT (loopback), 192.0.2.0/28:PORT, 192.0.2.1-9:PORT, NAME@IP:PORT, unix:/path, tls:HOST:PORT, udp:HOST:PORT, icmp:HOST, _SERVICE._tcp.NAME (SRV), @FILE (one a line), @- (stdin), or HOST PORT."`
	needFlags
	Nagios  bool         `help:"Write one line as monitoring plugins do, with performance data, and exit 0 (OK), 1 (WARNING: --slow, --tls-days), 2 (CRITICAL) or 3 (UNKNOWN: trouble on this side, or with a name)."`
	Retries int          `placeholder:"N" help:"Try a target that is not ok N more times."`
	Delay   cli.Duration `name:"retry-delay" placeholder:"DUR" help:"Wait DUR before each retry (default 200ms)."`
}

// waitCmd asks until the target is there.
type waitCmd struct {
	Targets []string `arg:"" name:"target" sep:"none" help:"As for check."`
	needFlags
	Deadline cli.Duration `placeholder:"DUR" help:"Give up after DUR (default 30s, exit 124), or never with off."`
	Interval cli.Duration `placeholder:"DUR" help:"Ask every DUR (default: from 5ms growing to 25ms on this machine, to 250ms elsewhere)."`
	For      inARow       `placeholder:"N" help:"Wait for N successes in a row (default 1)."`
	Down     bool         `help:"Wait until the target is gone. A name that does not resolve is not gone."`
}

// Help introduces the subcommand.
func (*waitCmd) Help() string {
	return "Ask until the target is there, and say how long it took and what it was before. " +
		"With -- CMD ARG… then become CMD, with arguments and standard input untouched; results go to standard error, because standard output is CMD's. " +
		"A name that does not resolve yet is waited for."
}

// pingCmd asks again and again.
type pingCmd struct {
	Targets    []string     `arg:"" name:"target" sep:"none" help:"As for check."`
	Count      int64        `short:"c" placeholder:"N" help:"Ask every target N times."`
	Interval   cli.Duration `short:"i" placeholder:"DUR" help:"Ask every DUR (default 1s), however long an answer takes."`
	Duration   cli.Duration `placeholder:"DUR" help:"Ask for DUR."`
	Timestamps bool         `help:"Begin each line of text about an attempt with the time at which it started."`
	Require    string       `placeholder:"CONDITIONS" help:"What must hold for exit code 0, as in 'p99<5ms,errors<0.1%'; of min mean p50 p90 p99 p999 max jitter outage errors ok missed loss (default: every target answered once)."`
	keepFlags
}

// Help introduces the subcommand.
func (*pingCmd) Help() string {
	return "Ask again and again on an absolute schedule: attempts may overlap, and a tick at which none could start is counted as missed. " +
		"The summary's response times count from when an attempt was due, service times from when it started; a missed tick counts among the response times, as long as it took until an attempt could start again. --require judges response times. ^C ends with the summary, and with an exit code by the results; ^\\ (SIGQUIT) tells how it goes. " +
		"On a terminal there is a live table; standard output then has the changes and the summary only, or every attempt with -v."
}

// keepFlags say what is kept of a run.
type keepFlags struct {
	Save string   `placeholder:"FILE" help:"Keep the run in FILE, for probe compare."`
	Plot plotFlag `help:"Draw the response times under the summary; with a file behind it, as in --plot FILE.svg, into that file."`
}

// plotFlag is the value of --plot, which need not have one.
type plotFlag struct {
	on   bool
	file string // ends in .svg; "" is the text
}

// IsBool has kong take the flag without a value, too.
func (*plotFlag) IsBool() bool { return true }

// Takes reports whether the word behind the flag is its value.
func (*plotFlag) Takes(word string) bool { return strings.HasSuffix(word, ".svg") }

// Decode reads the value, if there is one.
func (p *plotFlag) Decode(ctx *kong.DecodeContext) error {
	p.on = true
	if ctx.Scan.Peek().Type != kong.FlagValueToken {
		return nil
	}
	p.file = ctx.Scan.Pop().String()
	if !p.Takes(p.file) {
		return fmt.Errorf("%q: want the name of a file that ends in .svg, or nothing for text", p.file)
	}
	return nil
}

// loadCmd puts a target under load.
type loadCmd struct {
	Target   []string     `arg:"" name:"target" sep:"none" help:"One address, or HOST PORT."`
	Pattern  string       `enum:"connect,crr,rr,idle" default:"crr" placeholder:"PATTERN" help:"What a request is: connect (a connection), crr (connect, request, response, close; the default), rr (many on each connection) or idle (hold connections open)."`
	Conns    int          `placeholder:"N" help:"Use N connections at once (default 1; with --rate as many as are needed, up to 1024, but for rr 1)."`
	Rate     float64      `placeholder:"N" help:"Make N requests a second, whether the target keeps up or not (an open loop); otherwise each connection makes the next when the one before is answered (a closed loop)."`
	Ramp     string       `placeholder:"FROM..TO" help:"Find the highest rate that the target follows, at --duration a step (default 2s)."`
	Duration cli.Duration `placeholder:"DUR" help:"Go on for DUR (default 10s), or hold idle connections for DUR."`
	Count    int64        `placeholder:"N" help:"Make N requests."`
	Warmup   cli.Duration `placeholder:"DUR" help:"Begin DUR earlier, and do not count that."`
	Answer   string       `placeholder:"END" help:"Where an answer ends: same (as many bytes as the request has; the default without --send), any (the first that come; the default with --send), line, http (an HTTP/1 response with a status below 400), close (the connection's end), or a number of bytes."`
	Verify   bool         `help:"Give every request bytes of its own, which have to come back."`
	Threads  int          `placeholder:"N" help:"Make requests from N threads (default: one for each processor; for a target on this machine half of that)."`
	Require  string       `placeholder:"CONDITIONS" help:"What must hold for exit code 0, as for ping; response times count from when a request was due."`
	keepFlags

	size    int    `kong:"-"` // of a request: --size, which others have as well
	payload string `kong:"-"` // --payload
}

// Help introduces the subcommand.
func (*loadCmd) Help() string {
	return "Requests that fail count as errors, and not among the times. With --rate a response time counts from when the request was due, so that a target that stalls cannot hide it; a service time counts from when the request was made. " +
		"Requests that were due and never made are missed, and count as late as they were. SATURATED says that the target did not follow the rate, generator-bound that this side could not. " +
		"connect and crr close with a reset, so that ports do not run out. idle asks each connection once in the end, with --send TEXT or --verify. ^C ends with the summary."
}

// exportCmd asks for Prometheus.
type exportCmd struct {
	Targets []string      `arg:"" optional:"" name:"pattern" sep:"none" help:"Who may be asked: targets as for check, in which a host may be * or begin with *., and a port may be *."`
	Listen  []socket.Addr `default:"127.0.0.1:9115" placeholder:"ADDRESS" help:"Answer here (default 127.0.0.1:9115; several times for several)."`
	Config  string        `placeholder:"FILE" help:"Read lines \"module NAME [FLAG…]\" and \"target PATTERN…\"; again at SIGHUP."`
	Probes  int           `name:"max-probes" default:"64" placeholder:"N" help:"Ask N targets at once at most, and refuse more (default 64)."`
}

// Help introduces the subcommand.
func (*exportCmd) Help() string {
	return "Answer /probe?target=TARGET&module=MODULE with metrics of one attempt, under blackbox_exporter's names where they mean the same, and /metrics with the exporter's own. " +
		"The module default has the flags of the command line; others are in the configuration. Only targets that a pattern names are asked: a name is not let through by its address, nor an address by a name."
}

// compareCmd sets two runs side by side.
type compareCmd struct {
	Old  string   `arg:"" help:"A run that --save kept."`
	New  string   `arg:"" help:"A later one."`
	Fail *float64 `name:"fail-worse" placeholder:"PERCENT" help:"Exit 1 when something is worse by more than PERCENT of what it was, and that is not noise; of errors and missed ticks, by more than so many points."`
}

// Help introduces the subcommand.
func (*compareCmd) Help() string {
	return "Both runs are divided into stretches of time. A difference counts when the stretches' values differ as chance makes them in less than one case in a hundred (Mann-Whitney U test), and by more than 1 %; " +
		"everything else is noise. A percentile needs attempts: p50 ten in each run, p99 five hundred. Targets are compared by their names, or whatever they are called when each run has one."
}

// sweepCmd asks many ports.
type sweepCmd struct {
	Targets      []string `arg:"" name:"target" sep:"none" help:"HOST:22,80,8000-8100, 192.0.2.0/28:PORTS, 192.0.2.1-9:PORTS, HOST PORTS, PORTS (loopback), @FILE, @-."`
	Open         bool     `help:"List open ports only."`
	Banner       bool     `help:"Show what an open port's server says first, if it does within half a second."`
	Rate         float64  `placeholder:"N" help:"Make N attempts a second at most."`
	Window       int      `placeholder:"N" help:"Make N attempts at once at most (default: as many as descriptors allow, up to 2048; it adapts)."`
	Retries      int      `default:"1" placeholder:"N" help:"Ask a port that does not answer N more times (default 1)."`
	ExpectOpen   string   `placeholder:"LIST" help:"Exit 1 unless these ports are open."`
	ExpectClosed string   `placeholder:"LIST" help:"Exit 1 unless these ports are not open; rest is every port that --expect-open does not name."`
}

// Help introduces the subcommand.
func (*sweepCmd) Help() string {
	return "Ask many ports in random order and list them sorted. Of more than 100 ports, text lists those that are open, and all of them with -v; the other formats list every port, json as it is found. " +
		"Without expectations the exit code is 0 when a port is open."
}

// Help introduces the applet.
func (*Cmd) Help() string {
	return `Ask whether something is there, and how well it answers:

    tcpprobe db:5432 web:80,443          once: a line a target
    tcpprobe wait db:5432 -- ./start     until it is, then become ./start
    tcpprobe ping -i 100ms db:5432       again and again, with statistics
    tcpprobe sweep 192.0.2.7:1-1024      port by port
    tcpprobe load --conns 8 db:5432      how much, how fast
    tcpprobe compare OLD NEW             two runs that --save kept

Every line names an outcome: ok refused timeout unreachable reset closed_early mismatch tls_error dns_error slow local_error cancelled.`
}

// FlagsAnywhere lets targets and flags mix.
func (*Cmd) FlagsAnywhere() {}

// HintFor tells users of other tools which of our flags they meant.
func (*Cmd) HintFor(flag string) string {
	switch flag {
	case "-z":
		return "probe never sends anything unless told to: nettool probe HOST:PORT is nc -z HOST PORT"
	case "-w":
		return "for nc -w SECONDS use --timeout, as in --timeout 3s"
	case "-u", "--udp":
		return "for UDP write the target as udp:HOST:PORT"
	case "-s":
		return "for a source address use --source ADDR"
	case "-I":
		return "for a network interface use --interface NAME"
	case "-U", "--unixsock":
		return "for a unix socket write its path as the target"
	case "-M":
		return "to have no packet divided use --dont-fragment, with an icmp: target"
	case "-n":
		return "give an IP address as the target to keep from looking up a name"
	case "-p", "-p-":
		return "ports belong to the target, as in HOST:22,80,8000-8100"
	case "-4":
		return "for IPv4 only write the target as tcp4:HOST:PORT"
	case "-6":
		return "for IPv6 only write the target as tcp6:HOST:PORT"
	case "-l", "--listen":
		return "to listen use nettool serve"
	case "-c", "--count", "-i", "--interval":
		return "to ask again and again use nettool probe ping"
	case "-d", "--rps", "--qps":
		return "to put a target under load use nettool probe load, with --duration and --rate"
	case "-t":
		return "for wait-for-it -t SECONDS use --deadline, as in nettool probe wait --deadline 5s; for one attempt --timeout"
	case "--deadline":
		return "to wait until a target is there use nettool probe wait"
	case "-V":
		return "use --version"
	case "-sT", "-sS", "--open":
		return "for many ports use nettool probe sweep HOST:PORTS"
	}
	return ""
}

// moduleSpec reads the flags of a module.
func moduleSpec(flags []string) (attempt.Spec, error) {
	var module struct {
		Attempt attemptFlags `embed:""`
	}
	parser, err := kong.New(&module, kong.NoDefaultHelp(), kong.Name("module"), kong.Exit(func(int) {}))
	if err != nil {
		return attempt.Spec{}, exit.With(exit.Local, err)
	}
	if _, err = parser.Parse(flags); err != nil {
		return attempt.Spec{}, errors.New(err.Error())
	}
	return module.Attempt.spec(attempt.DefaultTimeout)
}
