package roff

import (
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// hostile are texts that a formatter would like to take for something else.
func hostile() []string {
	return []string{
		"", ".", ".TH x", "..", "'", "'br", `\`, `\n`, `\\`, `\fBbold`, `\*[x]`, `.\" comment`, `"quoted"`, "-", "--flag", "-40 to 39",
		"^C and ~ and `x`", `'^220'`, "a. B", "…", "→ ←", "é ü 日本", "a\tb", "\x00\x1b[31m", "\xff", "%", `\%x`, "#", `\r \n \t \0 \\ \xNN`, "word .TH word 'br",
	}
}

func TestEscape(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want string }{
		{"--max-conns", `\-\-max\-conns`},
		{`a\nb`, `a\(rsnb`},
		{`'it' "is"`, `\(aqit\(aq \(dqis\(dq`},
		{"^C ~ `", `\(haC \(ti \(ga`},
		{"CIDR,…", `CIDR,\[u2026]`},
		{"\x1b\xff", `\[uFFFD]\[uFFFD]`},
	} {
		if got := Escape(test.text); got != test.want {
			t.Errorf("Escape(%q) = %s, want %s", test.text, got, test.want)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want string }{
		{"", "\\&\n"},
		{".TH x", "\\&.TH x\n"},
		{"One. Two (three.) Four e.g. five", "One.\nTwo (three.)\nFour e.g. five\n"},
		{strings.Repeat("a ", 37) + "bb .cc", strings.TrimSpace(strings.Repeat("a ", 37)) + " bb\n\\&.cc\n"},
		{Bold("--a-b") + " x", `\%\fB\-\-a\-b\fR x` + "\n"},
	} {
		w := &Writer{}
		w.Text(test.text)
		if w.String() != test.want {
			t.Errorf("Text(%q) = %q, want %q", test.text, w.String(), test.want)
		}
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text  string
		names []string
		want  string
	}{
		{"see --send, --[no-]x and tcp(7)", nil, `see \fB\-\-send\fR, \fB\-\-[no\-]x\fR and \fBtcp\fR(7)`},
		{"After DUR, not DURATION", []string{"DUR"}, `After \fIDUR\fR, not DURATION`},
	} {
		if got := Help(test.text, test.names...); got != test.want {
			t.Errorf("Help(%q) = %s, want %s", test.text, got, test.want)
		}
	}
	if got, want := Markup("`-x` *FILE* --y 2 * 3"), `\fB\-x\fR \fIFILE\fR \fB\-\-y\fR 2 * 3`; got != want {
		t.Errorf("Markup = %s, want %s", got, want)
	}
}

// FuzzText holds every line of text against what a formatter takes for a request,
// and the words against what they were.
func FuzzText(f *testing.F) {
	for _, text := range hostile() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w := &Writer{}
		w.Text(Escape(text))
		for line := range strings.Lines(w.String()) {
			if line[0] == '.' || line[0] == '\'' || len(line) == 1 {
				t.Errorf("%q is a request or empty: %q", text, line)
			}
		}
		if got, want := unescape(w.String()), shown(text); got != want {
			t.Errorf("%q reads %q, want %q", text, got, want)
		}
		_ = Help(text, text)
		_ = Markup(text)
	})
}

// FuzzExample is FuzzText for lines that stand as they are.
func FuzzExample(f *testing.F) {
	for _, text := range hostile() {
		f.Add(text + "\n" + text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		w := &Writer{}
		w.Example(text)
		for line := range strings.Lines(w.String()) {
			switch line {
			case ".PP\n", ".RS 4\n", ".EX\n", ".EE\n", ".RE\n":
			default:
				if line[0] == '.' || line[0] == '\'' || len(line) == 1 {
					t.Errorf("%q is a request or empty: %q", text, line)
				}
			}
		}
	})
}

// shown are the words of a text, with U+FFFD for what cannot be shown.
func shown(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' })
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.Join(words, " "))
}

// unescape reads what Escape writes, by another way.
func unescape(source string) string {
	source = strings.Join(strings.Fields(source), " ")
	return regexp.MustCompile(`\\(?:\((..)|\[u([0-9A-F]+)\]|(.))`).ReplaceAllStringFunc(source, func(s string) string {
		switch s {
		case `\&`:
			return ""
		case `\-`:
			return "-"
		}
		if code, ok := strings.CutPrefix(s, `\[u`); ok {
			n, _ := strconv.ParseInt(strings.TrimSuffix(code, "]"), 16, 32)
			return string(rune(n))
		}
		return map[string]string{`\(rs`: `\`, `\(aq`: "'", `\(ga`: "`", `\(ha`: "^", `\(ti`: "~", `\(dq`: `"`}[s]
	})
}

// TestRendered has groff and mandoc show the texts: they are what they were.
func TestRendered(t *testing.T) {
	t.Parallel()
	for _, formatter := range [][]string{{"groff", "-man", "-Tutf8", "-ww", "-P-cbou"}, {"mandoc", "-man", "-Tutf8"}} {
		if _, err := exec.LookPath(formatter[0]); err != nil {
			t.Logf("no %s: left out", formatter[0])
			continue
		}
		w := &Writer{}
		w.b.WriteString(".TH X 1 2026-12-01\n.SH X\n")
		var want []string
		for _, text := range hostile() {
			if shown(text) != "" {
				w.Paragraph()
				w.Text(Escape(text))
				want = append(want, strings.Fields(shown(text))...)
			}
		}
		cmd := exec.CommandContext(t.Context(), formatter[0], formatter[1:]...)
		cmd.Stdin = strings.NewReader(w.String())
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", formatter, err, out)
		}
		plain := regexp.MustCompile(".\x08").ReplaceAllString(string(out), "")
		if got := strings.Join(strings.Fields(plain), " "); !strings.Contains(got, strings.Join(want, " ")) {
			t.Errorf("%s shows\n%s\nwant\n%s", formatter[0], got, strings.Join(want, " "))
		}
	}
}
