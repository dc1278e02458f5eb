// Package connect is the applet that talks to a port: standard input to the
// peer, the peer to standard output, or the connection to a program.
package connect

import (
	"nettool/internal/cli"
	"nettool/internal/dialogue"
	"nettool/internal/socket"
	"nettool/internal/tlsdial"
)

// Cmd holds the flags of connect. In durations, zero is the default and "off"
// is off.
type Cmd struct {
	Address string `arg:"" help:"Where: HOST:PORT, PORT (loopback), unix:/path, unix:@name, udp:HOST:PORT, unixgram:/path, tls:HOST:PORT."`
	Port    string `arg:"" optional:"" help:"The port, when ADDRESS is a bare host; with --send-file and --get the first FILE."`

	Names []string `arg:"" optional:"" name:"file" help:"With --send-file, what to send; with --get, what to ask for (all there is, if nothing is named)."`

	Times    timeFlags     `embed:"" group:"Time limits:"`
	Session  sessionFlags  `embed:"" group:"Session:"`
	Dialogue dialogueFlags `embed:"" group:"Dialogue, in place of standard input:"`
	Bytes    byteFlags     `embed:"" group:"Bytes:"`
	Files    fileFlags     `embed:"" group:"Files:"`
	Retry    retryFlags    `embed:"" group:"Trying again:"`
	Reach    reachFlags    `embed:"" group:"Reaching the peer:"`
	StartTLS string        `name:"starttls" group:"TLS:" placeholder:"PROTOCOL" help:"Begin in the clear, and ask for TLS in smtp, lmtp, imap, pop3, ftp, nntp, ldap or postgres. The address is tls:HOST:PORT."`
	TLS      tlsFlags      `embed:"" prefix:"tls-" group:"TLS:"`
	Status   statusFlags   `embed:"" group:"Status:"`

	Manner Manner `kong:"-"`

	steps []dialogue.Step // of the dialogue, once Run has looked
}

// timeFlags are the four timers and the patience at the end.
type timeFlags struct {
	ConnectTimeout cli.Duration `aliases:"timeout" placeholder:"DUR" help:"Give up connecting after DUR, over all addresses and handshakes (default 10s, exit 5). Also --timeout, as with probe."`
	Idle           cli.Duration `placeholder:"DUR" help:"End when no byte has moved either way for DUR (exit 8). Time spent waiting for the reader of standard output does not count."`
	Deadline       cli.Duration `placeholder:"DUR" help:"End the session after DUR, whatever happens (exit 8)."`
	AfterEOF       cli.Duration `name:"after-eof" placeholder:"DUR" help:"After the end of standard input, end when nothing was received for DUR, as a success (default off; 2s for datagrams)."`
	Linger         cli.Duration `placeholder:"DUR" help:"At the end, wait up to DUR without progress for the peer to acknowledge our bytes (default 5s)."`
}

// sessionFlags say what is sent and what ends the session.
type sessionFlags struct {
	SendOnly       bool         `xor:"direction" help:"Send standard input, drop what the peer says, and end when all has arrived."`
	RecvOnly       bool         `xor:"direction" help:"Never read standard input."`
	HalfCloseAfter cli.Duration `xor:"end" placeholder:"DUR" help:"Keep our side open after the end of standard input while the peer talks; close it, once, when nothing was received for DUR, and go on reading (default 5s over TLS, through proxies and with --telnet, where our end is taken for the end of all; otherwise at once; off is --no-shutdown)."`
	Shutdown       bool         `xor:"end" help:"Close our side as soon as standard input ends, there, too."`
	NoShutdown     bool         `xor:"end" help:"Do not end our side when standard input ends, for peers that take that as hang-up."`
	FullDuplex     bool         `help:"Go on sending after the peer has ended its side."`
	Delay          cli.Duration `placeholder:"DUR" help:"Send standard input a line at a time, DUR after one another."`
	DatagramLines  bool         `help:"Send each line of standard input as a datagram (otherwise each read of it is one)."`
	QuitOn         string       `placeholder:"PREFIX" help:"A line of standard input that starts with PREFIX is sent and ends the session."`
	History        string       `placeholder:"FILE|off" help:"Remember the lines that are typed at a terminal in FILE (default: one for each address, below $XDG_STATE_HOME/nettool/history), but for those that begin with a space, and answers to questions for a password."`
	Until          *string      `placeholder:"REGEX" help:"End when what was received matches REGEX; exit 10 if it never does. It looks at the last 64 KiB, of which ^ is the beginning."`
	Lines          int64        `placeholder:"N" help:"End after N received lines; exit 10 if there are fewer."`
	Bytes          cli.Size     `placeholder:"SIZE" help:"End after SIZE received bytes; exit 10 if there are fewer."`
}

