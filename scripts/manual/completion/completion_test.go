package completion

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nettool/internal/socket"
	"nettool/scripts/manual/reference"
)

// asked is a command line with the cursor at its end, and what is offered there; with
// ! before it, what is not.
type asked struct {
	line string
	want []string
}

func table() []asked {
	return []asked{
		{"nettool ", []string{"serve", "connect", "probe", "!wait"}},
		{"nettool serve --pri", []string{"--print-port", "!--listen"}},
		{"nettool probe wa", []string{"wait", "!ping"}},
		{"nettool probe wait --dow", []string{"--down"}},
		{"tcpserve --ha", []string{"--handler", "!--listen"}},
		{"tcpserve --handler ", []string{"echo", "receive", "stdio", "!cert.pem"}},
		{"tcpserve --handler=ec", []string{"echo", "!discard"}},
		{"tcpserve ", []string{"udp:", "tls:", "unix:", "unixgram:", "systemd"}},
		{"tcpserve unix:ce", []string{"cert.pem"}},
		{"tcpserve 7000 --lo", []string{"--log"}},
		{"tcpserve -c 5 127.0.0.1:7000 --log ", []string{"text", "json", "ucspi"}},
		{"tcpserve 7000 ca", []string{"cat", "!cert.pem"}},
		{"tcpserve -c 5 7000 -- ca", []string{"cat"}},
		{"tcpserve 7000 cat ce", []string{"cert.pem"}},
		{"tcpserve 7000 cat --lo", []string{"!--log"}},
		{"tcpserve --tls-cert ce", []string{"cert.pem", "!cat"}},
		{"tcpserve --dir ", []string{"folder", "!cert.pem"}},
		{"tcpserve --unshare net,p", []string{"pid", "!uts"}},
		{"tcpserve --interface l", []string{"lo"}},
		{"tcpserve --user ro", []string{"root"}},
		{"tcpconnect ", []string{"tls:", "udp:", "unixgram:", "!systemd"}},
		{"tcpconnect --no-r", []string{"--no-resume"}},
		{"tcpconnect --retry ", []string{"forever"}},
		{"tcpconnect --tls-min ", []string{"1.2", "1.3"}},
		{"tcpconnect 7000 -- ca", []string{"cat"}},
		{"tcpconnect --send-file 7000 ce", []string{"cert.pem"}},
		{"tcpprobe ", []string{"check", "sweep", "icmp:"}},
		{"tcpprobe --nag", []string{"--nagios"}},
		{"tcpprobe -q wait --fo", []string{"--for"}},
		{"tcpprobe ping --req", []string{"--require"}},
		{"tcpprobe --level ", []string{"connect", "stay=", "http"}},
		{"tcpprobe wait 7000 -- ca", []string{"cat"}},
		{"tcpprobe compare ce", []string{"cert.pem"}},
		{"tcpprobe load --pattern ", []string{"crr", "idle"}},
	}
}

// install writes the scripts into a directory, and something to complete.
func install(t *testing.T) string {
	t.Helper()
	programs, err := reference.Programs()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	all := Files(programs)
	all["cert.pem"], all["folder/file"] = "", ""
	for name, text := range all {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// ask has a shell answer, and looks at what it says.
func ask(t *testing.T, dir, input, answers string, argv ...string) {
	t.Helper()
	if _, err := exec.LookPath(argv[0]); err != nil {
		t.Skipf("no %s", argv[0])
	}
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(input)
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir, "TERM=xterm", "LC_ALL=C")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%v: %v\n%s", argv, err, stderr.String())
	}
	if answers != "" {
		if out, err = os.ReadFile(answers); err != nil {
			t.Fatal(err)
		}
	}
	found := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(found) != len(table()) {
		t.Fatalf("%d answers, want %d:\n%s", len(found), len(table()), out)
	}
	for i, a := range table() {
		offered := strings.Split(strings.TrimSuffix(found[i], "\x01"), "\x01")
		compare(t, a, offered[1:])
	}
}

