package applets_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// installer runs scripts/install.sh of a copy of the tree.
type installer struct {
	t    *testing.T
	tree string
	dir  string // what is installed goes below it
}

// shell runs a line in the folder, and returns what it prints. It must succeed.
func (in *installer) shell(line string) string {
	in.t.Helper()
	cmd := exec.CommandContext(in.t.Context(), "sh", "-c", line)
	cmd.Dir = in.dir
	cmd.Env = append(os.Environ(), "TREE="+in.tree, "HOME="+in.dir, "GOFLAGS="+goEnv(in.t, "GOFLAGS"),
		"GOCACHE="+goEnv(in.t, "GOCACHE"), "GOMODCACHE="+goEnv(in.t, "GOMODCACHE"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		in.t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

// wants runs a line and looks for a regular expression in what it prints, or, behind "!",
// expects that it is not there.
func (in *installer) wants(line, want string) {
	in.t.Helper()
	got := in.shell(line)
	pattern, absent := strings.CutPrefix(want, "!")
	if regexp.MustCompile("(?m)"+pattern).MatchString(got) == absent {
		in.t.Errorf("%s printed\n%swant %s", line, got, want)
	}
}

// newInstaller makes a repository of what a build takes, with a tag.
func newInstaller(t *testing.T) *installer {
	t.Helper()
	for _, tool := range []string{"git", "go"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s", tool)
		}
	}
	tree, err := os.MkdirTemp("/tmp", "nettool-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(tree) })
	in := &installer{t, tree, t.TempDir()}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum", "main.go", "applets", "internal", "scripts"} {
		if err := copyTree(filepath.Join(root, name), filepath.Join(tree, name)); err != nil {
			t.Fatal(err)
		}
	}
	in.shell(`cd $TREE && git init -q . && git add . && git -c user.name=x -c user.email=x@y commit -q -m all && git tag v1.2.3`)
	return in
}

// copyTree copies a file, or a folder without its testdata.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := to + strings.TrimPrefix(path, from)
		switch {
		case entry.IsDir() && entry.Name() == "testdata":
			return fs.SkipDir
		case entry.IsDir():
			return os.MkdirAll(target, 0o755)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o644)
	})
}

// TestInstall: what install.sh puts where, with which mode, and what it says that this is.
// There are few builds in it: they take their time.
func TestInstall(t *testing.T) {
	t.Parallel()
	in := newInstaller(t)
	// A strict umask is the installer's own.
	in.wants(`umask 077 && sh $TREE/scripts/install.sh $PWD/strict/bin`, `^to call it by its name: export PATH="`+in.dir+`/strict/bin:\$PATH"$`)
	in.wants(`stat -c '%a' strict/bin strict/bin/nettool | sort -u`, `\A755\n\z`)
	in.wants(`strict/bin/tcpprobe --version`, `^nettool 1\.2\.3$`)
	// It is what it says: one file, that needs no other.
	in.wants(`ldd strict/bin/nettool 2>&1 || true`, `not a dynamic executable`)
	in.wants(`sh $TREE/scripts/install.sh one two 2>&1; echo exit $?`, `^exit 2$`)
	in.wants(`sh $TREE/scripts/install.sh --unit 2>&1; echo exit $?`, `^exit 2$`)
	// What Go has built by itself says the same.
	in.shell(`cd $TREE && CGO_ENABLED=0 go build -buildvcs=true -trimpath -o $HOME/plain .`)
	in.wants(`./plain --version`, `^nettool 1\.2\.3$`)
	// Another tool of such a name is kept, and nothing is built.
	in.shell(`mkdir taken && echo theirs >taken/nc`)
	in.wants(`sh $TREE/scripts/install.sh --compat $PWD/taken 2>&1; echo exit $?; ls taken`, `\Ainstall: .*/taken/nc is somebody else's: .*\nexit 1\nnc\n\z`)
	// A prefix, below a folder for a package, of a commit after the tag, in somebody else's
	// tree.
	in.shell(`cd $TREE && git -c user.name=x -c user.email=x@y commit -q --allow-empty -m more`)
	if os.Geteuid() == 0 {
		in.shell(`chown -R 65534 $TREE`)
	}
	in.wants(`DESTDIR=$PWD/stage sh $TREE/scripts/install.sh --prefix /opt/nettool --compat --unit`, `!PATH`)
	in.wants(`stage/opt/nettool/bin/nettool --version`, `^nettool 1\.2\.3-1-g[0-9a-f]+$`)
	in.wants(`ls stage/opt/nettool/bin`, `(?s)nc\n.*nettool\n.*tcpserve\ntcpserver\n`)
	in.wants(`cat stage/opt/nettool/lib/systemd/system/nettool-serve@.service`, `^ExecStart=/opt/nettool/bin/nettool serve `)
	in.wants(`ls stage/opt/nettool/lib/systemd/system`, `^nettool-serve@.socket$`)
	in.wants(`find stage/opt/nettool/share -type f | sort`, `(?s)bash-completion/completions/tcpserve\n.*fish/vendor_completions.d/tcpprobe.fish\n.*man/man1/tcpprobe-wait.1\n.*zsh/site-functions/_nettool\n`)
	in.wants(`head -3 stage/opt/nettool/share/man/man1/nettool.1`, `1\.2\.3`)
	in.wants(`stage/opt/nettool/bin/tcpserver 2>&1 || true`, `^tcpserver: usage: tcpserver `)
	// What others have put there stays.
	in.shell(`ln -sf /elsewhere/nc stage/opt/nettool/bin/nc && DESTDIR=$PWD/stage sh $TREE/scripts/install.sh --prefix /opt/nettool --uninstall`)
	in.wants(`find stage -type f -o -type l`, `\Astage/opt/nettool/bin/nc\n\z`)
}
