// Package transfer sends files over a connection, and takes them: the protocol
// NETTOOL/1.
//
// Lines end with LF. Who sends (Sender) and who receives (Receiver) says what:
//
//	→ NETTOOL/1 put SIZE NAME [now] [plain] [exec] [mtime=SECONDS]
//	← go OFFSET SHA256             of the first OFFSET bytes, which are there already
//	→ from OFFSET                  or from 0, when those are others
//	→ SIZE − OFFSET bytes
//	→ sum SHA256                   of all of them
//	← ok SIZE SHA256 NAME          it is finished, under this name
//	→ NETTOOL/1 skip NAME REASON   what is not sent, though it was to be
//	→ NETTOOL/1 end FILES
//	← done FILES                   and they are on the disk
//
// Instead of go and ok there can be "no REASON", and instead of ok "differs SHA256".
// With now, the bytes follow at once: no go is waited for, nor sent. With plain there
// are no sums, and "-" stands for them. Several files follow each other; answers come
// in the order of what they answer. Names, and the reason of skip, are
// percent-encoded (RFC 3986).
//
// Who wants files says "NETTOOL/1 get NAME…" first, or no name for all there are,
// and is the receiver from then on.
package transfer

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Magic is how a connection begins that speaks the protocol.
const Magic = "NETTOOL/1 "

// longestLine is the most bytes of a line, its end included.
const longestLine = 16 << 10

// Sum is a SHA-256, or of no use: Plain.
type Sum struct {
	of    [32]byte
	known bool
}

// String is the sum in hexadecimal digits, or "-".
func (s Sum) String() string {
	if !s.known {
		return "-"
	}
	return hex.EncodeToString(s.of[:])
}

// line is one line of the protocol, without its end.
type line interface {
	// append appends the line's text.
	append(b []byte) []byte
}

type (
	// put announces a file.
	put struct {
		size  int64
		name  string
		now   bool // its bytes follow without a go
		plain bool // without sums
		exec  bool // it can be executed
		mtime time.Time
	}
	// skip tells of a file that is not sent.
	skip struct{ name, reason string }
	// end tells that there are no more files.
	end struct{ files int }
	// get asks for files.
	get struct{ names []string }
	// from says where the bytes begin.
	from struct{ offset int64 }
	// sum is that of the bytes that have been sent.
	sum struct{ sum Sum }

	// goOn lets the sender begin.
	goOn struct {
		offset int64
		sum    Sum
	}
	// ok is the receipt of a file.
	ok struct {
		size int64
		sum  Sum
		name string
	}
	// no refuses a file.
	no struct{ reason string }
	// differs is the sum of bytes that have arrived as others than were sent.
	differs struct{ sum Sum }
	// done is the receipt of all files.
	done struct{ files int }
)

func (l put) append(b []byte) []byte {
	b = fmt.Appendf(b, "%sput %d %s", Magic, l.size, encode(l.name))
	for _, a := range []struct {
		word  string
		given bool
	}{{" now", l.now}, {" plain", l.plain}, {" exec", l.exec}} {
		if a.given {
			b = append(b, a.word...)
		}
	}
	if !l.mtime.IsZero() {
		b = fmt.Appendf(b, " mtime=%d.%09d", l.mtime.Unix(), l.mtime.Nanosecond())
	}
	return b
}

func (l skip) append(b []byte) []byte {
	return fmt.Appendf(b, "%sskip %s %s", Magic, encode(l.name), encode(l.reason))
}

func (l end) append(b []byte) []byte { return fmt.Appendf(b, "%send %d", Magic, l.files) }

func (l get) append(b []byte) []byte {
	b = append(b, Magic+"get"...)
	for _, name := range l.names {
		b = append(append(b, ' '), encode(name)...)
	}
	return b
}

func (l from) append(b []byte) []byte { return fmt.Appendf(b, "from %d", l.offset) }
func (l sum) append(b []byte) []byte  { return fmt.Appendf(b, "sum %v", l.sum) }
func (l goOn) append(b []byte) []byte { return fmt.Appendf(b, "go %d %v", l.offset, l.sum) }
func (l ok) append(b []byte) []byte {
	return fmt.Appendf(b, "ok %d %v %s", l.size, l.sum, encode(l.name))
}

func (l no) append(b []byte) []byte      { return append(append(b, "no "...), oneLine(l.reason)...) }
func (l differs) append(b []byte) []byte { return fmt.Appendf(b, "differs %v", l.sum) }
func (l done) append(b []byte) []byte    { return fmt.Appendf(b, "done %d", l.files) }

// parse reads one line, without its end. Nothing in it is trusted.
func parse(text string) (line, error) {
	of := fields{rest: text}
	if after, magic := strings.CutPrefix(text, Magic); magic {
		of.rest = after
		return of.ask(of.word())
	}
	return of.answer(of.word())
}

