// Package handoff is the process boundary: how the parent gives a connected
// socket to a child, and how the child's result comes back.
//
// The two ends of a SOCK_SEQPACKET pair (unix(7)) carry messages; descriptors
// travel beside them (SCM_RIGHTS). Results travel in shared memory: see Page.
// Writer and reader of every message stand side by side in this file.
package handoff

import "time"

// version is the first byte of every message.
const version = 1

// MaxMessage is the largest message in bytes.
const MaxMessage = 64 << 10

// Kind says what a message is: its second byte.
type Kind byte

// The messages. Config, Conn, Verdict, Secrets, Joined and Noted go to the child, the others
// come from it.
const (
	KindConfig  Kind = 1 // once, first: what all connections have in common; carries the page and the board
	KindConn    Kind = 2 // one connection; carries its socket
	KindReady   Kind = 3 // the child waits for its first connection
	KindDone    Kind = 4 // a result stands in the page (sent only when the board asks for it)
	KindExec    Kind = 5 // the child is about to become its program: EOF on fd 3 is not a crash
	KindAsk     Kind = 6 // the real source is known now: may it come in?
	KindVerdict Kind = 7 // the answer to KindAsk

	KindSecrets Kind = 16 // what TLS takes, before the connections that it is for; carries it
	KindRouted  Kind = 17 // a forwarded connection has gone to another backend than the first (forward.go)
	KindSecured Kind = 18 // a connection can begin whose program is run elsewhere (joint.go)
	KindJoined  Kind = 19 // the answer: carries the socket that leads to the program

	// files.go has these.
	KindRoom  Kind = 20 // is there room for bytes of a received file?
	KindFiled Kind = 21 // a file was received
	KindNoted Kind = 22 // the answer to both

	// names.go has these.
	KindNames Kind = 23 // first: the child is to look names up
	KindWho   Kind = 24 // to it: what are those of a connection?
	KindNamed Kind = 25 // its answer

	// stage.go has these.
	KindStage   Kind = 8  // first: what a child is to do before it becomes a program
	KindFound   Kind = 9  // all of it can be done (asked for by a trial)
	KindFailed  Kind = 10 // it could not be done
	KindExited  Kind = 11 // how the program has ended, beside which a child stays
	KindEndAll  Kind = 12 // to such a child: end all that runs below it
	KindDeputy  Kind = 13 // first: the child is to start others
	KindOrder   Kind = 14 // to it: start one; carries its descriptors
	KindStarted Kind = 15 // its answer
)

// Message is one of the message types of this package.
type Message interface {
	kind() Kind
	write(*writer)
	read(*reader)
}

// Config is what all connections of a child have in common.
type Config struct {
	Handler string   // name of the built-in handler; empty: it prepares connections for programs
	QuitOn  string   // a line that starts with it ends the session; empty for none
	Limits  Limits   // timers of every connection
	Program []string // prepared programs: path, then argv; empty for a built-in
	OOM     int      // score that the child gives itself, proc_pid_oom_score_adj(5)
	Sandbox Sandbox
	TLS     TLSOptions
	Forward Forward
	Files   Files

	User *User // who the child becomes, or nil

	// HeaderTime is how long the PROXY header of an anonymous connection may take,
	// since accept.
	HeaderTime time.Duration
}

// User is who a child becomes before it is given anything from the network. The saved
// user is the parent's own, which may send it signals (kill(2)).
type User struct {
	UID, GID, Saved int
	Groups          []int // supplementary
}

// TLSOptions are what all TLS connections have in common, and no secret.
type TLSOptions struct {
	MinVersion  uint16        // as on the wire, and in package tls
	ALPN        []string      // protocols that may be negotiated (RFC 7301), the favourite first
	ClientCerts ClientCerts   // whether clients have to show one
	Timeout     time.Duration // for the handshake; zero is no limit
}

// ClientCerts says what is asked of TLS clients.
type ClientCerts uint64

// The ways: nothing; a certificate that must be good if there is one; a good one.
const (
	NoClientCerts      ClientCerts = 0
	AskClientCerts     ClientCerts = 1
	RequireClientCerts ClientCerts = 2
)

// Sandbox says whether a child goes into a sandbox.
type Sandbox uint64

// The ways: as far as can be, not at all, and as a whole or the child ends.
const (
	Sandboxed   Sandbox = 0
	Unboxed     Sandbox = 1
	WhollyBoxed Sandbox = 2
)

// Limits are the timers of a connection. Zero is none.
type Limits struct {
	FirstByte time.Duration // nothing received since accept
	Idle      time.Duration // no byte either way
	MaxTime   time.Duration // the whole connection
}

// Conn is one connection. Its socket travels with it, and belongs to the child
// as soon as the message is sent.
type Conn struct {
	ID        uint64
	Accepted  int64    // CLOCK_MONOTONIC, nanoseconds
	Local     string   // address, text
	Remote    string   // address, text
	Env       []string // what rules and the protocol add to a program's environment
	Anonymous bool     // a PROXY header comes first, which says where it is from
	TLS       bool     // it speaks TLS, after that
	Relayed   bool     // its program is run elsewhere (Secured)
	Routes    []Route  // where to forward it, in the order in which to try them
}

// Secrets tells that the sealed text that travels with it is what TLS takes from now
// on.
type Secrets struct{}

// Ready tells that the child waits for its first connection.
type Ready struct{}

