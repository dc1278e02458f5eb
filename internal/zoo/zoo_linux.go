package zoo

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Behaviour makes a server of a kind, which is a word with its arguments:
//
//	echo                    sends back what it reads
//	corrupt                 sends back what it reads, with a bit turned over
//	says TEXT               sends a line and closes, reading nothing
//	sends BYTES             sends a pattern and closes
//	answers [DELAY [TEXT]]  reads to the end, waits, sends a line (how many bytes), closes
//	hangs-up DELAY [TEXT]   sends a line after DELAY, unless our end comes first
//	greets BYTES [DELAY]    sends a pattern, waits, reads to the end
//	resets BYTES            reads nothing, sends a pattern, resets when that has arrived
//	counts                  reads to the end without looking, says how many bytes, closes
//	mute                    reads nothing, never closes
//	keeps TEXT              reads to the end, sends a line, never closes
//	stays TEXT              sends a line, reads nothing, never closes
//	talks GAP COUNT         reads to the end, then sends numbered lines, never closes
//	closes                  closes at once
//	aborts                  resets at once
//	drips                   sends a byte a second, for ever
//	half TEXT               sends a line, ends its side, reads to the end
//	slow DELAY              reads to the end, waits, closes
//	line TEXT               reads a line, answers with a line, closes at our end
//	clings TEXT             reads a line, answers with a line, never closes
//	waits-line              reads until a line is "bye", closes
//	endless TEXT            sends lines, the first of them once, until we hang up
//	tls1.0, tls1.1          speaks no other version of TLS
func Behaviour(args []string) (func(*Visit), error) {
	kind, rest := args[0], args[1:]
	arg := strings.Join(rest, " ")
	switch kind {
	case "echo":
		return func(v *Visit) { io.Copy(v, v.Reader()) }, nil
	case "says":
		return func(v *Visit) { io.WriteString(v, arg+"\n") }, nil
	case "mute":
		return func(v *Visit) { <-v.Over }, nil
	case "counts":
		return (*Visit).count, nil
	case "closes":
		return func(*Visit) {}, nil
	case "aborts":
		return (*Visit).abort, nil
	case "corrupt":
		return (*Visit).corrupt, nil
	case "clings":
		return func(v *Visit) { v.answerLine(arg); <-v.Over }, nil
	case "keeps":
		return func(v *Visit) { v.readAll(); io.WriteString(v, arg+"\n"); <-v.Over }, nil
	case "half":
		return func(v *Visit) { io.WriteString(v, arg+"\n"); v.halfClose(); v.readAll() }, nil
	case "line":
		return func(v *Visit) { io.Copy(io.Discard, v.answerLine(arg)) }, nil
	case "waits-line":
		return (*Visit).untilBye, nil
	case "drips":
		return (*Visit).drip, nil
	case "stays":
		return func(v *Visit) { io.WriteString(v, arg+"\n"); <-v.Over }, nil
	case "endless":
		return func(v *Visit) { v.sendLines(arg) }, nil
	case "tls1.0":
		return func(v *Visit) { v.shakeHands(tls.VersionTLS10) }, nil
	case "tls1.1":
		return func(v *Visit) { v.shakeHands(tls.VersionTLS11) }, nil
	}
	return measured(kind, rest)
}

// measured are the behaviours with numbers.
func measured(kind string, args []string) (func(*Visit), error) {
	if kind == "answers" && len(args) == 0 {
		args = []string{"0s"}
	}
	if len(args) == 0 {
		return nil, fmt.Errorf("peer %s: unknown, or needs an argument", kind)
	}
	n, errN := Number(args[0])
	var text []byte // made before anybody connects
	if kind == "sends" || kind == "greets" || kind == "resets" {
		text = Pattern(n)
	}
	d, errD := time.ParseDuration(args[0])
	line := strings.Join(args[1:], " ")
	switch {
	case kind == "sends" && errN == nil:
		return func(v *Visit) { v.Write(text) }, nil
	case kind == "greets" && errN == nil:
		wait, err := time.ParseDuration(cmp.Or(line, "0s"))
		return func(v *Visit) { v.Write(text); v.pause(wait); v.readAll() }, err
	case kind == "resets" && errN == nil:
		return func(v *Visit) { v.reset(text) }, nil
	case kind == "answers" && errD == nil:
		return func(v *Visit) {
			v.readAll()
			v.pause(d)
			fmt.Fprintln(v, cmp.Or(line, fmt.Sprintf("%d bytes", v.Got.Len())))
		}, nil
	case kind == "hangs-up" && errD == nil:
		return func(v *Visit) { v.hangUp(d, cmp.Or(line, "still here")) }, nil
	case kind == "slow" && errD == nil:
		return func(v *Visit) { v.readAll(); v.pause(d) }, nil
	case kind == "talks" && errD == nil && len(args) == 2:
		count, err := strconv.Atoi(args[1])
		return func(v *Visit) { v.talk(d, count) }, err
	}
	return nil, fmt.Errorf("peer %s %v: unknown kind", kind, args)
}

// Number parses bytes with an optional k, M or G.
func Number(s string) (int, error) {
	shift := 0
	switch {
	case strings.HasSuffix(s, "k"):
		shift = 10
	case strings.HasSuffix(s, "M"):
		shift = 20
	case strings.HasSuffix(s, "G"):
		shift = 30
	}
	n, err := strconv.Atoi(strings.TrimRight(s, "kMG"))
	return n << shift, err
}

// Pattern is n bytes in which every position can be told from its neighbours.
func Pattern(n int) []byte {
	b := make([]byte, 0, n+16)
	for i := 0; len(b) < n; i++ {
		b = fmt.Appendf(b, "%d\n", i)
	}
	return b[:n]
}