// compare looks for the ends of what is offered: fish offers the whole word, bash what
// is behind the last colon.
func compare(t *testing.T, a asked, offered []string) {
	t.Helper()
	for _, want := range a.want {
		want, not := strings.CutPrefix(want, "!")
		has := slices.ContainsFunc(offered, func(o string) bool {
			o = strings.TrimSuffix(strings.TrimSpace(o), "/")
			return o == want || strings.HasSuffix(o, "="+want) || strings.HasSuffix(o, ","+want) || strings.HasSuffix(o, ":"+want)
		})
		if has == not {
			t.Errorf("%q: %q offered: %v, in %q", a.line, want, has, offered)
		}
	}
}

func TestBash(t *testing.T) {
	t.Parallel()
	dir := install(t)
	script, _ := filepath.Abs("testdata/ask.bash")
	pieces := regexp.MustCompile(`[:=]|[^ :=]+`)
	input := ""
	for _, a := range table() {
		input += a.line + "\x01" + strings.Join(pieces.FindAllString(a.line, -1), "\x01") + "\n"
	}
	ask(t, dir, input, "", "bash", "--norc", script, dir+"/bash-completion/completions/tcpserve")
}

// TestBashList asks as a second Tab does, for the list: flags have their help then.
func TestBashList(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash")
	}
	const list = `source "$1"; COMP_TYPE=63 COLUMNS=60 COMP_CWORD=1 COMP_WORDS=(tcpserve --h) COMP_LINE='tcpserve --h'
_nettool tcpserve; printf '%s\n' "${COMPREPLY[@]}"`
	out, err := exec.CommandContext(t.Context(), "bash", "--norc", "-c", list, "bash", install(t)+"/bash-completion/completions/nettool").CombinedOutput()
	want := "--help                     Show context-sensitive help\n--handler                  Built-in instead of a PROGRAM\n"
	if err != nil || string(out) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out, want)
	}
}

func TestFish(t *testing.T) {
	t.Parallel()
	dir := install(t)
	script, _ := filepath.Abs("testdata/ask.fish")
	input := ""
	for _, a := range table() {
		input += a.line + "\n"
	}
	ask(t, dir, input, "", "fish", "--no-config", script, dir+"/fish/vendor_completions.d/tcpprobe.fish")
}

func TestZsh(t *testing.T) {
	t.Parallel()
	dir := install(t)
	script, _ := filepath.Abs("testdata/ask.zsh")
	answers := filepath.Join(t.TempDir(), "answers")
	argv := []string{"zsh", "-f", script, dir + "/zsh/site-functions", answers}
	for _, a := range table() {
		argv = append(argv, a.line)
	}
	ask(t, dir, "", answers, argv...)
}

// TestKnownValues holds the values that are listed here against the help of their flags,
// and the kinds of addresses against the parser.
func TestKnownValues(t *testing.T) {
	t.Parallel()
	programs, err := reference.Programs()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries(programs) {
		for _, f := range e.flags {
			for _, word := range known(f.Name) {
				if !regexp.MustCompile(`\b` + regexp.QuoteMeta(word)).MatchString(f.Help + " " + f.Value) {
					t.Errorf("%s: the help of --%s does not name %q", e.id, f.Name, word)
				}
			}
		}
	}
	for _, k := range []kind{listen, dial} {
		for _, beginning := range addressKinds(k) {
			rest := map[string]string{"unix:": "/x", "unixgram:": "/x", "fd:": "3", "systemd": ""}
			end, ok := rest[beginning]
			if !ok {
				end = "localhost:7000"
			}
			if _, err := socket.Parse(beginning + end); err != nil {
				t.Errorf("%s: %v", k, err)
			}
		}
	}
}

// TestAllFlags looks for every flag in every script.
func TestAllFlags(t *testing.T) {
	t.Parallel()
	programs, err := reference.Programs()
	if err != nil {
		t.Fatal(err)
	}
	all := Files(programs)
	for _, c := range reference.All(programs) {
		for _, f := range c.Flags() {
			for name, form := range map[string]string{
				"bash-completion/completions/nettool": "\t\t\t--" + f.Name + " '", "zsh/site-functions/_nettool": "--" + f.Name,
				"fish/vendor_completions.d/nettool.fish": "__nettool_offer '" + c.Name + "' '' -l " + f.Name + " ",
			} {
				if !strings.Contains(all[name], form) {
					t.Errorf("%s: %s has no --%s", c.Name, name, f.Name)
				}
			}
		}
	}
}