// dialogueFlags are steps, in the order given.
type dialogueFlags struct {
	Expect      []expected   `sep:"none" placeholder:"REGEX" help:"Wait until what comes matches REGEX (^ and $ match at every line; it looks at 64 KiB at most); exit 10 if it does not. After the last step, if that is one, the session ends."`
	Send        []sending    `sep:"none" placeholder:"TEXT" help:"Send TEXT, with the escapes \\r \\n \\t \\0 \\\\ \\xNN and nothing appended. After the last step, if that is one, standard input is at its end."`
	Script      string       `placeholder:"FILE" help:"Read the steps from FILE: expect REGEX or send TEXT on each line, NAME: before it or not, # comments."`
	StepTimeout cli.Duration `placeholder:"DUR" help:"How long each --expect may wait (default 30s, exit 10)."`
}

// byteFlags change, show and check the bytes.
type byteFlags struct {
	CRLF         bool      `name:"crlf" help:"Send line ends as CR LF."`
	Hex          bool      `help:"Write a hex dump of both directions to standard output."`
	Telnet       bool      `help:"Refuse the options of a telnet server, and send line ends as CR LF."`
	Raw          bool      `help:"Write what is received to a terminal as it is, control characters and all, and let the terminal edit lines. Otherwise they are shown escaped there."`
	Tee          string    `placeholder:"FILE" help:"Record both directions in FILE, with timestamps."`
	ExpectBytes  *cli.Size `placeholder:"SIZE" help:"Exit 10 unless exactly SIZE bytes are received."`
	ExpectSHA256 string    `name:"expect-sha256" placeholder:"HEX" help:"Exit 10 unless what is received has this SHA-256."`
}

// fileFlags are for whole files, in place of a session.
type fileFlags struct {
	SendFile  bool     `xor:"files" help:"Send files to a serve --handler receive, which says for each what has arrived: exit 10 if that is something else, 1 if it refuses one."`
	Get       bool     `xor:"files" help:"Ask a serve --handler send for files, and put them into this directory. Nothing is written over."`
	Output    string   `short:"o" placeholder:"FILE" help:"With --get, put the file there, also in place of another; into that directory; or, with -, to standard output."`
	Recursive bool     `short:"r" help:"Send directories, with all that is below them but symbolic links."`
	Preserve  bool     `help:"Keep the times of files, and that they can be executed."`
	Resume    *bool    `negatable:"" help:"Go on with a file of which a part is there, and do not send one that is there (default)."`
	Verify    *bool    `negatable:"" help:"Compare the SHA-256 of what is sent with that of what arrives (default); without it, there is no --resume."`
	Sync      bool     `help:"With --get, have the files on the disk at the end."`
	MaxSize   cli.Size `placeholder:"SIZE" help:"With --get, take no file of more bytes."`
}

// retryFlags say how often to try to connect. Standard input is not touched
// before a connection stands.
type retryFlags struct {
	Retry      times        `placeholder:"N|forever" help:"If connecting fails, try N times more."`
	RetryDelay cli.Duration `placeholder:"DUR" help:"Wait about DUR before the second attempt, twice as long before each next one, up to 30s (default 1s)."`
	Wait       cli.Duration `placeholder:"DUR" help:"Keep trying for DUR until the peer is up, several times a second."`
}

// reachFlags say which way the connection takes.
type reachFlags struct {
	Source        socket.Source `placeholder:"ADDR" help:"Connect from this local IP or name, IP:PORT, NAME:PORT, a port alone, or, for unix sockets, a path."`
	Interface     string        `placeholder:"NAME" help:"Connect through this network interface; multicast (udp:) goes out there."`
	TTL           int           `name:"ttl" placeholder:"N" help:"Let packets live for N hops, 1 to 255 (default: the system's; 1 for multicast)."`
	Broadcast     bool          `help:"Send datagrams to the broadcast address that is given, and hear whoever answers, as with a multicast address."`
	Proxy         string        `placeholder:"URL" help:"Connect through socks5://HOST:PORT, socks4a://HOST:PORT, http://HOST:PORT or https://HOST:PORT, which resolves the name. User and password: NETTOOL_PROXY_AUTH, or --proxy-auth."`
	ProxyAuth     string        `placeholder:"FILE" help:"Read USER:PASSWORD for the proxy from FILE."`
	ProxyCA       string        `name:"proxy-ca" placeholder:"FILE" help:"Trust these certificates of an https proxy instead of the system's authorities."`
	ProxyProtocol version       `placeholder:"v1|v2" help:"Send a PROXY protocol header with our addresses first."`
	KeepAlive     cli.Duration  `name:"keepalive" placeholder:"DUR" help:"After DUR of silence, ask the peer whether it is still there (default 60s)."`
	DeadPeer      cli.Duration  `placeholder:"DUR" help:"Give up a peer that has vanished (exit 8): after DUR (2s or more), and at most 1s + DUR/4 later. It also ends a session whose peer takes no data for that long."`
	RcvBuf        cli.Size      `name:"rcvbuf" placeholder:"SIZE" help:"Receive buffer of the socket."`
	SndBuf        cli.Size      `name:"sndbuf" placeholder:"SIZE" help:"Send buffer of the socket."`
	DSCP          int           `name:"dscp" placeholder:"N" help:"Mark packets with this DSCP, 1 to 63."`
}

