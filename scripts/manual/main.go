// Manual writes the manual pages and the completions of nettool, tcpserve, tcpconnect
// and tcpprobe, from the model that --help is printed from. The binary knows nothing of it.
//
//	go run ./scripts/manual DIR
//
// at the top of the source tree writes below DIR, which is what $PREFIX/share is:
//
//	man/man1/*.1
//	bash-completion/completions/…
//	zsh/site-functions/_nettool
//	fish/vendor_completions.d/*.fish
//
// SOURCE_DATE_EPOCH in the environment is the date of the pages, in seconds of Unix time.
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"nettool/applets"
	"nettool/scripts/manual/completion"
	"nettool/scripts/manual/reference"
)

func main() {
	if len(os.Args) != 2 || strings.HasPrefix(os.Args[1], "-") {
		fmt.Fprintln(os.Stderr, "usage: go run ./scripts/manual DIR")
		os.Exit(2)
	}
	if err := write(os.DirFS("."), os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "manual: error: %v\n", err)
		os.Exit(1)
	}
}

// write makes all files below dir; top is the top of the source tree.
func write(top fs.FS, dir string) error {
	files, err := files(top)
	if err != nil {
		return err
	}
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// files are all that is written, by their names below the directory.
func files(top fs.FS) (map[string]string, error) {
	programs, err := reference.Programs()
	if err != nil {
		return nil, err
	}
	text, err := reference.ReadTexts(top)
	if err != nil {
		return nil, err
	}
	date, err := day(os.Getenv("SOURCE_DATE_EPOCH"))
	if err != nil {
		return nil, err
	}
	all := reference.All(programs)
	b := &book{version: applets.Version(), date: date, text: text}
	for _, c := range all {
		b.pages = append(b.pages, c.Page())
	}
	files := completion.Files(programs)
	for _, c := range all {
		files["man/"+fileName(c.Page())] = b.page(c)
	}
	return files, nil
}

// day is a Unix time's, or today.
func day(epoch string) (time.Time, error) {
	if epoch == "" {
		return time.Now().UTC(), nil
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("read SOURCE_DATE_EPOCH: %w", err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
