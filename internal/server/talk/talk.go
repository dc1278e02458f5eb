// Package talk serves datagrams. What a peer sends to one of our addresses, and what it
// hears from there, is a conversation: it is admitted, has its limits and its closing
// record as a connection has.
//
// There is one socket for each address, and the server reads all of it: which
// conversation a datagram belongs to is in the table. So nothing is needed to answer from
// a port but that socket: no right to bind it a second time, after privileges were given
// up, and no second socket that a stranger's could stand beside.
//
// A built-in answers right there, in every model: it looks into no datagram, so a process
// of its own would protect from nothing, and it takes a thousandth of what a child takes.
// A forwarded conversation has a socket that is connected to its backend. A program has
// one end of a pair of unix sockets; the server has the other one, and passes datagrams
// on between it and the socket, each as one, at the price of two more copies.
package talk

import (
	"container/list"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"nettool/internal/admit"
	"nettool/internal/handler"
	"nettool/internal/handoff"
	"nettool/internal/server/loop"
	"nettool/internal/server/run"
	"nettool/internal/socket"
)

// Config says how to converse. Times that are not positive are no limits.
type Config struct {
	Idle    time.Duration // without a datagram either way
	MaxTime time.Duration // of the whole conversation
	QuitOn  string        // a datagram that begins so ends the conversation, of the built-in Answer

	Answer  handler.Answer // a built-in that answers,
	Forward bool           // or backends do; with neither there is a program
	Wait    bool           // which has the socket itself, until it ends
	Source  netip.Addr     // to speak to backends from, when it is valid
	Answers *admit.Answers // bounds what built-ins send to whom, of Forward what is longer than what was asked; nil does not
}

// Host is the server.
type Host interface {
	Loop() *loop.Loop
	// Admit decides about a conversation that begins, and returns it, or nil when it was
	// turned away.
	Admit(e loop.Envelope) *run.Conn
	// Run has the program of a conversation run that was admitted, if it is one's.
	Run(c *run.Conn)
	// Routed notes that a conversation has reached another backend than that of the first
	// of its routes.
	Routed(c *run.Conn, backend int)
	// Ended writes the closing record of a conversation that nobody runs.
	Ended(c *run.Conn, e run.Ending)
	// Overdue ends a conversation that is a program's.
	Overdue(c *run.Conn, reason handoff.Reason)
	// Unanswered notes that a peer was sent no answer: it has had as many as it may.
	Unanswered(c *run.Conn)
	// Short says once that something has run out.
	Short(doing string, err error)
}

// Talks are all conversations. The methods are called in the event loop; those of a nil
// one, of a server without datagrams, do nothing.
type Talks struct {
	cfg   Config
	host  Host
	table *table
	runs  map[*run.Conn]*Talk
	boxes []*Box
	epoch time.Time // from when the table counts
	timer *loop.Timer
	rooms rooms
	link  *link // to another image of the server, in an upgrade; or nil
}

// Talk is one conversation.
type Talk struct {
	envelope loop.Envelope
	box      *Box
	conn     *run.Conn
	free     bool // its peer may be answered as often as it asks

	born, last time.Duration // since the epoch
	age, rest  *list.Element

	pair             pair
	upstream         upstream
	asked            int  // bytes of the last datagram from the peer
	waiting          bool // for an answer of who may have one to give
	in, out, dropped int64
	lost             int64 // of dropped, those from the peer
	bytesIn          int64
	bytesOut         int64
}

// Box is a socket with its name for a successor.
type Box struct {
	*loop.Mailbox
	Name string
	last bool // no conversation begins any more
	wait wait
}

// New makes a server of datagrams without sockets.
func New(cfg Config, host Host) *Talks {
	return &Talks{cfg: cfg, host: host, table: newTable(), runs: map[*run.Conn]*Talk{}, epoch: time.Now().Add(-1)}
}

