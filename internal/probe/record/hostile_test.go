package record

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"nettool/internal/probe/attempt"
)

// TestHostileBanner: what a server says reaches no form raw: control characters, C1,
// such as turn text around, private ones beyond the first plane, and no UTF-8. JSON
// says exactly what it was, CSV escapes.
func TestHostileBanner(t *testing.T) {
	t.Parallel()
	const banner = "220 \x1b[2J\x9b\u009b31m \u202egnp.exe\u2066 \U000e0001 \x00\x07\r\n=cmd \xff\"',é\u2028"
	for _, form := range []string{"text", "json", "csv"} {
		var b bytes.Buffer
		sink := New(&b, form, false)
		sink.Finding(Finding{Kind: "attempt", Result: &attempt.Result{Start: time.Unix(1, 0), Banner: banner, Detail: banner}})
		if err := sink.Close(); err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n") {
			if !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%s, line %d: %q", form, i, line)
			}
		}
		switch form {
		case "json":
			var v struct{ Banner string }
			if err := json.Unmarshal(b.Bytes(), &v); err != nil || v.Banner != strings.ToValidUTF8(banner, "\ufffd") {
				t.Errorf("json: %q, %v", v.Banner, err)
			}
		case "csv":
			rows, err := csv.NewReader(&b).ReadAll()
			if err != nil || len(rows) != 2 || !strings.Contains(rows[1][slices.Index(rows[0], "banner")], `220 \x1b[2J\x9b\u009b31m \u202egnp.exe`) {
				t.Errorf("csv: %q, %v", rows, err)
			}
		}
	}
}

// TestPrintable leaves JSON of printing characters as it is.
func TestPrintable(t *testing.T) {
	t.Parallel()
	const line = `{"a":"é 世界 \"\\ \n","b":[1,null]}`
	if got := string(printable([]byte(line))); got != line {
		t.Errorf("%q became %q", line, got)
	}
}
