package probe

import (
	"context"
	"crypto/tls"
	"regexp"
	"time"

	"nettool/internal/exit"
	"nettool/internal/probe/attempt"
	"nettool/internal/socket"
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

// conversation fills in what level talk says and hears.
func (f *attemptFlags) conversation(s *attempt.Spec) (err error) {
	speaks := f.Send != "" || f.Expect != ""
	switch {
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
