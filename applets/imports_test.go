package applets_test

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	kongPath   = "github.com/alecthomas/kong"
	compatPath = "nettool/applets/compat"
	zooPath    = "nettool/internal/zoo"
)

// importRule forbids some imports to some source files.
type importRule struct {
	name string
	// from reports whether the rule is about a file of package pkg.
	from func(pkg, file string) bool
	// never reports whether such a file must not import what.
	never func(pkg, what string) bool
	why   string
}

func importRules() []importRule {
	return []importRule{
		{
			"main", only("nettool"), func(_, what string) bool {
				return isOurs(what) && what != "nettool/applets" && what != "nettool/applets/child"
			},
			"main is the child check plus one call; what it would need belongs to applets.Main, where a test can call it",
		},
		{
			"applets/X", under("nettool/applets/"), func(pkg, what string) bool {
				return what == "nettool/applets" || (strings.HasPrefix(what, "nettool/applets/") && what != pkg && !strings.HasPrefix(pkg, compatPath))
			},
			"imports point one way, main → applets → applets/X → internal/…; what two applets share belongs to internal",
		},
		{
			"compat translates", func(pkg, _ string) bool { return strings.HasPrefix(pkg, compatPath+"/") }, func(pkg, what string) bool {
				return what == compatPath || strings.HasPrefix(what, compatPath+"/") && what != pkg
			},
			"another tool's command line becomes an applet's flags; what two such tools share belongs to internal",
		},
		{
			"internal knows no applet", under("nettool/internal/"), func(_, what string) bool {
				return what == "nettool/applets" || strings.HasPrefix(what, "nettool/applets/")
			},
			"imports point one way, main → applets → applets/X → internal/…; pass a value or a func down instead",
		},
		{
			"no kong behind the process boundary", anyOf("nettool/internal/handoff", "nettool/internal/handler", "nettool/internal/relay",
				"nettool/internal/socket", "nettool/applets/child"), exactly(kongPath),
			"this code runs in a child for every connection, and a child has no flags: it gets plain values by message",
		},
		{
			"no kong below applets", under("nettool/internal/"), exactly(kongPath),
			"an applet's Run turns flags into plain values; nothing below knows kong",
		},
		{
			"kong stays in the flags", func(pkg, file string) bool {
				return strings.HasPrefix(pkg, "nettool/applets/") && path.Base(file) != "flags.go"
			}, exactly(kongPath),
			"an applet has its flags in flags.go; its action is called with plain values",
		},
		{
			"the zoo is for tests", func(pkg, _ string) bool { return isOurs(pkg) && pkg != zooPath }, exactly(zooPath),
			"its peers misbehave on purpose and stop at nothing; tests and scripts/compare meet them, the product does not",
		},
		{
			"the zoo knows no room", only(zooPath), func(_, what string) bool { return isOurs(what) },
			"every package's tests may import it, so it imports none of them",
		},
		{
			"one package prints", func(pkg, _ string) bool { return isOurs(pkg) && pkg != "nettool/internal/report" },
			func(_, what string) bool { return what == "log" },
			"only internal/report prints diagnostics: it quotes what came from the network and never blocks; give it an event or return an error",
		},
	}
}

func only(want string) func(pkg, file string) bool {
	return func(pkg, _ string) bool { return pkg == want }
}

func anyOf(want ...string) func(pkg, file string) bool {
	return func(pkg, _ string) bool { return slices.Contains(want, pkg) }
}

func under(prefix string) func(pkg, file string) bool {
	return func(pkg, _ string) bool { return strings.HasPrefix(pkg, prefix) }
}

func exactly(want string) func(pkg, what string) bool {
	return func(_, what string) bool { return what == want || strings.HasPrefix(what, want+"/") }
}

// isOurs reports whether pkg is a package of the product: scripts are not.
func isOurs(pkg string) bool {
	return pkg == "nettool" || strings.HasPrefix(pkg, "nettool/") && !strings.HasPrefix(pkg, "nettool/scripts/")
}

// sourceFile is a file of the product, for whatever system, without tests.
type sourceFile struct {
	pkg, name string // the name is relative to the top of the tree
	tree      *ast.File
}

