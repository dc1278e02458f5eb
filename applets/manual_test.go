package applets_test

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"nettool/applets"
	"nettool/scripts/manual/reference"
)

// TestManualExamples runs the examples of the manual pages: the text behind one is what
// it prints. The word behind a block's sh says how: with nothing they are
// run as they are; with server until its port answers; with peer beside a server that
// echoes; with parses they talk to others, and only their flags are looked at.
func TestManualExamples(t *testing.T) {
	t.Parallel()
	bin := shippedNames(t)
	for _, page := range exampleBlocks(t) {
		for i, b := range page.blocks {
			if b.Info == reference.Printed {
				continue
			}
			prints := ""
			if i+1 < len(page.blocks) && page.blocks[i+1].Info == reference.Printed {
				prints = page.blocks[i+1].Text
			}
			run := func(t *testing.T, text string) {
				runBlock(t, bin, shells[0], block{page.name, b.Line, text, prints})
			}
			t.Run(page.name+"/line"+strconv.Itoa(b.Line), func(t *testing.T) {
				t.Parallel()
				parseExample(t, b)
				switch b.Info {
				case "sh":
					run(t, b.Text)
				case "sh server":
					run(t, startServer(b.Text)+stopServer)
				case "sh peer":
					run(t, startServer("tcpserve 7000\n")+b.Text+stopServer)
				case "sh parses":
				default:
					t.Errorf("line %d: nobody knows how to run %q", b.Line, b.Info)
				}
			})
		}
	}
}

const stopServer = "kill $server\n"

// startServer puts the last command of lines into the background, and waits until
// somebody listens on port 7000.
func startServer(lines string) string {
	return strings.TrimSuffix(lines, "\n") + " &\nserver=$!\ntcpprobe wait --quiet 7000\n"
}

type examplePage struct {
	name   string
	blocks []reference.Block
}

func exampleBlocks(t *testing.T) (pages []examplePage) {
	t.Helper()
	text, err := reference.ReadTexts(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	programs, err := reference.Programs()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range reference.All(programs) {
		page := examplePage{name: c.Page()}
		for _, b := range text.Section(c.Page(), "Examples") {
			if b.Code {
				page.blocks = append(page.blocks, b)
			}
		}
		if len(page.blocks) == 0 {
			t.Errorf("%s has no example", c.Page())
		}
		pages = append(pages, page)
	}
	return pages
}

// parseExample looks at the flags of every command of ours. A shell finds the words.
func parseExample(t *testing.T, b reference.Block) {
	t.Helper()
	echoes := ""
	for _, name := range []string{"nettool", "tcpserve", "tcpconnect", "tcpprobe"} {
		echoes += name + `() { printf '%s\0' ` + name + ` "$@" end >&3; }` + "\n"
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", echoes+"cat() { :; }\nkill() { :; }\n{ "+b.Text+"wait; } 3>&1 > /dev/null 2>&1")
	cmd.Dir = t.TempDir()
	out, err := cmd.Output()
	if err != nil {
		t.Logf("line %d: bash: %v", b.Line, err) // its grep or cmp finds nothing
	}
	found := false
	for line := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00end\x00"), "\x00end\x00") {
		argv := strings.Split(line, "\x00")
		found = line != ""
		if err := applets.Parses(argv); err != nil {
			t.Errorf("line %d: %q: %v", b.Line, argv, err)
		}
	}
	if !found {
		t.Errorf("line %d has no command of ours", b.Line)
	}
}
