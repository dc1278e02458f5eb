// Package serve is the applet that puts a program, or a built-in handler, on a
// port.
package serve

import (
	"net/netip"
	"strconv"
	"strings"

	"nettool/internal/admit"
	"nettool/internal/cli"
	"nettool/internal/isolate"
	"nettool/internal/socket"
)

// Cmd holds the flags of serve.
type Cmd struct {
	Address socket.Addr `arg:"" help:"Where to listen: PORT (loopback only), :PORT (every interface), HOST:PORT, [V6]:PORT, unix:PATH, unix:@NAME, tls:HOST:PORT, fd:N, systemd[:NAME], tls:fd:N, tls:systemd[:NAME], udp:HOST:PORT."`
	Program []string    `arg:"" optional:"" passthrough:"partial" help:"Program to run for each connection, with the socket as its standard input and output. Flags stop here."`

	Listen      []socket.Addr  `sep:"none" placeholder:"ADDRESS" group:"Listening" help:"Listen here, too. Repeatable."`
	Backlog     cli.Count      `placeholder:"N" group:"Listening" help:"Connections that may wait to be accepted (default, and with off: as many as the system lets, net.core.somaxconn)."`
	DeferAccept cli.Duration   `placeholder:"DUR" group:"Listening" help:"Leave a connection whose client says nothing to the kernel for about DUR (default: 3s for echo and discard, off otherwise). Not for protocols in which the server speaks first."`
	ReusePort   bool           `group:"Listening" help:"Share the port with other servers that do the same (SO_REUSEPORT)."`
	Interface   string         `placeholder:"NAME" group:"Listening" help:"Take connections from this network interface only."`
	Keepalive   cli.Duration   `placeholder:"DUR" group:"Listening" help:"Idle time before the first keepalive probe (default: 60s)."`
	Nodelay     string         `enum:"on,off" default:"on" placeholder:"on|off" group:"Listening" help:"Send what a program writes at once (TCP_NODELAY); off: let the kernel make fewer, larger segments (default: ${default})."`
	Rcvbuf      cli.Size       `placeholder:"SIZE" group:"Listening" help:"Receive buffer of connections (SO_RCVBUF)."`
	Sndbuf      cli.Size       `placeholder:"SIZE" group:"Listening" help:"Send buffer of connections (SO_SNDBUF)."`
	Dscp        cli.Count      `placeholder:"N" group:"Listening" help:"Differentiated services code point of what is sent, 1 to 63."`
	SocketMode  string         `placeholder:"OCTAL" group:"Listening" help:"Mode of a unix socket's file, as in 0660."`
	SocketOwner string         `placeholder:"USER[:GROUP]" group:"Listening" help:"Owner of a unix socket's file."`
	Join        []socket.Group `sep:"none" placeholder:"GROUP[%IFACE]" group:"Listening" help:"Hear this multicast group at the udp: addresses. Repeatable."`
	ReadyFD     int            `name:"ready-fd" placeholder:"N" group:"Listening" help:"Write the address to descriptor N once connections are accepted, then close it."`
	PIDFile     string         `name:"pid-file" placeholder:"FILE" group:"Listening" help:"Write the pid to FILE once connections are accepted; removed at the end."`
	PrintPort   bool           `short:"1" name:"print-port" group:"Listening" help:"Print the port on standard output once connections are accepted."`

	MaxConns cli.Count `short:"c" placeholder:"N" group:"Admission" help:"Connections at the same time (default: 1024); off: as many as there are descriptors for."`
	WhenFull string    `enum:"wait,reject" default:"wait" placeholder:"wait|reject" group:"Admission" help:"With all slots taken let clients wait, or accept and close (default: ${default})."`
	Once     bool      `group:"Admission" help:"Serve one connection, then end as it ended."`
	MaxTotal cli.Count `placeholder:"N" group:"Admission" help:"End after N connections."`

	PerSource        cli.Count          `placeholder:"N" group:"Admission" help:"Connections at the same time from one source."`
	SourcePrefix     admit.SourcePrefix `placeholder:"V4,V6" group:"Admission" help:"Leading bits of an address that make a source (default: 32,64)."`
	Rate             admit.Limit        `placeholder:"N/DUR" group:"Admission" help:"New connections of all sources together, as in 100/s."`
	SourceRate       admit.Limit        `placeholder:"N/DUR" group:"Admission" help:"New connections of one source, as in 10/m."`
	Allow            []admit.CIDR       `placeholder:"CIDR,…" group:"Admission" help:"Let these addresses in, and others no more. The most specific of --allow and --deny wins."`
	Deny             []admit.CIDR       `placeholder:"CIDR,…" group:"Admission" help:"Turn these addresses away."`
	Rules            string             `placeholder:"FILE" group:"Admission" help:"Rules in tcprules syntax, also CIDR and [IPV6]; read again when the file changes, and on SIGHUP."`
	SourceAnswerRate admit.Limit        `placeholder:"N/DUR" default:"10/s" group:"Admission" help:"Datagrams that a built-in answers to one source, which may be forged (default: ${default}). Loopback, and what --allow names, has no limit."`
	AnswerRate       admit.Limit        `placeholder:"N/DUR" default:"100/s" group:"Admission" help:"Datagrams that a built-in answers to all those sources together (default: ${default})."`
	RejectMessage    string             `placeholder:"TEXT" group:"Admission" help:"Say this to who is turned away; \\n, \\r, \\t and \\\\ are what they are in C."`

	Resolve       bool         `group:"Admission" help:"Look up the client's name (DNS), before its PROGRAM is started: TCPREMOTEHOST, and remote_host in the log."`
	Paranoid      bool         `group:"Admission" help:"The same, but only a name that has the client's address counts."`
	Ident         bool         `group:"Admission" help:"Ask the client's host whose the connection is (RFC 1413): TCPREMOTEINFO, and remote_info in the log. It is that host's word."`
	LookupTimeout cli.Duration `placeholder:"DUR" group:"Admission" help:"Time for these (default: 26s)."`

	ProxyProtocol         []admit.Sender `placeholder:"CIDR,…" group:"Admission" help:"Connections from these addresses begin with a PROXY protocol header, version 1 or 2, which says where they are from; unix names the clients of unix sockets. Others are turned away."`
	ProxyProtocolOptional []admit.Sender `placeholder:"CIDR,…" group:"Admission" help:"Connections from these addresses are served, too. They have no header. The most specific of both lists counts."`
	ProxyTimeout          cli.Duration   `placeholder:"DUR" group:"Admission" help:"Time for a PROXY header (default: 5s)."`

	TLSCert     []string     `name:"tls-cert" sep:"none" placeholder:"FILE" group:"TLS" help:"Certificate, PEM, with its chain, for addresses with tls:. Repeatable: clients name the one they want, and who does not gets the first. Read again on SIGHUP."`
	TLSKey      []string     `name:"tls-key" sep:"none" placeholder:"FILE" group:"TLS" help:"Key of the certificate, PEM (default: in the certificate's file). One for each --tls-cert, in the same order. Nobody but its owner and group may have it."`
	TLSClientCA string       `name:"tls-client-ca" placeholder:"FILE" group:"TLS" help:"Clients need a certificate that one of these, PEM, has signed."`
	TLSClient   string       `name:"tls-client" enum:",require,ask" default:"" placeholder:"require|ask" group:"TLS" help:"With --tls-client-ca: ask lets clients in without a certificate, but not with a bad one (default: require)."`
	TLSMin      string       `name:"tls-min" enum:",1.2,1.3" default:"" placeholder:"1.2|1.3" group:"TLS" help:"Oldest version of TLS that is spoken (default: 1.2)."`
	TLSALPN     []string     `name:"tls-alpn" placeholder:"NAME,…" group:"TLS" help:"Protocols that clients may ask for (ALPN), the favourite first."`
	TLSUser     string       `name:"tls-user" placeholder:"NAME[:GROUP]" group:"TLS" help:"The children, which have the key, become this user: another one than PROGRAM's (see --user)."`
	TLSTimeout  cli.Duration `name:"tls-timeout" placeholder:"DUR" group:"TLS" help:"Time for a client's handshake (default: 10s)."`

	FirstByte    cli.Duration `placeholder:"DUR" group:"Timeouts" help:"End a connection when nothing was received for DUR."`
	Idle         cli.Duration `placeholder:"DUR" group:"Timeouts" help:"End a connection after DUR without a byte either way, a conversation of datagrams without a datagram (default: off, and 30s for those)."`
	MaxTime      cli.Duration `placeholder:"DUR" group:"Timeouts" help:"End a connection after DUR."`
	DeadPeer     cli.Duration `placeholder:"DUR" group:"Timeouts" help:"End a connection whose peer has vanished, idle or not: after DUR (2s or more), and at most 1s + DUR/4 later. Also cuts a peer that is alive but reads nothing for so long."`
	Grace        cli.Duration `placeholder:"DUR" group:"Timeouts" help:"After SIGTERM, time for connections to end by themselves (default: 10s)."`
	KillAfter    cli.Duration `placeholder:"DUR" group:"Timeouts" help:"Time from SIGTERM to SIGKILL for a program (default: 5s)."`
	UpgradeGrace cli.Duration `placeholder:"DUR" group:"Timeouts" help:"After SIGUSR2 has started a new image of the program, time for the old one's connections to end (default: no limit)."`
	DrainDelay   cli.Duration `placeholder:"DUR" group:"Timeouts" help:"After SIGTERM, time in which /readyz and the agent say that we drain, and connections are taken still, before the listener closes."`
	NoDrain      bool         `group:"Timeouts" help:"On SIGTERM end at once and leave connections to their processes."`

	Handler       string    `placeholder:"NAME" group:"Handler" help:"Built-in instead of a PROGRAM: echo (the default), discard, chargen, daytime, time, forward, which joins connections to --to ADDRESS, receive and send, which are for files (--dir), or stdio, which joins one connection to our own standard input and output."`
	QuitOn        string    `placeholder:"PREFIX" group:"Handler" help:"A line that starts with PREFIX ends the session (echo and stdio)."`
	InProcess     bool      `group:"Handler" help:"Run built-ins as threads of the server, for very many idle connections."`
	Spare         cli.Count `placeholder:"N" group:"Handler" help:"Warm children that wait for a connection (default: 2)."`
	MaxRequests   cli.Count `placeholder:"N" group:"Handler" help:"Connections that a child handles, one after another (default: 1000); 1 gives each connection a fresh process."`
	Account       *bool     `negatable:"" group:"Handler" help:"Count a PROGRAM's bytes through a duplicate of its socket. Turn it off for programs that close their socket early and live on: the peer sees the end only when they exit."`
	Prestart      cli.Count `placeholder:"N" group:"Handler" help:"Keep N instances of PROGRAM waiting for a connection, so that nobody waits for its start. Their 0 and 1 are unix sockets, and nothing is known yet of who will talk: see --prestart-hello. SIGHUP has others wait."`
	PrestartHello bool      `group:"Handler" help:"With --prestart: a line of the PROXY protocol (version 1) comes before the client's bytes and tells PROGRAM who it is."`
	InetdWait     bool      `name:"inetd-wait" group:"Handler" help:"Give PROGRAM the udp: socket itself as its standard input and output when a datagram waits, until it ends, as inetd's wait does."`
	KeepFD        []int     `name:"keep-fd" placeholder:"N" group:"Handler" help:"Leave descriptor N, 3 or above, open in a PROGRAM. Repeatable; others are closed."`
	Stderr        string    `enum:",inherit,null,socket,log" default:"" placeholder:"inherit|null|socket|log" group:"Handler" help:"Where a PROGRAM's standard error goes (default: inherit). With log, each line becomes an event of its connection, at most 100 a second."`

	Dir           string       `placeholder:"DIR" group:"Files" help:"Where --handler receive puts files, and --handler send takes them from."`
	File          string       `placeholder:"FILE" group:"Files" help:"The one file that --handler send sends."`
	MaxSize       cli.Size     `placeholder:"SIZE" group:"Files" help:"Receive no file of more bytes."`
	MaxTotalSize  cli.Size     `placeholder:"SIZE" group:"Files" help:"Receive nothing that makes DIR hold more bytes; what is being received counts in full."`
	KeepParts     cli.Duration `placeholder:"DUR" group:"Files" help:"Remove what was never finished, and was not written to for DUR (default: 24h). Until then an upload that was cut off goes on there."`
	OnFile        string       `placeholder:"CMD" group:"Files" help:"Run this program, without a shell, for each file that has been received: its path is the argument. NETTOOL_NAME, NETTOOL_SIZE and NETTOOL_SHA256 are in its environment, with what a PROGRAM is told. Four run at a time."`
	OnFileTimeout cli.Duration `placeholder:"DUR" group:"Files" help:"Kill that program after DUR (default: 5m)."`
	Sync          bool         `group:"Files" help:"Have each received file on the disk before its receipt, not all of them before the last."`
	Resume        *bool        `negatable:"" group:"Files" help:"Tell who sends a file the size and the SHA-256 of what is there of it (default); without, everything is sent anew."`
	Raw           *bool        `negatable:"" group:"Files" help:"Put what does not begin with NETTOOL/1 into a file called conn-N (default): whether it is whole nobody knows."`

	To             []socket.Addr    `sep:"none" placeholder:"ADDRESS" group:"Forwarding" help:"Backend of --handler forward: HOST:PORT, tls:HOST:PORT, unix:PATH, unix:@NAME. Repeatable: who cannot be reached is followed by the next, and comes last for 5s. Names are looked up at the start, on SIGHUP, and after failures."`
	Balance        string           `enum:",first,round-robin,least" default:"" placeholder:"first|round-robin|least" group:"Forwarding" help:"Which backend a connection goes to: the first that can be reached (default), one after the other, or the one with the fewest connections."`
	ConnectTimeout cli.Duration     `placeholder:"DUR" group:"Forwarding" help:"Give up a backend after DUR, over all its addresses and the TLS handshake (default: 10s)."`
	SendProxy      cli.ProxyVersion `placeholder:"v1|v2" group:"Forwarding" help:"Send backends a PROXY protocol header first: who the client is, and what it has connected to."`
	Source         netip.Addr       `placeholder:"ADDRESS" group:"Forwarding" help:"Connect to backends from this address of ours."`
	ToCA           string           `name:"to-ca" placeholder:"FILE" group:"Forwarding" help:"Trust these certificates (PEM) of tls: backends instead of the system's authorities; read at the start."`

	Chroot     string             `placeholder:"DIR" group:"Privileges" help:"Make DIR the root of a PROGRAM, which is looked up there."`
	Workdir    string             `placeholder:"DIR" group:"Privileges" help:"Start a PROGRAM in DIR, in its root."`
	Umask      string             `placeholder:"OCTAL" group:"Privileges" help:"File mode creation mask of a PROGRAM, as in 027."`
	Nice       int                `placeholder:"N" group:"Privileges" help:"Add N, -40 to 39, to the niceness of a PROGRAM."`
	Rlimit     []isolate.Rlimit   `sep:"none" placeholder:"NAME=SOFT[:HARD]" group:"Privileges" help:"Limit a PROGRAM's resources (setrlimit(2)), as in as=64M, cpu=10 or nofile=64:256. Repeatable. nproc counts all processes of the user, not those of a connection: for that, give --unshare user, too, or use a cgroup's pids.max."`
	NoNewPrivs bool               `group:"Privileges" help:"A PROGRAM gains nothing by executing files: set-user-ID and the like have no effect (PR_SET_NO_NEW_PRIVS)."`
	Landlock   []isolate.PathRule `placeholder:"ro:PATH,rw:PATH" group:"Privileges" help:"A PROGRAM can read and execute what is below the paths with ro, and change what is below those with rw; other files it cannot open, nor signal or trace a process that it has not started. Implies --no-new-privs. Repeatable."`
	ClearEnv   bool               `group:"Privileges" help:"Start a PROGRAM's environment empty, but for what is known about the connection."`
	Env        []string           `sep:"none" placeholder:"NAME=VALUE" group:"Privileges" help:"Add a variable to a PROGRAM's environment. Repeatable."`
	Unshare    isolate.Namespaces `placeholder:"net,pid,ipc,uts,mount,user" group:"Privileges" help:"Give each PROGRAM namespaces of its own. net: no network but its connection; pid: it sees, and leaves behind, no other process; mount: what --tmpfs mounts; user: its ids are as they are, all others are nobody's, and it has no capability. Without user they take root."`
	Tmpfs      []isolate.Tmpfs    `sep:"none" placeholder:"DIR[:SIZE]" group:"Privileges" help:"Cover DIR with an empty directory in memory that is the PROGRAM's own, as in /tmp:64M. Needs --unshare mount. Repeatable."`
	Subreaper  bool               `group:"Privileges" help:"What a PROGRAM leaves running keeps its connection's slot, and ends with --max-time and the drain, also from another process group. Costs a process of ours for each connection."`

	RequireSandbox bool `group:"Privileges" help:"Do not start unless the children that run built-ins can have all of their sandbox: no files, no new sockets, no capabilities, no other process to signal or to look into."`
	NoSandbox      bool `group:"Privileges" help:"Run built-ins in children without a sandbox."`

	User  string `placeholder:"NAME[:GROUP]" group:"Privileges" help:"Become this user once the sockets are open and files are read, with all that runs later."`
	Group string `placeholder:"NAME" group:"Privileges" help:"Become this group (default: the user's own groups)."`

	Admin      []socket.Addr `sep:"none" placeholder:"ADDRESS" group:"Output" help:"Answer HTTP on this loopback address or unix socket (repeatable): /metrics (Prometheus), /healthz, /readyz, /connections (JSON), and / for people."`
	AgentCheck []socket.Addr `sep:"none" placeholder:"ADDRESS" group:"Output" help:"Answer HAProxy's agent checks here (repeatable): a weight by the free slots, and drain from SIGTERM on. Whoever connects is told."`
	AdminAllow []admit.CIDR  `placeholder:"CIDR,…" group:"Output" help:"Let these addresses ask, too; --admin may then be any address."`

	Log        string `enum:"text,json,ucspi" default:"text" placeholder:"text|json|ucspi" group:"Output" help:"Form of the events on standard error; ucspi is tcpserver's own lines (default: ${default})."`
	Timestamps bool   `group:"Output" help:"Begin each line of the text log with the time, in UTC."`
	Verbose    bool   `short:"v" group:"Output" help:"Log opened connections, too."`
	Quiet      bool   `short:"q" group:"Output" help:"Log errors only."`
}