// Listen takes over a socket, also when it fails.
func (t *Talks) Listen(p socket.Packet, name string) error {
	b := &Box{Name: name}
	mail := loop.Mail{
		Take:    func(e loop.Envelope, datagram []byte) { t.take(b, e, datagram) },
		Taken:   t.schedule,
		Cut:     t.cut,
		Refused: func(e loop.Envelope, err error) { t.refused(e, err) },
		Lost:    t.lost,
	}
	if t.cfg.Wait {
		mail.Waiting = func() { t.arrived(b) }
	}
	box, err := t.host.Loop().Mailbox(p, mail)
	if err != nil {
		return err
	}
	if b.Mailbox = box; t.cfg.Wait {
		b.Quiet()
	}
	t.boxes = append(t.boxes, b)
	return nil
}

// Boxes are the sockets.
func (t *Talks) Boxes() []*Box {
	if t == nil {
		return nil
	}
	return t.boxes
}

// Direct reports whether conversations are answered right here, and nobody runs them.
func (t *Talks) Direct() bool { return t.cfg.Answer != nil || t.cfg.Forward }

// Open is how many conversations there are.
func (t *Talks) Open() int { return len(t.runs) }

// Start takes what comes, from now on.
func (t *Talks) Start() error {
	if t != nil && t.link != nil {
		return t.meet(func() { t.poll() })
	}
	return t.poll()
}

func (t *Talks) poll() error {
	for _, b := range t.Boxes() {
		if err := b.Poll(); err != nil {
			t.host.Short("poll datagrams", err)
			return err
		}
	}
	return nil
}

// boxOf is a socket to which an envelope's datagrams come, or nil.
func (t *Talks) boxOf(e loop.Envelope) *Box {
	paths, isUnix := e.Unix()
	for _, b := range t.boxes {
		if isUnix && b.Path() == paths.Local {
			return b
		}
		if a, ok := b.Addr.(*net.UDPAddr); ok && !isUnix && a.Port == int(e.Port) && (a.IP.IsUnspecified() || a.AddrPort().Addr().Unmap().WithZone("") == e.Local) {
			return b
		}
	}
	return nil
}

// Leave leaves what comes to a successor, but for what is sent to conversations that are
// there.
func (t *Talks) Leave() {
	if t == nil {
		return
	}
	for _, b := range t.boxes {
		b.Leave()
		b.LeaveFile()
		b.last = true
	}
	t.introduce()
}

// Close closes the sockets, and removes their files.
func (t *Talks) Close() (err error) {
	for _, b := range t.Boxes() {
		err = errors.Join(err, b.Close())
	}
	return err
}

// Mine reports whether a datagram comes from where the server itself takes datagrams, or,
// when a built-in answers, from such a port elsewhere: two servers must not be made to
// talk to each other. (A program may speak a protocol in which servers do, as NTP.)
func (t *Talks) Mine(e loop.Envelope) bool {
	if p, ok := e.Unix(); ok {
		return slices.ContainsFunc(t.boxes, func(b *Box) bool { return b.Path() == p.Peer })
	}
	ip := e.Peer.Addr()
	if t.cfg.Answer == nil && !ip.IsLoopback() && ip != e.Local {
		return false
	}
	for _, b := range t.boxes {
		if a, ok := b.Addr.(*net.UDPAddr); ok && a.Port == int(e.Peer.Port()) {
			return true
		}
	}
	return false
}

// take has one datagram.
func (t *Talks) take(b *Box, e loop.Envelope, datagram []byte) {
	k := t.table.find(e)
	if k == nil {
		if t.passed(e, datagram) {
			return
		}
		if k = t.begin(b, e); k == nil {
			return
		}
	}
	k.in++
	k.bytesIn += int64(len(datagram))
	k.asked, k.waiting = len(datagram), t.cfg.Answer == nil
	t.table.touch(k, t.now())
	if t.cfg.Answer == nil {
		t.pass(k, datagram)
		return
	}
	answer, quit := t.cfg.Answer(datagram, t.cfg.QuitOn)
	if answer != nil {
		t.send(k, answer)
	}
	if quit {
		t.end(k, handoff.Quit, "")
	}
}

