package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// texts are those of a picture, which must be well-formed.
func texts(t *testing.T, picture string) (all []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(picture))
	inText := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			inText = token.Name.Local == "text"
		case xml.CharData:
			if inText {
				all = append(all, string(token))
			}
		case xml.EndElement:
			inText = false
		}
	}
}

// TestRecord has a shell do things, and finds them in the picture; what it has left
// running ends.
func TestRecord(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	shell := exec.Command("bash", "--norc", "--noprofile", "-i")
	shell.Dir, shell.Env = dir, append(os.Environ(), "PS1="+prompt, "TERM=xterm-256color", "HISTFILE=", "HOME="+dir)
	film, err := record(shell, []step{{command: `printf '<%s>\n' "a & b"`}, {pause: time.Millisecond, command: "sleep 1000 & echo $! >pid"}})
	if err != nil {
		t.Fatal(err)
	}
	picture := draw(film, time.Second)
	all := texts(t, picture)
	for _, want := range []string{"$", `printf '<%s>\n' "a & b"`, "<a & b>", "sleep 1000 & echo $! >pid"} {
		found := false
		for _, text := range all {
			found = found || text == want
		}
		if !found {
			t.Errorf("%q is not in the picture: %q", want, all)
		}
	}
	if film[0].at != 0 || film[len(film)-1].at < 500*time.Millisecond {
		t.Errorf("the film goes from %v to %v", film[0].at, film[len(film)-1].at)
	}
	pid, err := os.ReadFile(dir + "/pid")
	if err != nil {
		t.Fatal(err)
	}
	for late := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		line, err := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/cmdline")
		if err != nil || len(line) == 0 {
			break
		}
		if time.Now().After(late) {
			t.Fatalf("%q goes on", line)
		}
	}
}

// TestPicture: the picture that the README shows is of the scene as it is.
func TestPicture(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("scene.txt")
	if err != nil {
		t.Fatal(err)
	}
	scene, err := parseScene(string(text))
	if err != nil {
		t.Fatal(err)
	}
	picture, err := os.ReadFile("nettool.svg")
	if err != nil {
		t.Fatal(err)
	}
	all := "\n" + strings.Join(texts(t, string(picture)), "\n") + "\n"
	for _, s := range scene {
		if !strings.Contains(all, "\n"+s.command+"\n") {
			t.Errorf("run record.sh: %q is not in the picture", s.command)
		}
	}
}

// TestParseScene reads scenes, good and bad ones.
func TestParseScene(t *testing.T) {
	t.Parallel()
	got, err := parseScene("# a scene\n\necho a\n# pause 300ms\n# why\necho b\n")
	want := []step{{0, "echo a"}, {300 * time.Millisecond, "echo b"}}
	if err != nil || len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%v, %v", got, err)
	}
	for text, want := range map[string]string{"# nothing\n": "no command", "a\n# pause long\nb\n": "line 2", "# pause -1s\na\n": "line 1"} {
		if _, err := parseScene(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