// tlsFlags are for tls: addresses. The peer's certificate is verified unless
// they say otherwise.
type tlsFlags struct {
	tlsdial.Flags
	Show            bool `help:"Say on standard error what was agreed on, and show the peer's certificates, trusted or not."`
	AllowTruncation bool `help:"Take the end of the connection for the end of the data, also without the peer's close_notify (otherwise exit 7: it may have been cut off)."`
}

// given reports whether any flag was given.
func (f *tlsFlags) given() bool { return f.Given() || f.Show || f.AllowTruncation }

// statusFlags say what is told about the session besides its failure.
type statusFlags struct {
	Verbose    bool `short:"v" xor:"said" help:"Say on standard error when the connection stands."`
	Quiet      bool `short:"q" xor:"said" help:"Say nothing on standard error: the exit code tells all."`
	Stats      bool `help:"Print a summary on standard error after a success, too. SIGUSR1 prints it at any time."`
	JSONStatus int  `name:"json-status" placeholder:"FD" help:"Write the outcome to this descriptor, as one line of JSON."`
	Progress   bool `help:"Show bytes and rate on standard error while the session runs, if it is a terminal and what is received does not go to one."`
}

// Help introduces the applet.
func (*Cmd) Help() string {
	return "Connect to ADDRESS (or HOST PORT): send standard input, write what the peer says to standard output. " +
		"The exit code tells whether everything was delivered. " +
		"With -- PROGRAM ARG…, connect and become PROGRAM instead: it reads the connection as descriptor 6 and writes it as 7.\n\n" +
		"  echo hello | tcpconnect localhost 7000     # a line, and its answer\n" +
		"  tcpconnect --wait 10s tls:example.org:443  # once it is up, by TLS\n" +
		"  tcpconnect --send-file host:7000 FILE…     # to serve --handler receive\n" +
		"  tcpconnect --recv-only --until '^220 ' mail.example.org:25"
}

// HintFor tells users of other tools which of our flags they meant.
func (*Cmd) HintFor(flag string) string {
	switch flag {
	case "-N":
		return "the end of standard input ends our side of the connection; no flag is needed (--shutdown does so over TLS and through proxies; --no-shutdown keeps it open)"
	case "-w":
		return "for nc -w SECONDS use --connect-timeout and --idle, as in --connect-timeout 3s --idle 3s"
	case "-i":
		return "for ncat -i SECONDS use --idle, as in --idle 10s"
	case "-z":
		return "to ask whether a port is open use nettool probe"
	case "-l", "--listen", "-k", "--keep-open":
		return "to listen use nettool serve, as in nettool serve 7000 -- cat"
	case "-e", "-c", "--exec", "--sh-exec":
		return "to run a program on the connection put it after --, as in connect HOST:PORT -- PROGRAM"
	case "-u", "--udp":
		return "for UDP write the address as udp:HOST:PORT"
	case "-U", "--unixsock":
		return "for a unix socket write its path as the address"
	case "-4":
		return "for IPv4 only write the address as tcp4:HOST:PORT"
	case "-6":
		return "for IPv6 only write the address as tcp6:HOST:PORT"
	case "-s":
		return "for a source address use --source ADDR"
	case "-d":
		return "to leave standard input alone use --recv-only"
	case "-C":
		return "for line ends CR LF use --crlf"
	case "-X", "-x", "--proxy-type":
		return "for a proxy use --proxy, as in --proxy socks5://HOST:PORT"
	case "--ssl":
		return "for TLS write the address as tls:HOST:PORT"
	case "-t":
		return "to refuse a telnet server's options use --telnet"
	case "-V":
		return "use --version"
	case "-Q":
		return "to be told of failures by the exit code only use --quiet"
	case "-n", "-T":
		return "there is no such option here, and it is rarely needed; see --help"
	}
	return ""
}