// Help introduces the applet.
func (c *Cmd) Help() string {
	return "Put a program on a port: one process per connection. Without PROGRAM and --handler it echoes.\n\n" +
		"  tcpserve 7000 tr a-z A-Z        # upper-case service, on loopback\n" +
		"  tcpserve :7000 --handler echo   # every interface\n" +
		"  tcpserve 7000 --handler stdio --once > file"
}

// HintFor knows what users of netcat and tcpserver meant.
func (c *Cmd) HintFor(flag string) string {
	switch flag {
	case "-l", "-p":
		return "serve always listens: the address comes first, as in serve 7000"
	case "-k":
		return "serve keeps listening by itself; --once serves one connection only"
	case "-e":
		return "the program follows the address, as in serve 7000 PROGRAM"
	case "-w":
		return "use --idle, --first-byte or --max-time"
	case "-z":
		return "to look whether a port is open, use nettool probe"
	case "-b":
		return "use --backlog"
	case "-R", "-H", "-P", "-l0":
		return "names are looked up only with --resolve, --paranoid and --ident: there is nothing to turn off (" + personality + ")"
	case "-u":
		return "to become another user use --user NAME[:GROUP]; for datagrams write the address as udp:HOST:PORT (" + personality + ")"
	case "-g":
		return "to become another group use --group NAME (" + personality + ")"
	case "-x":
		return "for rules use --rules FILE, which reads the text that tcprules reads (" + personality + ")"
	case "-t":
		return "for look-ups use --lookup-timeout, for a connection --idle or --max-time"
	case "-U":
		return "for a unix socket write its path as the address"
	case "-V":
		return "use --version"
	case "-n", "-d", "-D", "-o", "-O", "-Q", "-p0", "-B", "-X":
		return "there is no such option here; " + personality
	}
	return ""
}

// personality is where tcpserver's own command line goes.
const personality = "nettool tcpserver takes tcpserver's own options"

// Advice knows tcpserver's order of arguments.
func (c *Cmd) Advice(name string, args []string, err error) string {
	if !strings.Contains(err.Error(), "the port is missing") {
		return ""
	}
	for i, arg := range args[:max(len(args)-1, 0)] {
		if !strings.HasPrefix(arg, "-") && isPort(args[i+1]) {
			return oneWord(name, arg, args[i+1:])
		}
	}
	return ""
}

// oneWord shows a command line in tcpserver's order as ours.
func oneWord(name, host string, rest []string) string {
	if host == "0" {
		host = ""
	}
	line := append([]string{name, host + ":" + rest[0]}, rest[1:]...)
	return "the address is one word here: " + strings.Join(line, " ")
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && strconv.FormatUint(n, 10) == text
}