// Done tells that the result of the child's Seq-th connection stands in its page.
type Done struct{ Seq uint64 }

// Exec tells that the child is about to become its program for connection ID.
type Exec struct{ ID uint64 }

// Ask tells what the PROXY header of connection ID says. The child waits for the
// verdict; but one that has no more to do with the connection, which is a program's
// from then on, has closed its copy of the socket, its result stands in the page, and
// this is instead of Done.
type Ask struct {
	ID     uint64
	Source string // address with port; empty when the sender speaks for itself
	Dest   string // address with port that the source had connected to; likewise
	Size   int    // bytes that the header took
}

// Verdict answers Ask: Cause is empty when the connection may come in.
type Verdict struct {
	ID    uint64
	Cause string
	Env   []string
}

func (*Config) kind() Kind  { return KindConfig }
func (*Conn) kind() Kind    { return KindConn }
func (*Ready) kind() Kind   { return KindReady }
func (*Done) kind() Kind    { return KindDone }
func (*Exec) kind() Kind    { return KindExec }
func (*Ask) kind() Kind     { return KindAsk }
func (*Verdict) kind() Kind { return KindVerdict }
func (*Secrets) kind() Kind { return KindSecrets }

func (m *Config) write(w *writer) {
	w.text(m.Handler)
	w.text(m.QuitOn)
	w.number(uint64(m.Limits.FirstByte))
	w.number(uint64(m.Limits.Idle))
	w.number(uint64(m.Limits.MaxTime))
	w.list(m.Program)
	w.number(uint64(m.OOM))
	w.number(uint64(m.Sandbox))
	w.number(uint64(m.TLS.MinVersion))
	w.list(m.TLS.ALPN)
	w.number(uint64(m.TLS.ClientCerts))
	w.number(uint64(m.TLS.Timeout))
	w.number(uint64(m.HeaderTime))
	w.flag(m.User != nil)
	if m.User != nil {
		m.User.write(w)
	}
	m.Forward.write(w)
	m.Files.write(w)
}

func (m *Config) read(r *reader) {
	m.Handler = r.text()
	m.QuitOn = r.text()
	m.Limits.FirstByte = time.Duration(r.number())
	m.Limits.Idle = time.Duration(r.number())
	m.Limits.MaxTime = time.Duration(r.number())
	m.Program = r.list()
	m.OOM = int(r.number())
	m.Sandbox = Sandbox(r.number())
	m.TLS.MinVersion = uint16(r.number())
	m.TLS.ALPN = r.list()
	m.TLS.ClientCerts = ClientCerts(r.number())
	m.TLS.Timeout = time.Duration(r.number())
	m.HeaderTime = time.Duration(r.number())
	if r.flag() {
		m.User = &User{}
		m.User.read(r)
	}
	m.Forward.read(r)
	m.Files.read(r)
}

func (u *User) write(w *writer) {
	w.number(uint64(u.UID))
	w.number(uint64(u.GID))
	w.number(uint64(u.Saved))
	w.number(uint64(len(u.Groups)))
	for _, gid := range u.Groups {
		w.number(uint64(gid))
	}
}

func (u *User) read(r *reader) {
	u.UID, u.GID, u.Saved = int(r.number()), int(r.number()), int(r.number())
	n := r.number()
	if n > uint64(len(r.b)) { // each takes a byte at least
		r.bad, r.b = true, nil
		return
	}
	for range n {
		u.Groups = append(u.Groups, int(r.number()))
	}
}

func (m *Conn) write(w *writer) {
	w.number(m.ID)
	w.number(uint64(m.Accepted))
	w.text(m.Local)
	w.text(m.Remote)
	w.list(m.Env)
	w.flag(m.Anonymous)
	w.flag(m.TLS)
	w.flag(m.Relayed)
	writeRoutes(w, m.Routes)
}

func (m *Conn) read(r *reader) {
	m.ID = r.number()
	m.Accepted = int64(r.number())
	m.Local = r.text()
	m.Remote = r.text()
	m.Env = r.list()
	m.Anonymous = r.flag()
	m.TLS = r.flag()
	m.Relayed = r.flag()
	m.Routes = readRoutes(r)
}

func (*Secrets) write(*writer) {}
func (*Secrets) read(*reader)  {}

func (*Ready) write(*writer) {}
func (*Ready) read(*reader)  {}

func (m *Done) write(w *writer) { w.number(m.Seq) }
func (m *Done) read(r *reader)  { m.Seq = r.number() }

func (m *Exec) write(w *writer) { w.number(m.ID) }
func (m *Exec) read(r *reader)  { m.ID = r.number() }

func (m *Ask) write(w *writer) {
	w.number(m.ID)
	w.text(m.Source)
	w.text(m.Dest)
	w.number(uint64(m.Size))
}

func (m *Ask) read(r *reader) {
	m.ID = r.number()
	m.Source = r.text()
	m.Dest = r.text()
	m.Size = int(r.number())
}

func (m *Verdict) write(w *writer) {
	w.number(m.ID)
	w.text(m.Cause)
	w.list(m.Env)
}

func (m *Verdict) read(r *reader) {
	m.ID = r.number()
	m.Cause = r.text()
	m.Env = r.list()
}

// Text is what a child has written to its standard error, which is the link, too:
// what does not begin with the version is no message. Some of it may be cut off.
type Text []byte

func (Text) kind() Kind    { return 0 }
func (Text) write(*writer) {}
func (Text) read(*reader)  {}
