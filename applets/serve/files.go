package serve

import (
	"os"
	"path/filepath"
	"time"

	"nettool/internal/exit"
	"nettool/internal/handoff"
	"nettool/internal/program"
	"nettool/internal/server"
)

// The defaults of received files.
const (
	defaultKeepParts = 24 * time.Hour
	defaultOnFileFor = 5 * time.Minute
)

// files says where files go, or come from.
func (c *Cmd) files() (server.Files, error) {
	f := server.Files{
		Files: handoff.Files{
			Most: int64(c.MaxSize), Quota: c.MaxTotalSize > 0, Each: c.Sync,
			Fresh: c.Resume != nil && !*c.Resume, Raw: c.Raw == nil || *c.Raw,
		},
		Total:     int64(c.MaxTotalSize),
		KeepParts: c.KeepParts.Limit(defaultKeepParts),
		OnFileFor: c.OnFileTimeout.Limit(defaultOnFileFor),
	}
	if err := c.checkFiles(); err != nil {
		return f, err
	}
	var err error
	switch {
	case c.Dir != "":
		f.Dir, err = directory(c.Dir)
	case c.File != "":
		f.One = filepath.Base(c.File)
		f.Dir, err = oneFile(c.File)
	}
	if err == nil && c.OnFile != "" {
		f.OnFile, err = program.Find(c.OnFile)
	}
	if err == nil && f.OnFile != "" {
		f.OnFile, err = filepath.Abs(f.OnFile) // it is run in DIR
	}
	return f, err
}

// directory is the full path of one that exists.
func directory(dir string) (string, error) {
	st, err := os.Stat(dir)
	if err != nil {
		return "", exit.Errorf(exit.Usage, "dir: %w", err)
	}
	if !st.IsDir() {
		return "", exit.Errorf(exit.Usage, "dir %q: is no directory", dir)
	}
	return full(dir)
}

// oneFile is the directory of a regular file that exists.
func oneFile(file string) (string, error) {
	st, err := os.Stat(file)
	if err != nil {
		return "", exit.Errorf(exit.Usage, "file: %w", err)
	}
	if !st.Mode().IsRegular() {
		return "", exit.Errorf(exit.Usage, "file %q: is no regular file", file)
	}
	return full(filepath.Dir(file))
}

// full is a path from the root, without links.
func full(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	return path, exit.With(exit.Usage, err)
}

// filesFlags are the flags for received files, and for all, that were given.
func (c *Cmd) filesFlags() (receiving, any []string) {
	for _, f := range []struct {
		name string
		set  bool
		both bool
	}{
		{"--dir", c.Dir != "", true},
		{"--file", c.File != "", true},
		{"--max-size", c.MaxSize != 0, false},
		{"--max-total-size", c.MaxTotalSize != 0, false},
		{"--keep-parts", c.KeepParts != 0, false},
		{"--on-file", c.OnFile != "", false},
		{"--on-file-timeout", c.OnFileTimeout != 0, false},
		{"--sync", c.Sync, false},
		{"--resume", c.Resume != nil, false},
		{"--raw", c.Raw != nil, false},
	} {
		if f.set {
			any = append(any, f.name)
			if !f.both {
				receiving = append(receiving, f.name)
			}
		}
	}
	return receiving, any
}

// checkFiles checks that the flags are for the handler.
func (c *Cmd) checkFiles() error {
	receiving, given := c.filesFlags()
	switch {
	case c.Handler != "receive" && c.Handler != "send":
		if len(given) > 0 {
			return exit.Errorf(exit.Usage, "%s: is for --handler receive or send", given[0])
		}
	case c.Handler == "send" && len(receiving) > 0:
		return exit.Errorf(exit.Usage, "%s: is for --handler receive", receiving[0])
	case c.Handler == "receive" && c.File != "":
		return exit.Errorf(exit.Usage, "--file: is for --handler send; --handler receive needs --dir DIR")
	case c.Handler == "receive" && c.Dir == "":
		return exit.Errorf(exit.Usage, "--handler receive needs --dir DIR")
	case c.Handler == "send" && (c.Dir == "") == (c.File == ""):
		return exit.Errorf(exit.Usage, "--handler send needs --file FILE or --dir DIR")
	case c.OnFile == "" && c.OnFileTimeout != 0:
		return exit.Errorf(exit.Usage, "--on-file-timeout needs --on-file CMD")
	}
	return nil
}
