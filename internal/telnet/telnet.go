// Package telnet speaks as much of the Telnet protocol (RFC 854, RFC 855) as is needed
// to have none of its options: each one that the peer offers, or asks for, is refused.
package telnet

import (
	"bytes"
	"sync"
)

// The bytes of commands.
const (
	se   = 240 // the end of what an option says
	sb   = 250 // its beginning
	will = 251
	wont = 252
	do   = 253
	dont = 254
	iac  = 255 // the beginning of a command, and how a byte 255 begins
)

// mostOwed bounds the refusals that a peer is owed which does not read them, in bytes:
// it goes without more.
const mostOwed = 3 << 10

// Filter stands between a peer and what it is sent: Received and Sent may be called at
// the same time, each by one goroutine.
type Filter struct {
	state    state
	verb     byte // of the command that has begun
	returned bool // the last byte that was received is a CR
	out      []byte

	open bool // the last byte that was sent is a CR
	sent []byte

	mu    sync.Mutex
	owed  []byte
	ready chan struct{} // there is something owed
}

// state is where in a command we are.
type state int

const (
	inText state = iota
	afterIAC
	afterVerb  // WILL, WONT, DO or DONT
	inOption   // between SB and SE
	optionsIAC // IAC in there
)

// New makes a filter.
func New() *Filter { return &Filter{ready: make(chan struct{}, 1)} }

// Received takes bytes from the peer and returns the text in them, until the next call.
func (f *Filter) Received(p []byte) []byte {
	f.out = f.out[:0]
	for _, b := range p {
		f.receive(b)
	}
	return f.out
}

func (f *Filter) receive(b byte) {
	switch f.state {
	case inText:
		f.text(b)
	case afterIAC:
		f.command(b)
	case afterVerb:
		f.refuse(b)
		f.state = inText
	case inOption:
		if b == iac {
			f.state = optionsIAC
		}
	case optionsIAC:
		if f.state = inOption; b == se {
			f.state = inText
		}
	}
}

func (f *Filter) text(b byte) {
	if b == iac {
		f.state = afterIAC
		return
	}
	if b != 0 || !f.returned { // NUL is what stands after a CR that is no line end
		f.out = append(f.out, b)
	}
	f.returned = b == '\r'
}

func (f *Filter) command(b byte) {
	f.state = inText
	switch b {
	case will, wont, do, dont:
		f.verb, f.state = b, afterVerb
	case sb:
		f.state = inOption
	case iac:
		f.out = append(f.out, iac)
		f.returned = false
	}
}

// refuse owes the peer an answer about an option. What it will not do needs none.
func (f *Filter) refuse(option byte) {
	answer := byte(wont)
	switch f.verb {
	case will:
		answer = dont
	case do:
	default:
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.owed) < mostOwed {
		f.owed = append(f.owed, iac, answer, option)
	}
	select {
	case f.ready <- struct{}{}:
	default:
	}
}

// Answer writes what the peer is owed, as long as that works and until done. The writer
// must take each piece as a whole, whoever else writes to it.
func (f *Filter) Answer(write func([]byte) (int, error), done <-chan struct{}) {
	for {
		select {
		case <-f.ready:
		case <-done:
			return
		}
		f.mu.Lock()
		owed := f.owed
		f.owed = nil
		f.mu.Unlock()
		if _, err := write(owed); err != nil {
			return
		}
	}
}

// Sent takes text and returns it as the peer is sent it, until the next call: with line
// ends CR LF, and no byte that is taken for a command.
func (f *Filter) Sent(p []byte) []byte {
	if !f.open && !bytes.ContainsAny(p, "\r\n") && bytes.IndexByte(p, iac) < 0 {
		return p
	}
	f.sent = f.sent[:0]
	for _, b := range p {
		switch {
		case b == '\n' && !f.open:
			f.sent = append(f.sent, '\r')
		case f.open && b != '\n':
			f.sent = append(f.sent, 0)
		}
		if f.open = b == '\r'; b == iac {
			f.sent = append(f.sent, iac)
		}
		f.sent = append(f.sent, b)
	}
	return f.sent
}
