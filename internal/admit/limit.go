package admit

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// Limit is a token bucket: N new connections at once, refilled at N per Per.
// The zero Limit is none.
type Limit struct {
	N   int
	Per time.Duration
}

// UnmarshalText reads N/DUR: "10/s", "100/1m", "1/500ms"; "off" and "0" are no
// limit.
func (l *Limit) UnmarshalText(text []byte) error {
	if s := string(text); s == "off" || s == "0" {
		*l = Limit{}
		return nil
	}
	number, dur, found := strings.Cut(string(text), "/")
	if !found {
		return fmt.Errorf("rate %q: the form is N/DURATION, as in 10/s or 100/1m", text)
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > 1<<30 {
		return fmt.Errorf("rate %q: %q is not a number of connections, 1 or more", text, number)
	}
	per := dur
	if dur != "" && (dur[0] < '0' || dur[0] > '9') {
		per = "1" + dur
	}
	d, err := time.ParseDuration(per)
	if err != nil || d <= 0 {
		return fmt.Errorf("rate %q: %q is not a duration, as in s, 1m or 500ms", text, dur)
	}
	*l = Limit{N: n, Per: d}
	return nil
}

// String returns the limit in the form that UnmarshalText reads.
func (l Limit) String() string {
	if !l.on() {
		return "off"
	}
	return fmt.Sprintf("%d/%s", l.N, l.Per)
}

func (l Limit) on() bool { return l.N > 0 && l.Per > 0 }

func (l Limit) limiter() *rate.Limiter {
	if !l.on() {
		return nil
	}
	return rate.NewLimiter(rate.Limit(float64(l.N)/l.Per.Seconds()), l.N)
}

// spare reports whether a bucket has a token; no bucket has plenty.
func spare(l *rate.Limiter, now time.Time) bool {
	return l == nil || l.TokensAt(now) >= 1
}

// take takes a token that is there.
func take(l *rate.Limiter, now time.Time) {
	if l != nil {
		l.AllowN(now, 1)
	}
}

// SourcePrefix says how many leading bits of an address make a source. Zero is
// the default: 32 bits of IPv4, 64 of IPv6.
type SourcePrefix struct{ V4, V6 int }

// UnmarshalText reads V4,V6, as in "32,64" or "24,48".
func (p *SourcePrefix) UnmarshalText(text []byte) error {
	first, second, found := strings.Cut(string(text), ",")
	v4, err4 := strconv.Atoi(first)
	v6, err6 := strconv.Atoi(second)
	switch {
	case !found || err4 != nil || err6 != nil:
		return fmt.Errorf("source prefix %q: the form is V4,V6, as in 32,64", text)
	case v4 < 1 || v4 > 32:
		return fmt.Errorf("source prefix %q: %d is out of range for IPv4, 1 to 32", text, v4)
	case v6 < 1 || v6 > 128:
		return fmt.Errorf("source prefix %q: %d is out of range for IPv6, 1 to 128", text, v6)
	}
	*p = SourcePrefix{v4, v6}
	return nil
}

// String returns the prefix in the form that UnmarshalText reads.
func (p SourcePrefix) String() string {
	v4, v6 := p.bits()
	return fmt.Sprintf("%d,%d", v4, v6)
}

func (p SourcePrefix) bits() (v4, v6 int) {
	v4, v6 = p.V4, p.V6
	if v4 == 0 {
		v4 = 32
	}
	if v6 == 0 {
		v6 = 64
	}
	return v4, v6
}
