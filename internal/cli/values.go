package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a flag's duration, such as 500ms or 2m. Not given is zero, which
// means the default; "0" and "off" are negative, which means off.
type Duration time.Duration

// UnmarshalText parses a duration with a unit, "0" or "off".
func (d *Duration) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "off" || s == "0" {
		*d = -1
		return nil
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("duration %q: want a number with a unit, as in 500ms, 2s or 5m, or off", s)
	}
	if v < 0 {
		return fmt.Errorf("duration %q: must not be negative", s)
	}
	if v == 0 {
		v = -1
	}
	*d = Duration(v)
	return nil
}

// Or is the duration, or def when it was not given; off is 0.
func (d Duration) Or(def time.Duration) time.Duration {
	switch {
	case d == 0:
		return def
	case d < 0:
		return 0
	}
	return time.Duration(d)
}

// Limit is the duration, or def when it was not given; off is negative.
func (d Duration) Limit(def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return time.Duration(d)
}

// Count is a flag's number. Not given is zero, which means the default; "0" and
// "off" are negative, which means off.
type Count int

// UnmarshalText parses a number that is not negative, or "off".
func (n *Count) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "off" {
		*n = -1
		return nil
	}
	v, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return fmt.Errorf("number %q: want a number from 0 to %d, or off", s, math.MaxInt32)
	}
	*n = Count(v)
	if v == 0 {
		*n = -1
	}
	return nil
}

// Or is the number, def when it was not given, and off when it is off.
func (n Count) Or(def, off int) int {
	switch {
	case n == 0:
		return def
	case n < 0:
		return off
	}
	return int(n)
}

// Size is a flag's number of bytes, such as 4096, 64k or 10M (powers of 1024).
type Size int64

// UnmarshalText parses a number with an optional k, M or G. "off" is zero.
func (z *Size) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "off" {
		*z = 0
		return nil
	}
	n, ok := Bytes(s)
	if !ok {
		return fmt.Errorf("size %q: want a number of bytes, as in 4096, 64k or 10M", s)
	}
	*z = Size(n)
	return nil
}

// Bytes is the number that a text is, with an optional k, M or G (powers of 1024).
func Bytes(s string) (n int64, ok bool) {
	digits, shift := s, 0
	if s != "" {
		switch s[len(s)-1] {
		case 'k', 'K':
			shift = 10
		case 'm', 'M':
			shift = 20
		case 'g', 'G':
			shift = 30
		}
	}
	if shift > 0 {
		digits = s[:len(s)-1]
	}
	n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
	if err != nil || n < 0 || n > (1<<62)>>shift {
		return 0, false
	}
	return n << shift, true
}