// sourceFiles parses them all: a rule holds for every system's files, which
// go list, run on one system, would not show.
func sourceFiles(t *testing.T, set *token.FileSet) (files []sourceFile) {
	t.Helper()
	err := filepath.WalkDir("..", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "scripts" || entry.Name() == ".git") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		name := filepath.ToSlash(strings.TrimPrefix(file, ".."+string(filepath.Separator)))
		tree, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		files = append(files, sourceFile{path.Join("nettool", path.Dir(name)), name, tree})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestImports keeps the architecture of the folders.
func TestImports(t *testing.T) {
	t.Parallel()
	set := token.NewFileSet()
	for _, file := range sourceFiles(t, set) {
		for _, rule := range importRules() {
			if !rule.from(file.pkg, file.name) {
				continue
			}
			for _, spec := range file.tree.Imports {
				what, _ := strconv.Unquote(spec.Path.Value)
				if rule.never(file.pkg, what) {
					t.Errorf("%s imports %s (rule: %s)\n%s", file.name, what, rule.name, rule.why)
				}
			}
		}
	}
}

// TestOnePackagePrints finds what prints without an import of its own.
func TestOnePackagePrints(t *testing.T) {
	t.Parallel()
	set := token.NewFileSet()
	for _, file := range sourceFiles(t, set) {
		if file.pkg == "nettool/internal/report" {
			continue
		}
		for node := range ast.Preorder(file.tree) {
			if call, ok := node.(*ast.CallExpr); ok && prints(call) {
				t.Errorf("%s: only internal/report prints diagnostics, and standard output carries results through the writer an applet was given",
					set.Position(call.Pos()))
			}
		}
	}
}

// prints reports whether call is print, fmt.Print…, fmt.Fprint…(os.Stderr, …) or
// a use of slog's global logger. (slog's attributes are how events are told.)
func prints(call *ast.CallExpr) bool {
	if name, ok := call.Fun.(*ast.Ident); ok {
		return len(call.Args) > 0 && (name.Name == "print" || name.Name == "println")
	}
	name := selector(call.Fun)
	if strings.HasPrefix(name, "fmt.Fprint") {
		to := selector(call.Args[0])
		return to == "os.Stderr" || to == "os.Stdout"
	}
	switch name {
	case "slog.Debug", "slog.Info", "slog.Warn", "slog.Error", "slog.Log", "slog.Default", "slog.SetDefault", "slog.NewTextHandler", "slog.NewJSONHandler":
		return true
	}
	return strings.HasPrefix(name, "fmt.Print")
}

// selector is "pkg.Name" for such an expression, otherwise empty.
func selector(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok {
		if pkg, ok := s.X.(*ast.Ident); ok {
			return pkg.Name + "." + s.Sel.Name
		}
	}
	return ""
}

// heavy are packages that no start of the binary should pay for, and why.
func heavy(pkg string) string {
	switch pkg {
	case "net/http":
		return "it adds about a millisecond to every child's start; what --admin needs of HTTP is small"
	case "text/template", "html/template":
		return "it keeps the linker from dropping unused methods, so every child maps a larger binary"
	case "testing":
		return "it registers flags at init and is not for the product"
	case "expvar", "net/http/pprof":
		return "it imports net/http"
	case "plugin":
		return "it needs cgo, and the binary is static"
	case "C", "runtime/cgo":
		return "the binary is static, and cgo's threads cost every child memory"
	}
	if strings.HasPrefix(pkg, "google.golang.org/protobuf") {
		return "it registers every message at init"
	}
	return ""
}

// TestNoHeavyPackage looks at everything that is linked into the binary.
func TestNoHeavyPackage(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go", "list", "-deps", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, ".")
	cmd.Dir = ".."
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	importers := map[string]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		for _, imported := range fields[1:] {
			importers[imported] = cmp.Or(importers[imported], fields[0])
		}
	}
	for pkg, importer := range importers {
		if why := heavy(pkg); why != "" {
			t.Errorf("%s is linked into nettool (%s imports it): %s", pkg, importer, why)
		}
	}
}
