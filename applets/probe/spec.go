package probe

import (
	"context"
	"crypto/tls"
	"regexp"
	"strings"
	"time"

	"nettool/internal/exit"
	"nettool/internal/probe/attempt"
	"nettool/internal/socket"
	"nettool/internal/tlsdial"
)

// spec turns the flags of one attempt into plain values.
func (f *attemptFlags) spec(timeout time.Duration) (attempt.Spec, error) {
	s := attempt.Spec{Level: f.Level.is, Stay: f.Level.stay, Timeout: f.Timeout.Or(timeout), Slow: f.Slow.Or(0)}
	if s.Timeout == 0 {
		return s, exit.Errorf(exit.Usage, "--timeout cannot be off: an attempt has to end")
	}
	if err := f.conversation(&s); err != nil {
		return s, err
	}
	if err := f.secures(&s); err != nil {
		return s, err
	}
	if err := f.datagrams(&s); err != nil {
		return s, err
	}
	if s.Level == attempt.Syn && !attempt.HalfOpen {
		return s, exit.Errorf(exit.Usage, "--level syn works on Linux only")
	}
	s.From.Interface = f.Interface
	if f.Source != (socket.Source{}) {
		if err := f.Source.Apply(context.Background(), &s.From); err != nil {
			return s, err
		}
	}
	config, err := f.tls()
	s.TLS = config
	return s, err
}

// secures fills in what is asked of TLS.
func (f *attemptFlags) secures(s *attempt.Spec) error {
	s.Days, s.Before = f.TLSDays, f.StartTLS
	switch {
	case f.TLSDays < 0:
		return exit.Errorf(exit.Usage, "--tls-days=%d: want a number of days", f.TLSDays)
	case f.StartTLS == "":
		return nil
	case s.Level == attempt.Syn:
		return exit.Errorf(exit.Usage, "--starttls has to speak, and --level syn does not")
	}
	return tlsdial.KnowsStartTLS(f.StartTLS)
}

// The most that flags may ask for: what an IPv4 packet has room for behind its header
// and that of ICMP, and the hops that its header can count (RFC 791).
const (
	maxSize = 65535 - 20 - 8
	maxTTL  = 255
)

// datagrams fills in what is asked without a connection, and how far packets go.
func (f *attemptFlags) datagrams(s *attempt.Spec) error {
	s.Payload, s.Size, s.DontFragment, s.From.TTL = f.Payload, f.Size, f.DontFragment, f.TTL
	switch {
	case f.Size < 0 || f.Size > maxSize:
		return exit.Errorf(exit.Usage, "--size %d: want a number of bytes up to %d", f.Size, maxSize)
	case f.TTL < 0 || f.TTL > maxTTL:
		return exit.Errorf(exit.Usage, "--ttl %d: want a number of hops up to %d", f.TTL, maxTTL)
	case f.Payload != "" && f.Send != "":
		return exit.Errorf(exit.Usage, "--payload and --send can't be used together: one datagram is sent")
	}
	return attempt.KnowsPayload(f.Payload)
}

// web fills in what level http asks for.
func (f *attemptFlags) web(s *attempt.Spec) (err error) {
	switch {
	case f.HTTP == "" && f.Status != "":
		return exit.Errorf(exit.Usage, "--status is for --http PATH")
	case f.HTTP == "" && s.Level == attempt.HTTP:
		return exit.Errorf(exit.Usage, "--level http needs --http PATH")
	case f.HTTP == "":
		return nil
	case f.Level.given && s.Level != attempt.HTTP:
		return exit.Errorf(exit.Usage, "--http is for --level http")
	case f.Send != "":
		return exit.Errorf(exit.Usage, "--http makes a request of its own: it does not go with --send")
	case f.HTTP[0] != '/' || strings.ContainsFunc(f.HTTP, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return exit.Errorf(exit.Usage, "--http %q: want a path that begins with \"/\", without spaces and with %%NN for other characters", f.HTTP)
	}
	s.Level, s.HTTP.Path = attempt.HTTP, f.HTTP
	s.HTTP.Status, err = attempt.ParseStatus(f.Status)
	return err
}

// conversation fills in what is said, and what has to be heard.
func (f *attemptFlags) conversation(s *attempt.Spec) (err error) {
	if err := f.web(s); err != nil {
		return err
	}
	speaks := f.Send != "" || f.Expect != ""
	switch {
	case s.Level == attempt.HTTP:
	case speaks && !f.Level.given:
		s.Level = attempt.Talk
	case speaks && s.Level != attempt.Talk:
		return exit.Errorf(exit.Usage, "--send and --expect are for --level talk")
	case !speaks && s.Level == attempt.Talk:
		return exit.Errorf(exit.Usage, "--level talk needs --send TEXT or --expect REGEX")
	}
	if s.Send, err = attempt.Unescape(f.Send); err != nil {
		return exit.Errorf(exit.Usage, "--send %q: %w", f.Send, err)
	}
	if f.Expect == "" {
		return nil
	}
	if s.Expect, err = regexp.Compile(f.Expect); err != nil {
		return exit.Errorf(exit.Usage, "--expect: %w", err)
	}
	return nil
}

func (f *attemptFlags) tls() (*tls.Config, error) {
	if err := f.TLS.Options().Check(); err != nil {
		return nil, exit.Errorf(exit.Usage, "TLS: %w", err)
	}
	config, err := f.TLS.Options().Config("") // each attempt fills in its target's name
	if err != nil {
		return nil, exit.Errorf(exit.Local, "TLS: %w", err)
	}
	return config, nil
}
