package probe

import (
	"fmt"
	"strings"
	"time"

	"nettool/internal/probe/attempt"
)

// level is the value of --level.
type level struct {
	given bool
	is    attempt.Level
	stay  time.Duration
}

// UnmarshalText reads connect, syn, stay=DUR, talk, tls, echo or http.
func (l *level) UnmarshalText(text []byte) error {
	name, value, hasValue := strings.Cut(string(text), "=")
	l.given = true
	switch name {
	case "stay":
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 {
			return fmt.Errorf("level stay wants a duration, as in stay=100ms")
		}
		l.is, l.stay = attempt.Stay, d
		return nil
	case "connect":
		l.is = attempt.Connect
	case "syn":
		l.is = attempt.Syn
	case "talk":
		l.is = attempt.Talk
	case "tls":
		l.is = attempt.TLS
	case "echo":
		l.is = attempt.Echo
	case "http":
		l.is = attempt.HTTP
	default:
		return fmt.Errorf("unknown level %q; there are connect, syn, stay=DUR, talk, tls, echo, http", text)
	}
	if hasValue {
		return fmt.Errorf("level %s takes no value", name)
	}
	return nil
}