// begin admits a conversation, or returns nil.
func (t *Talks) begin(b *Box, e loop.Envelope) *Talk {
	if b.last {
		return nil
	}
	c := t.host.Admit(e)
	if c == nil {
		return nil
	}
	_, isUnix := e.Unix() // whose names nobody forges
	k := &Talk{envelope: e, box: b, conn: c, free: isUnix || t.cfg.Answers.Free(e.Peer.Addr())}
	if err := t.connect(k); err != nil {
		end := c.End(handoff.Now())
		end.Reason, end.Err = reasonOf(err), err.Error()
		t.host.Ended(c, end)
		return nil
	}
	t.table.add(k, t.now())
	t.runs[c] = k
	t.host.Run(c)
	return k
}

// connect has a conversation lead to who answers.
func (t *Talks) connect(k *Talk) (err error) {
	switch {
	case t.cfg.Answer != nil:
		return nil
	case t.cfg.Forward:
		return t.reach(k, nil)
	}
	if err = t.open(k); err != nil {
		t.host.Short("open conversation", err)
	}
	return err
}

// unreachedError says that there is no backend that could be reached.
type unreachedError struct{ err error }

func (e *unreachedError) Error() string { return e.err.Error() }

// reasonOf is why a conversation ended that has not begun.
func reasonOf(err error) handoff.Reason {
	if _, ok := errors.AsType[*unreachedError](err); ok {
		return handoff.Unreached
	}
	return handoff.Error
}

// send sends an answer, unless its peer has had as many as it may.
func (t *Talks) send(k *Talk, answer []byte) {
	k.waiting = false
	bounded := !t.cfg.Forward || len(answer) > k.asked
	if bounded && !k.free && !t.cfg.Answers.Take(k.envelope.Peer.Addr(), time.Now()) {
		k.dropped++
		t.host.Unanswered(k.conn)
		return
	}
	if !k.box.Send(k.envelope, answer) {
		k.dropped++
		return
	}
	k.out++
	k.bytesOut += int64(len(answer))
	t.table.touch(k, t.now())
}

// lost notes that an answer could not be sent. A unix socket's peer is not there any more
// then, if nobody has its socket open, or its file is gone.
func (t *Talks) lost(e loop.Envelope, err error) {
	k := t.table.find(e)
	if k == nil {
		return
	}
	k.out--
	k.dropped++
	if _, ok := e.Unix(); ok && (errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT)) {
		t.over(k, handoff.Refused)
	}
}

// cut notes that a datagram was thrown away for its length.
func (t *Talks) cut(e loop.Envelope) {
	t.host.Short("take datagram", fmt.Errorf("it is longer than %d bytes", loop.Largest))
	if k := t.table.find(e); k != nil {
		k.in++
		k.lose()
	}
}

// Inspect fills in the counts of a conversation.
func (t *Talks) Inspect(c *run.Conn, l *run.Live) {
	if k := t.of(c); k != nil {
		l.Counted, l.BytesIn, l.BytesOut = true, k.bytesIn, k.bytesOut
	}
}

// Visit calls visit for each conversation that nobody runs.
func (t *Talks) Visit(visit func(*run.Conn, run.Live)) {
	if t == nil || !t.Direct() {
		return
	}
	for c := range t.runs {
		l := run.Live{}
		t.Inspect(c, &l)
		visit(c, l)
	}
}

// of is the conversation that is a connection, or nil.
func (t *Talks) of(c *run.Conn) *Talk {
	if t == nil {
		return nil
	}
	return t.runs[c]
}

// lose notes a datagram from the peer for which there was no room.
func (k *Talk) lose() { k.dropped, k.lost = k.dropped+1, k.lost+1 }

// now is the time of the table.
func (t *Talks) now() time.Duration { return time.Since(t.epoch) }