// ask parses what begins with the magic.
func (f *fields) ask(word string) (line, error) {
	switch word {
	case "put":
		l := put{size: f.size(), name: f.name()}
		f.attributes(&l)
		return f.whole(l)
	case "skip":
		return f.whole(skip{name: f.text(), reason: f.text()})
	case "end":
		return f.whole(end{files: f.count()})
	case "get":
		var l get
		for f.rest != "" {
			l.names = append(l.names, f.name())
		}
		return f.whole(l)
	}
	return nil, fmt.Errorf("there is no line %q", clip(Magic+word))
}

// answer parses all the others.
func (f *fields) answer(word string) (line, error) {
	switch word {
	case "from":
		return f.whole(from{offset: f.size()})
	case "sum":
		return f.whole(sum{sum: f.sum()})
	case "go":
		return f.whole(goOn{offset: f.size(), sum: f.sum()})
	case "ok":
		return f.whole(ok{size: f.size(), sum: f.sum(), name: f.name()})
	case "no":
		reason := f.rest
		f.rest = ""
		return f.whole(no{reason: reason})
	case "differs":
		return f.whole(differs{sum: f.sum()})
	case "done":
		return f.whole(done{files: f.count()})
	}
	return nil, fmt.Errorf("there is no line %q", clip(word))
}

// fields takes words off the front of a line. The first error stays.
type fields struct {
	rest string
	err  error
}

// whole is a line of which nothing is left over.
func (f *fields) whole(l line) (line, error) {
	if f.rest != "" {
		f.fail("%q is left over", clip(f.rest))
	}
	if f.err != nil {
		return nil, f.err
	}
	return l, nil
}

func (f *fields) fail(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf(format, args...)
	}
}

func (f *fields) word() string {
	word, rest, _ := strings.Cut(f.rest, " ")
	f.rest = rest
	return word
}

func (f *fields) number(most int64) int64 {
	word := f.word()
	n, err := strconv.ParseUint(word, 10, 63)
	if err != nil || n > uint64(most) || word[0] == '0' && word != "0" {
		f.fail("%q: want a number from 0 to %d", clip(word), most)
		return 0
	}
	return int64(n)
}

func (f *fields) size() int64 { return f.number(math.MaxInt64) }
func (f *fields) count() int  { return int(f.number(math.MaxInt32)) }

func (f *fields) sum() (s Sum) {
	word := f.word()
	if word == "-" {
		return s
	}
	b, err := hex.DecodeString(word)
	if err != nil || len(b) != len(s.of) || strings.ToLower(word) != word {
		f.fail("%q: want a SHA-256 in small hexadecimal digits, or -", clip(word))
		return s
	}
	copy(s.of[:], b)
	s.known = true
	return s
}

func (f *fields) text() string {
	text, err := decode(f.word())
	if err != nil {
		f.fail("%w", err)
	}
	return text
}

// name is a text that can be a name.
func (f *fields) name() string {
	name := f.text()
	if f.err == nil {
		if err := CheckName(name); err != nil {
			f.fail("%w", err)
		}
	}
	return name
}

// attributes are the words after a name.
func (f *fields) attributes(l *put) {
	for f.rest != "" && f.err == nil {
		word := f.word()
		key, value, _ := strings.Cut(word, "=")
		switch {
		case word == "now" && !l.now:
			l.now = true
		case word == "plain" && !l.plain:
			l.plain = true
		case word == "exec" && !l.exec:
			l.exec = true
		case key == "mtime" && l.mtime.IsZero():
			l.mtime = f.time(value)
		default:
			f.fail("%q: there is no such attribute, or it was given before", clip(word))
		}
	}
}

// latest bounds times: they must fit in what file systems have.
const latest = 1 << 34

// time is a number of seconds since 1970, with nine digits after the point.
func (f *fields) time(text string) time.Time {
	whole, part, _ := strings.Cut(text, ".")
	sec, err1 := strconv.ParseInt(whole, 10, 64)
	nano, err2 := strconv.ParseUint(part, 10, 32)
	if err := errors.Join(err1, err2); err != nil || len(part) != 9 || sec < -latest || sec > latest {
		f.fail("mtime=%s: want seconds since 1970 with nine digits after the point", clip(text))
		return time.Time{}
	}
	return time.Unix(sec, int64(nano))
}

// clip is enough of a text to see what is meant.
func clip(text string) string {
	const most = 80
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

// oneLine is a text without line ends, and no longer than a line may be.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text[:min(len(text), longestReason)])
}

// longestReason bounds the text of no and skip.
const longestReason = 1 << 10
