package applets_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"nettool/internal/zoo"
)

// cmdFileSize checks a file's length: filesize FILE BYTES.
func cmdFileSize(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: filesize FILE BYTES")
	}
	st, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if same := fmt.Sprint(st.Size()) == args[1]; same == neg {
		ts.Fatalf("%s has %d bytes", args[0], st.Size())
	}
}

// cmdFill makes a file of so many bytes, the pattern that peers send:
// fill FILE BYTES.
func cmdFill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fill FILE BYTES")
	}
	n, err := zoo.Number(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), zoo.Pattern(n), 0o644))
}

// cmdWaitFile waits until a file that a process writes matches, COUNT times if that
// is given: waitfile FILE REGEXP [COUNT].
func cmdWaitFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: waitfile FILE REGEXP [COUNT]")
	}
	re, count := regexp.MustCompile("(?m)"+args[1]), 1
	if len(args) > 2 {
		count, _ = strconv.Atoi(args[2])
	}
	var text []byte
	for late := time.Now().Add(patience); time.Now().Before(late); time.Sleep(5 * time.Millisecond) {
		text, _ = os.ReadFile(ts.MkAbs(args[0]))
		if len(re.FindAllIndex(text, count)) >= count {
			return
		}
	}
	ts.Fatalf("no match for %q in %s:\n%s", args[1], args[0], text)
}

// cmdReadPort sets $VAR to the first word of a file: readport FILE VAR.
func cmdReadPort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: readport FILE VAR")
	}
	words := strings.Fields(ts.ReadFile(args[0]))
	if len(words) == 0 {
		ts.Fatalf("%s is empty", args[0])
	}
	ts.Setenv(args[1], words[0])
}

// cmdShipped copies a file that is shipped under scripts/: shipped FILE TO.
func cmdShipped(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: shipped FILE TO")
	}
	from := filepath.Join(sourceDir, "..", "scripts", args[0])
	info, err := os.Stat(from)
	ts.Check(err)
	text, err := os.ReadFile(from)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text, info.Mode()))
}

// cmdPublicDir sets $VAR to a new folder that every user may enter and write to:
// publicdir VAR.
func cmdPublicDir(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: publicdir VAR")
	}
	dir, err := os.MkdirTemp("/tmp", "nettool-test-")
	ts.Check(err)
	ts.Defer(func() { os.RemoveAll(dir) })
	ts.Check(os.Chmod(dir, 0o777))
	ts.Setenv(args[0], dir)
}
