package tcprules

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"nettool/internal/cdb"
)

// peer is IP, host and info, each "-" if it is not known.
func peer(text string) Peer {
	var all [3]*string
	for i, word := range strings.Split(text, " ") {
		if word != "-" {
			all[i] = &word
		}
	}
	return Peer{all[0], all[1], all[2]}
}

// TestPeerAddresses has what tcprulescheck looks for.
func TestPeerAddresses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1.22.3.4 - -":      "1.22.3.4|1.22.3.|1.22.|1.|",
		"1.2.3.4 h.x.y -":   "1.2.3.4|=h.x.y|1.2.3.|1.2.|1.|=.x.y|=.y|=|",
		"1.2.3.4 h.x.y joe": "joe@1.2.3.4|joe@=h.x.y|1.2.3.4|=h.x.y|1.2.3.|1.2.|1.|=.x.y|=.y|=|",
		"- - joe":           "",
		"- h joe":           "joe@=h|=h|=|",
		"... .. -":          "...|=..|..|.|=.|=|",
		"1.2. .x.y. -":      "1.2.|=.x.y.|1.|=.y.|=.|=|",
		"  ":                "@|@=||=|=|",
		"2001:db8::1 - -":   "2001:db8::1|",
	} {
		if got := strings.Join(slices.Collect(peer(text).Addresses()), "|"); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func compiled(t *testing.T, rules string) *cdb.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cdb")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := Compile(file, strings.NewReader(rules)); err != nil {
		t.Fatal(err)
	}
	db, err := cdb.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestFind(t *testing.T) {
	t.Parallel()
	db := compiled(t, "# 1.:deny\nno rule\njoe@1.2.3.4:allow,A=/1/\n1.2.3.:deny \t\n=.x.y:allow\n5:allow,A=/\x00/\n")
	for text, want := range map[string]string{
		"1.2.3.4 - joe":   "joe@1.2.3.4 false [A=1]",
		"1.2.3.4 - -":     "1.2.3. true []",
		"9.9.9.9 h.x.y -": "=.x.y false []",
		"9.9.9.9 - -":     "none",
	} {
		address, rule, found, err := Find(db, peer(text))
		got := "none"
		if found {
			got = address + " " + map[bool]string{true: "true", false: "false"}[rule.Deny] + " [" + strings.Join(rule.Env, " ") + "]"
		}
		if got != want || err != nil {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
	if _, _, _, err := Find(compiledRecord(t, "", "D"), peer("1 - -")); !errors.Is(err, errRecord) {
		t.Errorf("a cut record: %v", err)
	}
}

func compiledRecord(t *testing.T, key, value string) *cdb.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cdb")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	m, err := cdb.NewMaker(file)
	if err = errors.Join(err, m.Add([]byte(key), []byte(value)), m.Finish()); err != nil {
		t.Fatal(err)
	}
	db, err := cdb.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
